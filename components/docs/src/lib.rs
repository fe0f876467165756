//! Serves the contract of all functions and the pages about errors. For the routes see
//! `openapi/docs.yaml`.
//!
//! Everything served here is compiled into this function. So it always has the same version as the
//! artifact.

/// The operations, generated from `openapi/docs.yaml`.
pub mod contract {
    include!(concat!(env!("OUT_DIR"), "/contract.rs"));
}

use contract::Op;
use kit::{Call, Code, Error, Internal, Reply};
use miniz_oxide::inflate::decompress_to_vec_with_limit;

kit::function!(contract::Op, dispatch);

async fn dispatch(op: Op, call: Call) -> kit::Result {
    match op {
        Op::GetOpenapi | Op::GetApiDocs => JSON.reply(&BUNDLE),
        Op::GetNativeOpenapi => JSON.reply(&NATIVE),
        Op::ListErrors => HTML.reply(&INDEX),
        Op::GetError => error_page(call.path("code")),
    }
}

// `BUNDLE`, `NATIVE`, and `INDEX` and `PAGES`, which are made from `docs/errors/`.
include!(concat!(env!("OUT_DIR"), "/served.rs"));

/// A content that is served, compressed by the build (RFC 1951).
struct Content {
    deflated: &'static [u8],
    /// Its length before it was compressed.
    size: usize,
    /// Its entity tag.
    tag: &'static str,
}

/// The page about an error code.
struct Page {
    spellings: [&'static str; 3],
    html: Content,
}

/// The page of an error code in any spelling. Errors link to it with the SCREAMING spelling (D-63).
fn error_page(code: &str) -> kit::Result {
    let spelled = |page: &&Page| page.spellings.iter().any(|it| it.eq_ignore_ascii_case(code));
    match PAGES.iter().find(spelled) {
        Some(page) => HTML.reply(&page.html),
        None => Err(Error::new(
            Code::ResourceNotFound,
            "There is no such error code; /docs/errors lists all of them.",
        )),
    }
}

/// A media type.
struct Media(&'static str);

const JSON: Media = Media("application/json; charset=utf-8");
const HTML: Media = Media("text/html; charset=utf-8");

impl Media {
    fn reply(&self, content: &Content) -> kit::Result {
        let bytes = decompress_to_vec_with_limit(content.deflated, content.size).internal()?;
        Ok(Reply::bytes(self.0, bytes).header("etag", content.tag))
    }
}
