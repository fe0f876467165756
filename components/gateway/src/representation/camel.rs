//! The profile `camel`: camelCase members and lower-case enumerated values, in a frame with `data`,
//! `meta`, `pagination` and `links` (E-29…36, E-87…92, K-1, K-6). The names of the frame itself are
//! in snake_case, as their requirement has them: `request_id`, `per_page`.

use protocol::Shape;
use serde::Serialize;
use serde_json::value::RawValue;

use super::json::push_member;
use super::negotiated::Negotiated;
use super::page::{Links, Page};
use super::profile::Profile;
use super::rewrite::Rewriter;
use crate::record::Record;

#[derive(Serialize)]
struct Meta<'a> {
    request_id: &'a str,
    timestamp: String,
}

pub(super) fn body(
    negotiated: &Negotiated<'_>,
    record: &Record,
    shape: &Shape,
    native: &RawValue,
    page: &mut Page,
) -> String {
    let items = negotiated.items(native, page);
    let mut out = String::with_capacity(native.get().len() + 512);
    out.push_str("{\"data\":");
    Rewriter::outbound(shape, Profile::Camel).root(items.unwrap_or(native), &mut out);
    let meta = Meta { request_id: &record.trace.request_id, timestamp: negotiated.timestamp() };
    push_member(&mut out, "meta", &meta);
    if items.is_some() {
        push_member(&mut out, "pagination", &page.numbered(negotiated.query()));
        push_member(&mut out, "links", &links(negotiated, page));
    }
    out.push('}');
    out
}

/// Links are absolute. Their base is never the `Host` header, which a client may have made up
/// (K-27).
fn links(negotiated: &Negotiated<'_>, page: &Page) -> Links {
    let base = negotiated.base;
    let Links(mut links) = page.links(&format!("{base}{}", negotiated.path()));
    links.retain(|(name, _)| matches!(*name, "next" | "prev"));
    links.push(("self", Some(format!("{base}{}", negotiated.target()))));
    links.reverse();
    Links(links)
}
