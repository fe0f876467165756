//! Compiles the operations of this function, and writes what it serves: the document and the
//! pages of `docs/errors/` as HTML.

use std::path::Path;
use std::{env, fs};

use contract::registry::{Code, Row};
use pulldown_cmark::{CowStr, Event, Options, Parser, Tag, html};

/// Where the pages are served.
const FOLDER: &str = "/docs/errors";

fn main() {
    contract::generate("docs");
    contract::write_bundle();
    write_pages();
}

/// Writes the index, and a table of the pages with the spellings of their codes.
fn write_pages() {
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
            "    Page {{ spellings: [{name:?}, {screaming:?}, {specific:?}], html: {page:?} }},\n"
        )
    });
    let rows: String = rows.collect();
    let index = page("README");
    let text = format!("const INDEX: &str = {index:?};\n\nconst PAGES: &[Page] = &[\n{rows}];\n");
    let out = env::var("OUT_DIR").expect("cargo sets OUT_DIR");
    fs::write(Path::new(&out).join("pages.rs"), text).expect("OUT_DIR can be written");
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
