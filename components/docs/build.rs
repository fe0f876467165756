//! Compiles the operations of this function, and writes what it serves: the document and the
//! pages of `docs/errors/` as HTML.

use std::path::Path;
use std::{env, fs};

use protocol::registry::{Code, Row};
use pulldown_cmark::{CowStr, Event, Options, Parser, Tag, html};
use sha2::{Digest, Sha256};

/// Where the pages are served.
const FOLDER: &str = "/docs/errors";

fn main() {
    openapi::generate("docs");
    openapi::write_bundle();
    let out = env::var("OUT_DIR").expect("cargo sets OUT_DIR");
    let tag_of = |file: &str| tag(&fs::read(Path::new(&out).join(file)).expect("just written"));
    let text = format!(
        "const BUNDLE_TAG: &str = {:?};\nconst NATIVE_TAG: &str = {:?};\n\n",
        tag_of("openapi.json"),
        tag_of("openapi.native.json")
    ) + &pages();
    fs::write(Path::new(&out).join("served.rs"), text).expect("OUT_DIR can be written");
}

/// The strong entity tag of a content (RFC 9110 section 8.8.3).
fn tag(content: &[u8]) -> String {
    let digest = Sha256::digest(content);
    format!("\"{}\"", hex::encode(&digest[..16]))
}

/// The index, and a table of the pages with the spellings of their codes.
fn pages() -> String {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/errors");
    println!("cargo::rerun-if-changed={}", source.display());
    println!("cargo::rerun-if-changed=src/page.html");
    let page = |name: &str| {
        let file = source.join(name).with_extension("md");
        let text = fs::read_to_string(&file).unwrap_or_else(|error| {
            panic!("{}: {error}; scripts/bless writes the pages", file.display())
        });
        html(&text)
    };
    let rows = Code::ALL.iter().map(|code| {
        let Row { name, screaming, specific, .. } = code.row();
        let page = page(name);
        format!(
            "    Page {{ spellings: [{name:?}, {screaming:?}, {specific:?}], html: {page:?}, tag: {:?} }},\n",
            tag(page.as_bytes())
        )
    });
    let rows: String = rows.collect();
    let index = page("README");
    let tag = tag(index.as_bytes());
    format!(
        "const INDEX: &str = {index:?};\nconst INDEX_TAG: &str = {tag:?};\n\n\
         const PAGES: &[Page] = &[\n{rows}];\n"
    )
}

/// A whole page; its title is the first line.
fn html(markdown: &str) -> String {
    let title = markdown.lines().find_map(|line| line.strip_prefix("# ")).unwrap_or_default();
    let events = Parser::new_ext(markdown, Options::ENABLE_TABLES);
    // The notice of the generator is a comment, the only HTML in them.
    let events = events.filter(|event| !matches!(event, Event::Html(_))).map(|event| match event {
        Event::Start(Tag::Link { link_type, dest_url, title, id }) => {
            Event::Start(Tag::Link { link_type, dest_url: link(&dest_url), title, id })
        }
        other => other,
    });
    let mut content = String::new();
    html::push_html(&mut content, events);
    include_str!("src/page.html").replace("{title}", title).replace("{content}", &content)
}

/// The served address of a page that another names by its file.
fn link(file: &str) -> CowStr<'static> {
    let name = file.strip_suffix(".md").unwrap_or_default();
    match Code::ALL.iter().find(|code| code.row().name == name) {
        Some(code) => format!("{FOLDER}/{}", code.row().screaming).into(),
        None if name == "README" => FOLDER.into(),
        None => panic!("docs/errors: the link {file} leads to no page"),
    }
}
