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
use kit::{Call, Code, Error, Reply};

kit::function!(contract::Op, dispatch);

async fn dispatch(op: Op, call: Call) -> kit::Result {
    match op {
        Op::GetOpenapi | Op::GetApiDocs => Ok(document(BUNDLE, BUNDLE_TAG)),
        Op::GetNativeOpenapi => Ok(document(NATIVE, NATIVE_TAG)),
        Op::ListErrors => Ok(html(INDEX, INDEX_TAG)),
        Op::GetError => error_page(call.path("code")),
    }
}

/// `openapi.json`, without insignificant white space.
static BUNDLE: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/openapi.json"));

/// `openapi.native.json`.
static NATIVE: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/openapi.native.json"));

// `INDEX` and `PAGES`, made from `docs/errors/`, and the entity tags of everything served here.
include!(concat!(env!("OUT_DIR"), "/served.rs"));

/// The page about an error code.
struct Page {
    spellings: [&'static str; 3],
    html: &'static str,
    tag: &'static str,
}

/// The page of an error code in any spelling. Errors link to it with the SCREAMING spelling (D-63).
fn error_page(code: &str) -> kit::Result {
    let spelled = |page: &&Page| page.spellings.iter().any(|it| it.eq_ignore_ascii_case(code));
    match PAGES.iter().find(spelled) {
        Some(page) => Ok(html(page.html, page.tag)),
        None => Err(Error::new(
            Code::ResourceNotFound,
            "There is no such error code; /docs/errors lists all of them.",
        )),
    }
}

fn document(bytes: &[u8], tag: &str) -> Reply {
    Reply::bytes("application/json; charset=utf-8", bytes).header("etag", tag)
}

fn html(page: &str, tag: &str) -> Reply {
    Reply::bytes("text/html; charset=utf-8", page).header("etag", tag)
}
