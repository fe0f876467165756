//! The contract of all functions and the pages about errors, served. Routes: see
//! `openapi/docs.yaml`.
//!
//! All of it is what this function was built with: it is part of the artifact, so that it
//! cannot be another version than the artifact.

/// The operations, generated from `openapi/docs.yaml`.
pub mod contract {
    include!(concat!(env!("OUT_DIR"), "/contract.rs"));
}

use contract::Op;
use kit::{Call, Code, Reply, problem};

kit::function!(contract::Op, dispatch);

async fn dispatch(op: Op, call: Call) -> kit::Result {
    match op {
        Op::GetOpenapi | Op::GetApiDocs => Ok(document(BUNDLE, BUNDLE_TAG)),
        Op::GetNativeOpenapi => Ok(document(NATIVE, NATIVE_TAG)),
        Op::ListErrors => Ok(html(INDEX, INDEX_TAG)),
        Op::GetError => error_page(call.path("code")),
    }
}

/// `openapi.json`, without insignificant space.
static BUNDLE: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/openapi.json"));

/// `openapi.native.json`.
static NATIVE: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/openapi.native.json"));

// `INDEX` and `PAGES`, made from `docs/errors/`, and the entity tags of all that is served.
include!(concat!(env!("OUT_DIR"), "/served.rs"));

/// The page about an error code.
struct Page {
    spellings: [&'static str; 3],
    html: &'static str,
    tag: &'static str,
}

/// The page of a code in any spelling: errors link to it by its SCREAMING one (D-63).
fn error_page(code: &str) -> kit::Result {
    let spelled = |page: &&Page| page.spellings.iter().any(|it| it.eq_ignore_ascii_case(code));
    match PAGES.iter().find(spelled) {
        Some(page) => Ok(html(page.html, page.tag)),
        None => Err(problem(
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
