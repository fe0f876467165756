//! JSON:API requests (D-31, D-32): a resource object becomes the flat object that the function
//! reads. Attributes pass unchanged, so the function refuses unknown ones. Errors of the document
//! itself are refused here, all together. Members that JSON:API does not know, and those that begin
//! with `@`, are ignored, as it demands (1.1, "Document Structure" and "@-Members").

use protocol::{Code, Error, Relation, Shape, Violation};
use serde_json::value::RawValue;

use super::json::{Members, elements, is_null, push, push_name, text};
use super::profile::Profile;
use super::rewrite::Rewriter;

/// The name of a member as an attribute. JSON:API allows no attribute with the name `type`.
pub(super) fn attribute(member: &str) -> &str {
    if member == "type" { "kind" } else { member }
}

fn member(attribute: &str) -> &str {
    if attribute == "kind" { "type" } else { attribute }
}

/// The target of the request with the document.
#[derive(Clone, Copy, Default)]
pub(super) struct Target<'a> {
    /// The id in the path, if there is one.
    pub(super) id: Option<&'a str>,
    /// Whether the request changes the resource that the path names. Then the document must name it
    /// too.
    pub(super) is_update: bool,
}

/// The native body for a document.
pub(super) fn native(shape: &Shape, target: Target<'_>, raw: &RawValue) -> Result<String, Error> {
    let mut reader = Reader { shape, violations: Vec::new() };
    let body = reader.document(target, raw)?;
    if reader.violations.is_empty() {
        return Ok(body);
    }
    let message = "The request is not a JSON:API document that this operation accepts.";
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

    /// The members of a required object. If it is missing or not an object, then this is a
    /// violation.
    fn object<'r>(&mut self, pointer: &str, raw: Option<&'r RawValue>) -> Option<Members<'r>> {
        let Some(raw) = raw else {
            self.refuse(pointer, "REQUIRED", "Must be given.");
            return None;
        };
        let Some(Members(mut members)) = Members::of(raw) else {
            self.refuse(pointer, "WRONG_TYPE", "Must be an object.");
            return None;
        };
        members.retain(|(name, _)| !name.starts_with('@'));
        Some(Members(members))
    }

    fn document(&mut self, target: Target<'_>, raw: &RawValue) -> Result<String, Error> {
        let mut out = "{".to_owned();
        let Some(top) = self.object("", Some(raw)) else { return Ok(out) };
        if top.get("errors").is_some() {
            self.refuse("/errors", "NOT_ALLOWED_VALUE", "Must not be given together with `data`.");
        }
        let Some(data) = self.object("/data", top.get("data")) else { return Ok(out) };
        self.identity(target, &data)?;
        let rewriter = Rewriter::inbound(self.shape, Profile::JsonApi);
        if let Some(raw) = data.get("attributes")
            && let Some(Members(attributes)) = self.object("/data/attributes", Some(raw))
        {
            for (name, raw) in attributes {
                push_name(&mut out, member(&name));
                rewriter.member(member(&name), raw, &mut out);
            }
        }
        let shape = self.shape;
        if let Some(raw) = data.get("relationships")
            && let Some(given) = self.object("/data/relationships", Some(raw))
        {
            let is_known = |name: &str| shape.relations.iter().any(|known| known.name == name);
            for (name, _) in given.0.iter().filter(|(name, _)| !is_known(name)) {
                let name = name.replace('~', "~0").replace('/', "~1");
                let pointer = format!("/data/relationships/{name}");
                self.refuse(&pointer, "UNKNOWN_FIELD", "Is not a relationship of this resource.");
            }
            for relation in &shape.relations {
                if let Some(raw) = given.get(&relation.name) {
                    self.relationship(relation, raw, &mut out);
                }
            }
        }
        out.push('}');
        Ok(out)
    }

    /// Checks `type` and `id`. They must be those of the resource that the URL names (409, as
    /// JSON:API demands). A new resource gets its id from the server, never from the client (403).
    fn identity(&mut self, target: Target<'_>, data: &Members<'_>) -> Result<(), Error> {
        let collection = &self.shape.collection;
        let named = data.get("type").map(text);
        match named {
            None => self.refuse("/data/type", "REQUIRED", "Must be given."),
            Some(None) => self.refuse("/data/type", "WRONG_TYPE", "Must be a string."),
            Some(Some(named)) if !collection.is_empty() && named != *collection => {
                let message = format!("This operation takes resources of the type {collection}.");
                return Err(refused(Code::Conflict, "/data/type", message));
            }
            Some(Some(_)) => {}
        }
        if data.get("lid").is_some_and(|raw| text(raw).is_none()) {
            self.refuse("/data/lid", "WRONG_TYPE", "Must be a string.");
        }
        match data.get("id").map(text) {
            None if target.is_update => self.refuse("/data/id", "REQUIRED", "Must be given."),
            Some(None) => self.refuse("/data/id", "WRONG_TYPE", "Must be a string."),
            Some(Some(_)) if collection.is_empty() => {}
            Some(Some(_)) if target.id.is_none() => {
                let message = "Leave the id out: the server gives a new resource its id.";
                return Err(refused(Code::Forbidden, "/data/id", message.to_owned()));
            }
            Some(Some(named)) if target.id != Some(&named) => {
                let message = "This is not the id of the resource that the URL names.";
                return Err(refused(Code::Conflict, "/data/id", message.to_owned()));
            }
            _ => {}
        }
        Ok(())
    }

    fn relationship(&mut self, relation: &Relation, raw: &RawValue, out: &mut String) {
        let pointer = format!("/data/relationships/{}", relation.name);
        let members = self.object(&pointer, Some(raw));
        let Some(members) = members else { return };
        let pointer = format!("{pointer}/data");
        let Some(data) = members.get("data") else {
            self.refuse(&pointer, "REQUIRED", "Must be given.");
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

    /// Reads a resource identifier object and appends its id.
    fn linkage(&mut self, relation: &Relation, pointer: &str, raw: &RawValue, out: &mut String) {
        let members = self.object(pointer, Some(raw));
        let Some(members) = members else { return };
        for name in ["type", "id"] {
            let place = format!("{pointer}/{name}");
            match members.get(name).map(text) {
                None => self.refuse(&place, "REQUIRED", "Must be given."),
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

fn refused(code: Code, pointer: &str, message: String) -> Error {
    let violation = Violation {
        pointer: pointer.to_owned(),
        code: "NOT_ALLOWED_VALUE".to_owned(),
        message: message.clone(),
        value: None,
    };
    Error { violations: vec![violation], ..Error::new(code, message) }
}
