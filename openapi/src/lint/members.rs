//! Finds members that OpenAPI 3.1 does not know. Most of them are text with a comma that was not
//! quoted, so that YAML reads the rest as another member. Members that begin with `x-` are
//! extensions, and allowed.

use serde_json::{Map, Value};

use super::report::Report;
use super::rule::Rule;
use crate::document::METHODS;

const SCHEMA: &str = "$ref $comment title description type enum const default examples example \
    format pattern minLength maxLength minimum maximum exclusiveMinimum exclusiveMaximum multipleOf \
    items prefixItems contains minItems maxItems uniqueItems properties additionalProperties \
    patternProperties propertyNames required minProperties maxProperties dependentRequired allOf anyOf \
    oneOf not if then else readOnly writeOnly deprecated discriminator externalDocs";
const PARAMETER: &str = "$ref name in description required deprecated allowEmptyValue style explode \
    allowReserved schema content example examples";
const RESPONSE: &str = "$ref description headers content links";
const BODY: &str = "$ref description content required";
const MEDIA: &str = "schema example examples encoding";
const EXAMPLE: &str = "$ref summary description value externalValue";
const OPERATION: &str = "tags summary description externalDocs operationId parameters requestBody \
    responses callbacks deprecated security servers";
const ITEM: &str = "$ref summary description servers parameters delete get patch post put";

pub(super) fn check(bundle: &Value, report: &mut Report) {
    let mut check = MemberCheck { report, place: Vec::new() };
    check.each(bundle, "paths", MemberCheck::item);
    check.each(bundle, "webhooks", MemberCheck::item);
    let components = &bundle["components"];
    check.each(components, "schemas", MemberCheck::schema);
    check.each(components, "parameters", MemberCheck::parameter);
    check.each(components, "headers", MemberCheck::parameter);
    check.each(components, "responses", MemberCheck::response);
    check.each(components, "requestBodies", MemberCheck::body);
    check.each(components, "examples", |check, it| check.only(it, EXAMPLE));
}

struct MemberCheck<'a> {
    report: &'a mut Report,
    place: Vec<String>,
}

impl MemberCheck<'_> {
    /// Checks each member of a map, or each element of a list, that a value has under this name.
    fn each(&mut self, of: &Value, name: &str, check: fn(&mut Self, &Value)) {
        let members = of[name].as_object().into_iter().flatten();
        let members = members.map(|(key, value)| (key.clone(), value));
        let elements = of[name].as_array().into_iter().flatten().enumerate();
        let elements = elements.map(|(index, value)| (index.to_string(), value));
        for (key, value) in members.chain(elements) {
            self.place.extend([name.to_owned(), key]);
            check(self, value);
            self.place.truncate(self.place.len() - 2);
        }
    }

    fn only(&mut self, value: &Value, known: &str) {
        for name in value.as_object().into_iter().flat_map(Map::keys) {
            if !name.starts_with("x-") && known.split_ascii_whitespace().all(|it| it != name) {
                let advice = format!(
                    "OpenAPI has no member `{name}` here: quote the text that it belongs to, or \
                     name it x-…"
                );
                self.report.other(self.place.join("/"), Rule::StrayMember, advice);
            }
        }
    }

    fn item(&mut self, item: &Value) {
        self.only(item, ITEM);
        self.each(item, "parameters", Self::parameter);
        for method in METHODS {
            let Some(operation) = item.get(method) else { continue };
            self.place.push(method.to_owned());
            self.only(operation, OPERATION);
            self.each(operation, "parameters", Self::parameter);
            self.each(operation, "responses", Self::response);
            self.body(&operation["requestBody"]);
            self.place.pop();
        }
    }

    /// A header has the members of a parameter. Its name is the key before it.
    fn parameter(&mut self, parameter: &Value) {
        self.only(parameter, PARAMETER);
        self.schema(&parameter["schema"]);
    }

    fn response(&mut self, response: &Value) {
        self.only(response, RESPONSE);
        self.each(response, "headers", Self::parameter);
        self.each(response, "content", Self::media);
    }

    fn body(&mut self, body: &Value) {
        self.only(body, BODY);
        self.each(body, "content", Self::media);
    }

    fn media(&mut self, media: &Value) {
        self.only(media, MEDIA);
        self.schema(&media["schema"]);
    }

    fn schema(&mut self, schema: &Value) {
        self.only(schema, SCHEMA);
        for name in ["properties", "patternProperties", "allOf", "anyOf", "oneOf", "prefixItems"] {
            self.each(schema, name, Self::schema);
        }
        for name in ["items", "additionalProperties", "propertyNames", "not", "if", "then", "else"]
        {
            if schema[name].is_object() {
                self.place.push(name.to_owned());
                self.schema(&schema[name]);
                self.place.pop();
            }
        }
    }
}
