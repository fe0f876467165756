//! JSON:API requests (D-31, D-32): a resource object becomes the flat object that the
//! function reads. Attributes pass as they are, so that the function refuses the unknown
//! ones; what is wrong with the document itself is refused here, all at once.

use serde_json::value::RawValue;

use super::Profile;
use super::json::{Members, elements, is_null, push, push_name, text};
use super::rewrite::Rewriter;
use crate::{Code, Error, Relation, Shape, Violation};

/// Members that JSON:API knows, of a document and of a resource object. It says that others
/// must be ignored; the platform refuses them, as it does everywhere in writes.
const OF_DOCUMENT: [&str; 5] = ["data", "included", "jsonapi", "links", "meta"];
const OF_RESOURCE: [&str; 6] = ["attributes", "id", "links", "meta", "relationships", "type"];

/// A member as an attribute: none may have the name `type` there.
pub(super) fn attribute(member: &str) -> &str {
    if member == "type" { "kind" } else { member }
}

fn member(attribute: &str) -> &str {
    if attribute == "kind" { "type" } else { attribute }
}

/// The native body. `id` is the one of the path, if it has one.
pub(super) fn native(shape: &Shape, id: Option<&str>, raw: &RawValue) -> Result<String, Error> {
    let mut reader = Reader { shape, violations: Vec::new() };
    let body = reader.document(id, raw)?;
    if reader.violations.is_empty() {
        return Ok(body);
    }
    let message = "The request is not a JSON:API document as this operation reads it.";
    Err(Error { violations: reader.violations, ..Error::new(Code::ValidationFailed, message) })
}

struct Reader<'a> {
    shape: &'a Shape,
    violations: Vec<Violation>,
}

impl Reader<'_> {
    fn refuse(&mut self, pointer: &str, code: &str, message: &str) {
        self.violations.push(Violation {
            pointer: pointer.to_owned(),
            code: code.to_owned(),
            message: message.to_owned(),
            value: None,
        });
    }

    /// The members of an object that should be there; they are refused when they are not in
    /// `known`.
    fn object<'r>(
        &mut self,
        pointer: &str,
        raw: Option<&'r RawValue>,
        known: Option<&[&str]>,
    ) -> Option<Members<'r>> {
        let Some(raw) = raw else {
            self.refuse(pointer, "REQUIRED", "Must be there.");
            return None;
        };
        let Some(members) = Members::of(raw) else {
            self.refuse(pointer, "WRONG_TYPE", "Must be an object.");
            return None;
        };
        let is_unknown = |name: &str| known.is_some_and(|known| !known.contains(&name));
        for (name, _) in members.0.iter().filter(|(name, _)| is_unknown(name)) {
            let name = name.replace('~', "~0").replace('/', "~1");
            self.refuse(
                &format!("{pointer}/{name}"),
                "UNKNOWN_FIELD",
                "No such member is read here.",
            );
        }
        Some(members)
    }

    fn document(&mut self, id: Option<&str>, raw: &RawValue) -> Result<String, Error> {
        let mut out = "{".to_owned();
        let top = self.object("", Some(raw), Some(&OF_DOCUMENT));
        let data = top.and_then(|top| self.object("/data", top.get("data"), Some(&OF_RESOURCE)));
        let Some(data) = data else { return Ok(out) };
        self.identity(id, &data)?;
        let rewriter = Rewriter::inbound(self.shape, Profile::JsonApi);
        if let Some(raw) = data.get("attributes")
            && let Some(Members(attributes)) = self.object("/data/attributes", Some(raw), None)
        {
            for (name, raw) in attributes {
                push_name(&mut out, member(&name));
                rewriter.member(member(&name), raw, &mut out);
            }
        }
        let shape = self.shape;
        let names: Vec<_> = shape.relations.iter().map(|relation| relation.name.as_str()).collect();
        if let Some(raw) = data.get("relationships")
            && let Some(given) = self.object("/data/relationships", Some(raw), Some(&names))
        {
            for relation in &shape.relations {
                if let Some(raw) = given.get(&relation.name) {
                    self.relationship(relation, raw, &mut out);
                }
            }
        }
        out.push('}');
        Ok(out)
    }

    /// `type` and `id`, which must be those of the resource that the URL names (409, as
    /// JSON:API says).
    fn identity(&mut self, id: Option<&str>, data: &Members<'_>) -> Result<(), Error> {
        let collection = &self.shape.collection;
        let named = data.get("type").map(text);
        match named {
            None => self.refuse("/data/type", "REQUIRED", "Must be there."),
            Some(None) => self.refuse("/data/type", "WRONG_TYPE", "Must be a string."),
            Some(Some(named)) if !collection.is_empty() && named != *collection => {
                let message = format!("This operation reads resources of the type {collection}.");
                return Err(conflict("/data/type", message));
            }
            Some(Some(_)) => {}
        }
        match data.get("id").map(text) {
            Some(None) => self.refuse("/data/id", "WRONG_TYPE", "Must be a string."),
            Some(Some(named)) if id != Some(&named) => {
                let message = "This is not the id of the resource that the URL names.";
                return Err(conflict("/data/id", message.to_owned()));
            }
            _ => {}
        }
        Ok(())
    }

    fn relationship(&mut self, relation: &Relation, raw: &RawValue, out: &mut String) {
        let pointer = format!("/data/relationships/{}", relation.name);
        let members = self.object(&pointer, Some(raw), Some(&["data", "links", "meta"]));
        let Some(members) = members else { return };
        let pointer = format!("{pointer}/data");
        let Some(data) = members.get("data") else {
            self.refuse(&pointer, "REQUIRED", "Must be there.");
            return;
        };
        push_name(out, &relation.member);
        if !relation.many {
            match is_null(data) {
                true => out.push_str("null"),
                false => self.linkage(relation, &pointer, data, out),
            }
            return;
        }
        let Some(list) = elements(data) else {
            self.refuse(&pointer, "WRONG_TYPE", "Must be a list.");
            return;
        };
        out.push('[');
        for (index, raw) in list.into_iter().enumerate() {
            if index > 0 {
                out.push(',');
            }
            self.linkage(relation, &format!("{pointer}/{index}"), raw, out);
        }
        out.push(']');
    }

    /// A resource identifier object: appends its id.
    fn linkage(&mut self, relation: &Relation, pointer: &str, raw: &RawValue, out: &mut String) {
        let members = self.object(pointer, Some(raw), Some(&["type", "id", "meta"]));
        let Some(members) = members else { return };
        for name in ["type", "id"] {
            let place = format!("{pointer}/{name}");
            match members.get(name).map(text) {
                None => self.refuse(&place, "REQUIRED", "Must be there."),
                Some(None) => self.refuse(&place, "WRONG_TYPE", "Must be a string."),
                Some(Some(id)) if name == "id" => push(out, &id),
                Some(Some(named)) if named != relation.collection => {
                    let message = format!("Must be {}.", relation.collection);
                    self.refuse(&place, "NOT_ALLOWED_VALUE", &message);
                }
                Some(Some(_)) => {}
            }
        }
    }
}

fn conflict(pointer: &str, message: String) -> Error {
    let (pointer, code) = (pointer.to_owned(), "NOT_ALLOWED_VALUE".to_owned());
    let violation = Violation { pointer, code, message: message.clone(), value: None };
    Error { violations: vec![violation], ..Error::new(Code::Conflict, message) }
}
