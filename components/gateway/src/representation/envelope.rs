//! The profile `envelope`: native members in a frame with `data`, `error` and `meta` (B-50,
//! D-53…57, K-1). The native text is copied into the frame.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::value::RawValue;

use super::json::{elements, push_member};
use super::negotiated::Negotiated;
use super::page::{Links, Page, Pagination};
use super::query;
use crate::record::Record;

#[derive(Serialize)]
struct Meta<'a> {
    #[serde(rename = "traceId")]
    trace_id: &'a str,
    request_id: &'a str,
    timestamp: String,
    api_version: Option<String>,
    pagination: Option<&'a Pagination>,
    #[serde(skip_serializing_if = "Option::is_none")]
    count: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    filters_applied: Option<BTreeMap<String, String>>,
}

pub(super) fn body(
    negotiated: &Negotiated<'_>,
    record: &Record,
    native: &RawValue,
    page: &mut Page,
) -> String {
    let items = negotiated.items(native, page);
    let pagination = items.map(|_| page.pagination());
    let version = negotiated.operation.map_or(0, |operation| operation.version);
    let meta = Meta {
        trace_id: &record.trace.trace_id,
        request_id: &record.trace.request_id,
        timestamp: negotiated.timestamp(),
        api_version: (version > 0).then(|| format!("v{version}")),
        pagination: pagination.as_ref(),
        count: items.and_then(elements).map(|items| items.len()),
        filters_applied: items.map(|_| query::filters(negotiated.query())),
    };
    let data = items.unwrap_or(native).get();
    let mut out = String::with_capacity(data.len() + 512);
    out.push_str("{\"data\":");
    out.push_str(data);
    out.push_str(",\"error\":null");
    push_member(&mut out, "meta", &meta);
    if pagination.is_some() {
        push_member(&mut out, "pagination", &pagination);
    }
    out.push_str(",\"included\":[]");
    let links = match items {
        Some(_) => page.links(negotiated.path()),
        None => Links::of_itself(negotiated.path()),
    };
    push_member(&mut out, "links", &links);
    out.push('}');
    out
}
