//! The rules of JSON:API 1.1 for every document (<https://jsonapi.org/format/1.1/>), checked on
//! each answer that a test gets.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

/// The clauses that an answer to `path` breaks.
pub fn broken(path: &str, document: &Value) -> Vec<String> {
    let mut found = Found::default();
    found.top(path, document);
    found.0
}

#[derive(Default)]
struct Found(Vec<String>);

impl Found {
    fn unless(&mut self, holds: bool, what: impl Into<String>) {
        if !holds {
            self.0.push(what.into());
        }
    }

    /// "Top Level"
    fn top(&mut self, path: &str, document: &Value) {
        let Some(top) = document.as_object() else {
            return self.unless(false, "the root is no object");
        };
        let (data, errors) = (top.get("data"), top.get("errors"));
        self.unless(
            data.is_some() || errors.is_some() || top.contains_key("meta"),
            "nothing in it",
        );
        self.unless(data.is_none() || errors.is_none(), "data and errors");
        self.unless(data.is_some() || !top.contains_key("included"), "included without data");
        self.only("top", top, &["data", "errors", "meta", "jsonapi", "links", "included"]);
        self.common(top);
        let primary: Vec<&Value> = match data {
            Some(Value::Array(list)) => list.iter().collect(),
            Some(Value::Null) | None => Vec::new(),
            Some(one) => vec![one],
        };
        primary.iter().for_each(|one| self.resource(one));
        if let Some(included) = top.get("included") {
            self.included(path, &primary, included);
        }
        if let Some(errors) = errors {
            self.unless(errors.as_array().is_some_and(|all| !all.is_empty()), "errors is no list");
            errors.as_array().into_iter().flatten().for_each(|error| self.error(error));
        }
    }

    /// "Compound Documents"
    fn included(&mut self, path: &str, primary: &[&Value], included: &Value) {
        let Some(included) = included.as_array() else {
            return self.unless(false, "included is no array");
        };
        included.iter().for_each(|one| self.resource(one));
        let key = |one: &Value| (one["type"].to_string(), one["id"].to_string());
        let all: Vec<_> = primary.iter().copied().chain(included).map(key).collect();
        let unique: BTreeSet<_> = all.iter().collect();
        self.unless(unique.len() == all.len(), "a resource object is there twice");
        let relationships = primary.iter().filter_map(|one| one["relationships"].as_object());
        let linked = relationships.flat_map(Map::values).flat_map(|one| match &one["data"] {
            Value::Array(many) => many.iter().map(key).collect(),
            one => vec![key(one)],
        });
        let linked: BTreeSet<_> = linked.collect();
        // The one exception is linkage that `fields` leaves out.
        let complete = included.iter().all(|one| linked.contains(&key(one)));
        self.unless(complete || path.contains("fields"), "included, and linked by nothing");
    }

    /// "Resource Objects", "Fields"
    fn resource(&mut self, resource: &Value) {
        let Some(members) = resource.as_object() else {
            return self.unless(false, "a resource object is no object");
        };
        self.only(
            "resource",
            members,
            &["id", "type", "attributes", "relationships", "links", "meta"],
        );
        self.common(members);
        for name in ["id", "type"] {
            self.unless(resource[name].is_string(), format!("{name} is no string"));
        }
        let empty = Map::new();
        let object = |name: &str| members.get(name).map_or(Some(&empty), Value::as_object);
        let (Some(attributes), Some(relationships)) =
            (object("attributes"), object("relationships"))
        else {
            return self.unless(false, "attributes or relationships are no object");
        };
        for name in attributes.keys().chain(relationships.keys()) {
            self.unless(
                !matches!(name.as_str(), "type" | "id"),
                format!("a field is named {name}"),
            );
            let end = |c: char| c.is_ascii_alphanumeric();
            self.unless(
                name.starts_with(end) && name.ends_with(end),
                format!("member name {name}"),
            );
        }
        for (name, relationship) in relationships {
            self.unless(!attributes.contains_key(name), format!("{name} is two fields"));
            let Some(members) = relationship.as_object() else {
                self.unless(false, format!("{name} is no relationship object"));
                continue;
            };
            let some = ["links", "data", "meta"].iter().any(|name| members.contains_key(*name));
            self.unless(some, format!("{name} has neither links nor data nor meta"));
            self.common(members);
            match members.get("data") {
                None | Some(Value::Null) => {}
                Some(Value::Array(many)) => many.iter().for_each(|one| self.identifier(one)),
                Some(one) => self.identifier(one),
            }
        }
    }

    /// "Resource Identifier Objects"
    fn identifier(&mut self, one: &Value) {
        self.unless(one["type"].is_string() && one["id"].is_string(), "an identifier lacks a part");
    }

    /// "Meta Information", "Links", "JSON:API Object"
    fn common(&mut self, members: &Map<String, Value>) {
        for name in ["meta", "links", "jsonapi"] {
            let holds = members.get(name).is_none_or(Value::is_object);
            self.unless(holds, format!("{name} is no object"));
        }
        for (name, link) in members.get("links").and_then(Value::as_object).into_iter().flatten() {
            let target = link.get("href").unwrap_or(link);
            let holds = link.is_null() || target.as_str().is_some_and(is_reference);
            self.unless(holds, format!("the link {name} is no URI-reference: {link}"));
        }
    }

    /// "Error Objects"
    fn error(&mut self, error: &Value) {
        let Some(members) = error.as_object() else {
            return self.unless(false, "an error is no object");
        };
        let known = ["id", "links", "status", "code", "title", "detail", "source", "meta"];
        self.unless(!members.is_empty(), "an error says nothing");
        self.only("error", members, &known);
        self.common(members);
        for name in ["id", "status", "code", "title", "detail"] {
            let holds = members.get(name).is_none_or(Value::is_string);
            self.unless(holds, format!("{name} of an error is no string"));
        }
        if let Some(source) = members.get("source").and_then(Value::as_object) {
            self.only("source", source, &["pointer", "parameter", "header"]);
        }
    }

    fn only(&mut self, of: &str, members: &Map<String, Value>, known: &[&str]) {
        for name in members.keys().filter(|name| !known.contains(&name.as_str())) {
            self.unless(false, format!("{of} has a member {name}"));
        }
    }
}

/// The characters that a URI-reference may have (RFC 3986).
pub fn is_reference(text: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-._~:/?#@!$&'()*+,;=%".contains(c);
    text.chars().all(plain)
}
