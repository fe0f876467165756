//! The place of a violation, in the terms of the request's form. A function names members of the
//! native body, but the client looks at the document that it sent.

use std::borrow::Cow;

use serde_json::Value;

use protocol::{Shape, case};

use super::document;
use super::profile::Profile;

/// Converts a JSON Pointer into the native body to one into the body that was sent.
pub(super) fn translate(pointer: &str, sent: Profile, shape: &Shape) -> String {
    match sent {
        Profile::Native | Profile::Envelope => pointer.to_owned(),
        Profile::Camel => camel_segments(pointer, shape)
            .into_iter()
            .fold(String::new(), |path, name| path + "/" + &name),
        Profile::JsonApi => json_api_pointer(pointer, shape),
    }
}

/// The longest beginning of a pointer that leads to an existing value of a document (JSON:API 1.1,
/// "Error Objects"). So the pointer for a missing member leads to the object that lacks it.
pub(super) fn nearest_existing<'a>(pointer: &'a str, document: &Option<Value>) -> &'a str {
    let Some(document) = document else { return pointer };
    let mut pointer = pointer;
    while document.pointer(pointer).is_none()
        && let Some((parent, _)) = pointer.rsplit_once('/')
    {
        pointer = parent;
    }
    pointer
}

/// The member that a pointer into the native body names, with dots, in the spelling of `answer`.
pub(super) fn field(pointer: &str, answer: Profile, shape: &Shape) -> String {
    match answer {
        Profile::Camel => camel_segments(pointer, shape).join("."),
        _ => pointer.trim_start_matches('/').replace('/', "."),
    }
}

/// The segments in camelCase, except below maps.
fn camel_segments<'a>(pointer: &'a str, shape: &Shape) -> Vec<Cow<'a, str>> {
    let mut path = String::new();
    let mut is_data = false;
    let segment = |segment: &'a str| {
        let name = if is_data { Cow::Borrowed(segment) } else { case::camel(segment) };
        // The paths of a shape have no indexes of lists.
        if !segment.bytes().all(|b| b.is_ascii_digit()) {
            if !path.is_empty() {
                path.push('.');
            }
            path.push_str(segment);
        }
        is_data = is_data || shape.maps.contains(&path);
        name
    };
    pointer.split('/').skip(1).map(segment).collect()
}

fn json_api_pointer(pointer: &str, shape: &Shape) -> String {
    let Some(below) = pointer.strip_prefix('/') else { return "/data".to_owned() };
    let (member, rest) = below.split_at(below.find('/').unwrap_or(below.len()));
    match shape.relations.iter().find(|relation| relation.member == member) {
        Some(relation) if rest.is_empty() => format!("/data/relationships/{}", relation.name),
        Some(relation) => format!("/data/relationships/{}/data{rest}", relation.name),
        None => format!("/data/attributes/{}{rest}", document::attribute(member)),
    }
}
