//! JSON:API 1.1 answers (D-33, D-37…44): resource objects, related objects in `included`.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use protocol::{Relation, Shape};
use serde_json::value::RawValue;

use super::json::{Members, elements, is_null, push_member, push_name, text};
use super::negotiated::Negotiated;
use super::page::Page;
use super::profile::Profile;
use super::rewrite::Rewriter;
use super::{document, query};

/// Characters that a path segment need not escape (RFC 3986 section 3.3), as far as ids have them.
const SEGMENT: &AsciiSet =
    &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~').remove(b':');

/// Members that are metadata of an object and not attributes (D-39).
const META: [&str; 2] = ["created_by", "version"];

pub(super) fn body(
    negotiated: &Negotiated<'_>,
    shape: &Shape,
    native: &RawValue,
    page: &mut Page,
) -> String {
    let mut out = String::with_capacity(native.get().len() * 2 + 256);
    if shape.collection.is_empty() {
        out.push_str("{\"meta\":");
        out.push_str(native.get());
        out.push('}');
        return out;
    }
    let mut document = Document {
        shape,
        prefix: negotiated.prefix,
        area: negotiated.operation.map_or("", |operation| area(&operation.path, &shape.collection)),
        rewriter: Rewriter::outbound(shape, Profile::JsonApi),
        primary: Vec::new(),
        // If a client has asked for related objects, then the answer has `included`, even if it is
        // empty.
        included: query::value(negotiated.query(), &query::INCLUDE).map(|_| Vec::new()),
    };
    let items = negotiated.items(native, page);
    if document.included.is_some() {
        let native = items.unwrap_or(native);
        let primary = elements(native).unwrap_or_else(|| vec![native]).into_iter();
        document.primary = primary.filter_map(|raw| Members::of(raw)?.get("id").map(id)).collect();
    }
    out.push_str("{\"data\":");
    match elements(items.unwrap_or(native)) {
        Some(items) => {
            out.push('[');
            for (index, item) in items.into_iter().enumerate() {
                if index > 0 {
                    out.push(',');
                }
                document.resource(item, &mut out);
            }
            out.push(']');
        }
        None => document.resource(native, &mut out),
    }
    if items.is_some() {
        let mut links = page.links(negotiated.path());
        links.0.insert(0, ("self", Some(negotiated.target())));
        push_member(&mut out, "links", &links);
        out.push_str(",\"meta\":{");
        push_member(&mut out, "pagination", &page.pagination());
        out.push('}');
    }
    if let Some(included) = document.included {
        let resources: Vec<_> = included.into_iter().map(|(_, resource)| resource).collect();
        out.push_str(",\"included\":[");
        out.push_str(&resources.join(","));
        out.push(']');
    }
    out.push('}');
    out
}

/// The part of an operation's path before the collection. A collection below an object has a path
/// of its own.
fn area<'p>(path: &'p str, collection: &str) -> &'p str {
    let found = path.match_indices(collection).find(|(at, _)| {
        let (before, after) = (&path[..*at], &path[at + collection.len()..]);
        before.ends_with('/') && (after.is_empty() || after.starts_with('/'))
    });
    match found {
        Some((at, _)) if !path[..at].contains('{') => path[..at].trim_end_matches('/'),
        _ => "",
    }
}

struct Document<'a> {
    shape: &'a Shape,
    prefix: &'a str,
    /// The part of paths before the collection: `/auth`, or usually nothing.
    area: &'a str,
    rewriter: Rewriter<'a>,
    /// The ids of the primary data, which is not included a second time.
    primary: Vec<String>,
    /// Related objects by type and id, each only once, in the order of their appearance; `None` as
    /// long as nothing was expanded.
    included: Option<Vec<((String, String), String)>>,
}

impl<'a> Document<'a> {
    fn resource(&mut self, native: &RawValue, out: &mut String) {
        let Some(members) = Members::of(native) else {
            // The shape promises an object. JSON:API has null for a missing one.
            out.push_str("null");
            return;
        };
        let shape = self.shape;
        let id = members.get("id").map(id);
        out.push('{');
        let mut own = None;
        if let Some(id) = &id {
            push_member(out, "id", id);
        }
        if let Some(id) = id.as_ref().filter(|_| shape.is_addressed) {
            let segment = utf8_percent_encode(id, SEGMENT);
            own = Some(format!("{}{}/{}/{segment}", self.prefix, self.area, shape.collection));
        }
        push_member(out, "type", &shape.collection);
        if let Some(own) = &own {
            out.push_str(",\"links\":{");
            push_member(out, "self", own);
            out.push('}');
        }
        out.push_str(",\"attributes\":{");
        for (name, raw) in &members.0 {
            let relation = shape.relations.iter().find(|relation| {
                relation.member == *name || (relation.name == *name && is_expanded(raw))
            });
            if name == "id" || META.contains(&name.as_ref()) || relation.is_some() {
                continue;
            }
            push_name(out, document::attribute(name));
            self.rewriter.member(name, raw, out);
        }
        out.push('}');
        self.relationships(&members, own.as_deref(), out);
        let meta: Vec<_> =
            META.iter().filter_map(|name| Some((name, members.get(name)?))).collect();
        if !meta.is_empty() {
            out.push_str(",\"meta\":{");
            for (name, raw) in meta {
                push_name(out, name);
                out.push_str(raw.get());
            }
            out.push('}');
        }
        out.push('}');
    }

    fn relationships(&mut self, members: &Members<'_>, own: Option<&str>, out: &mut String) {
        let shape: &'a Shape = self.shape;
        let mut opened = false;
        for relation in &shape.relations {
            let expanded = members.get(&relation.name).filter(|raw| is_expanded(raw));
            if let Some(raw) = expanded {
                self.include(relation, raw);
            }
            // If `fields` leaves a relationship out, then it is left out, also of an included
            // object.
            let Some(raw) = members.get(&relation.member) else { continue };
            let ids = elements(raw).unwrap_or_else(|| vec![raw]);
            let ids = ids.into_iter().filter(|raw| !is_null(raw)).map(id);
            if !opened {
                out.push_str(",\"relationships\":{");
                opened = true;
            }
            push_name(out, &relation.name);
            out.push('{');
            if let Some(own) = own {
                out.push_str("\"links\":{");
                push_member(out, "related", &format!("{own}/{}", relation.name));
                out.push('}');
            }
            push_name(out, "data");
            let linkage: Vec<_> = ids.map(|id| linkage(relation, &id)).collect();
            match (relation.many, linkage.first()) {
                (true, _) => {
                    out.push('[');
                    out.push_str(&linkage.join(","));
                    out.push(']');
                }
                (false, Some(one)) => out.push_str(one),
                (false, None) => out.push_str("null"),
            }
            out.push('}');
        }
        if opened {
            out.push('}');
        }
    }

    /// Moves related objects that the function put inline into `included` (K-30).
    fn include(&mut self, relation: &Relation, raw: &RawValue) {
        let included = self.included.get_or_insert_default();
        for raw in elements(raw).unwrap_or_else(|| vec![raw]) {
            let Some(members) = Members::of(raw) else { continue };
            let Some(id) = members.get("id").map(id) else { continue };
            let key = (relation.collection.clone(), id);
            let is_primary = key.0 == self.shape.collection && self.primary.contains(&key.1);
            if is_primary || included.iter().any(|(known, _)| *known == key) {
                continue;
            }
            let mut out = "{".to_owned();
            push_member(&mut out, "id", &key.1);
            push_member(&mut out, "type", &key.0);
            out.push_str(",\"attributes\":{");
            for (name, raw) in members.0.iter().filter(|(name, _)| name != "id") {
                push_name(&mut out, document::attribute(name));
                self.rewriter.member(&format!("{}.{name}", relation.name), raw, &mut out);
            }
            out.push_str("}}");
            included.push((key, out));
        }
    }
}

fn linkage(relation: &Relation, id: &str) -> String {
    let mut out = "{".to_owned();
    push_member(&mut out, "type", &relation.collection);
    push_member(&mut out, "id", id);
    out.push('}');
    out
}

/// Whether the value is related objects (one, none or a list of them), and not ids.
fn is_expanded(raw: &RawValue) -> bool {
    let is_object = |raw: &RawValue| raw.get().starts_with('{');
    match elements(raw) {
        Some(elements) => elements.into_iter().all(is_object),
        None => is_object(raw) || is_null(raw),
    }
}

/// An id as JSON:API has it: always a string.
fn id(raw: &RawValue) -> String {
    text(raw).unwrap_or_else(|| raw.get().to_owned())
}
