//! Compiles the operations of this function, and writes what it serves: the document and the
//! pages of `docs/errors/` as HTML. All of it is compressed, because a function is loaded as a whole:
//! as text it would be three quarters of the function.

use std::path::{Path, PathBuf};
use std::{env, fs};

use miniz_oxide::deflate::compress_to_vec;
use protocol::registry::{Code, Row};
use pulldown_cmark::{CowStr, Event, Options, Parser, Tag, html};
use sha2::{Digest, Sha256};

/// Where the pages are served.
const FOLDER: &str = "/docs/errors";
/// The best compression. It costs time only when the function is built.
const LEVEL: u8 = 10;

fn main() {
    openapi::generate("docs");
    openapi::write_bundle();
    let bundle = fs::read(out("openapi.json")).expect("just written");
    let native = fs::read(out("openapi.native.json")).expect("just written");
    let text = format!(
        "{}\n{}\n{}",
        served("/// `openapi.json`, without insignificant white space.", "BUNDLE", &bundle),
        served("/// `openapi.native.json`.", "NATIVE", &native),
        pages()
    );
    fs::write(out("served.rs"), text).expect("OUT_DIR can be written");
}

/// The path of a file in the folder of what the build makes.
fn out(file: &str) -> PathBuf {
    Path::new(&env::var("OUT_DIR").expect("cargo sets OUT_DIR")).join(file)
}

/// The constant with a content that is served.
fn served(comment: &str, name: &str, content: &[u8]) -> String {
    format!("{comment}\nconst {name}: Content = {};\n", compressed(name, content))
}

/// The value of a constant, whose bytes are written to a file of their own.
fn compressed(name: &str, content: &[u8]) -> String {
    let file = format!("{name}.deflate");
    fs::write(out(&file), compress_to_vec(content, LEVEL)).expect("OUT_DIR can be written");
    format!(
        "Content {{ deflated: include_bytes!(concat!(env!(\"OUT_DIR\"), {:?})), size: {}, tag: {:?} }}",
        format!("/{file}"),
        content.len(),
        tag(content)
    )
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
        let page = compressed(name, page(name).as_bytes());
        format!(
            "    Page {{ spellings: [{name:?}, {screaming:?}, {specific:?}], html: {page} }},\n"
        )
    });
    let rows: String = rows.collect();
    let index = served("/// The list of the errors.", "INDEX", page("README").as_bytes());
    format!("{index}\n/// The pages about the errors.\nconst PAGES: &[Page] = &[\n{rows}];\n")
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
