//! Writes JSON again with other names and other spellings of enumerated values. The shape of the
//! operation says which. Data of the client's choice (`Shape::maps`) is copied unchanged.

use std::borrow::Cow;

use protocol::{Shape, case};
use serde_json::value::RawValue;

use super::json::{Members, elements, push, push_name, text};
use super::profile::Profile;

/// Deeper than any schema (the compiler of the contract ends at 12). Values below this depth are
/// copied, so deep nesting by a client costs neither stack nor time.
const DEPTH: usize = 16;

/// The conversion between the native form and one profile, in one direction.
pub(super) struct Rewriter<'a> {
    shape: &'a Shape,
    names: fn(&str) -> Cow<'_, str>,
    values: fn(&str) -> String,
    /// Whether it converts a request. Then the new names are the native ones.
    inbound: bool,
}

impl<'a> Rewriter<'a> {
    /// Converts native JSON to `profile`.
    pub(super) fn outbound(shape: &'a Shape, profile: Profile) -> Self {
        let names = if profile == Profile::Camel { case::camel } else { case::same };
        Self { shape, names, values: case::lower, inbound: false }
    }

    /// Converts JSON of `profile` to native.
    pub(super) fn inbound(shape: &'a Shape, profile: Profile) -> Self {
        let names = if profile == Profile::Camel { case::snake } else { case::same };
        Self { shape, names, values: case::upper, inbound: true }
    }

    /// Appends the value at the root.
    pub(super) fn root(&self, raw: &RawValue, out: &mut String) {
        self.value(raw, &mut String::new(), 0, out);
    }

    /// Appends the value of a member of the root. `name` is its native name.
    pub(super) fn member(&self, name: &str, raw: &RawValue, out: &mut String) {
        self.value(raw, &mut name.to_owned(), 1, out);
    }

    fn value(&self, raw: &RawValue, path: &mut String, depth: usize, out: &mut String) {
        let listed = |paths: &[String]| paths.iter().any(|known| known == path);
        if depth > DEPTH || listed(&self.shape.maps) {
            out.push_str(raw.get());
        } else if let Some(Members(members)) = Members::of(raw) {
            out.push('{');
            for (name, raw) in members {
                let spelled = (self.names)(&name);
                push_name(out, &spelled);
                let length = path.len();
                if length > 0 {
                    path.push('.');
                }
                path.push_str(if self.inbound { &spelled } else { &name });
                self.value(raw, path, depth + 1, out);
                path.truncate(length);
            }
            out.push('}');
        } else if let Some(elements) = elements(raw) {
            out.push('[');
            for (index, raw) in elements.into_iter().enumerate() {
                if index > 0 {
                    out.push(',');
                }
                self.value(raw, path, depth + 1, out);
            }
            out.push(']');
        } else if listed(&self.shape.enums)
            && let Some(member) = text(raw)
        {
            push(out, &(self.values)(&member));
        } else {
            out.push_str(raw.get());
        }
    }
}
