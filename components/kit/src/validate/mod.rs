//! Checks requests against the tables of [`crate::contract`]. All violations are reported together,
//! each with its place, so that a client can correct a request in one round.
//!
//! Messages never repeat the rejected value, because it may be a password.

mod format;

use std::collections::HashSet;

use protocol::Violation;
use serde_json::{Map, Value};

use crate::contract::{Location, Operation, Property, Query, Schema};

/// The most violations that are reported. Without a limit, a small invalid body could cause a large
/// answer.
pub const MAX_VIOLATIONS: usize = 100;

/// The longest part of a pointer, in characters. The client chooses the names in it.
const MAX_POINTER_PART: usize = 200;

/// Checks a JSON body.
pub fn body(schema: &Schema, value: &Value) -> Vec<Violation> {
    let mut validator = Validator::default();
    validator.value(schema, value);
    validator.found
}

/// The most characters of a rejected value that are repeated.
const SHOWN: usize = 100;

/// A scalar as JSON, shortened.
fn shortened(value: &Value) -> Option<String> {
    match value {
        Value::String(text) if text.chars().count() > SHOWN => {
            let start: String = text.chars().take(SHOWN).collect();
            Some(Value::String(format!("{start}…")).to_string())
        }
        Value::Array(_) | Value::Object(_) => None,
        scalar => Some(scalar.to_string()),
    }
}

/// Checks the parameters of a request. `given` are all parameters that it has, decoded; a repeated
/// one is there several times. Headers that the contract does not name are not checked.
pub fn parameters(operation: &Operation, given: &[(Location, &str, &str)]) -> Vec<Violation> {
    let mut validator = Validator::default();
    for parameter in operation.parameters {
        validator.pointer = parameter.name.to_owned();
        let place = (parameter.location, parameter.name);
        match given.iter().find(|(location, name, _)| (*location, *name) == place) {
            Some((_, _, text)) => validator.parameter(parameter.schema, text),
            // A missing If-Match is not a violation: `kit::resource` answers it with 428.
            None if parameter.required && parameter.name != "if-match" => {
                validator.report("REQUIRED", "Must be given.")
            }
            None => {}
        }
    }
    // `list` reads the query of a resource, because it knows more spellings than a contract can
    // declare.
    if operation.query != Query::Declared {
        return validator.found;
    }
    let mut seen = HashSet::new();
    for (_, name, _) in given.iter().filter(|(location, _, _)| *location == Location::Query) {
        let mut declared = operation.parameters.iter();
        validator.pointer = shorten(name).collect();
        if !declared.any(|known| known.location == Location::Query && known.name == *name) {
            validator.report("UNKNOWN_PARAMETER", "Is not a parameter of this operation.");
        } else if !seen.insert(name) {
            validator.report("REPEATED_PARAMETER", "Must be given once only.");
        }
    }
    validator.found
}

/// The violations found so far, and the current place in the document.
#[derive(Default)]
struct Validator {
    pointer: String,
    found: Vec<Violation>,
}

impl Validator {
    fn report(&mut self, code: &str, message: impl Into<String>) {
        if self.found.len() < MAX_VIOLATIONS {
            self.found.push(Violation {
                pointer: self.pointer.clone(),
                code: code.to_owned(),
                message: message.into(),
                value: None,
            });
        }
    }

    /// Runs `step` one level deeper.
    fn at(&mut self, part: &str, step: impl FnOnce(&mut Self)) {
        let length = self.pointer.len();
        self.pointer.push('/');
        for character in shorten(part) {
            match character {
                '~' => self.pointer.push_str("~0"),
                '/' => self.pointer.push_str("~1"),
                other => self.pointer.push(other),
            }
        }
        step(self);
        self.pointer.truncate(length);
    }

    fn value(&mut self, schema: &Schema, value: &Value) {
        match (*schema, value) {
            (Schema::Nullable(_), Value::Null) | (Schema::Boolean, Value::Bool(_)) => {}
            (Schema::Nullable(inner), _) => self.value(inner, value),
            (Schema::Any, _) => self.any(value),
            (Schema::Integer { min, max }, Value::Number(number)) if is_whole(number) => {
                match integer(number) {
                    Some(number) => self.range(number, min, max),
                    None => self.report("OUT_OF_RANGE", "Must fit into 64 bits with a sign."),
                }
            }
            (Schema::Number { min, max }, Value::Number(number)) => {
                self.range(number.as_f64().unwrap_or(f64::NAN), min, max);
            }
            (
                Schema::String { min_length, max_length, format, visible, one_of },
                Value::String(text),
            ) => {
                self.length(text.chars().count(), min_length, max_length, &CHARACTERS);
                let is_plain = self.text(text);
                if visible && is_plain && !text.is_empty() && !text::is_visible(text) {
                    self.report("NOT_VISIBLE", "Must have at least one visible character.");
                }
                if let Some(format) = format.filter(|format| !format::matches_format(*format, text))
                {
                    self.report("INVALID_FORMAT", format!("Must be {}.", format::named(format)));
                }
                if !one_of.is_empty() && !one_of.contains(&text.as_str()) {
                    let allowed = one_of.join(", ");
                    self.report("NOT_ALLOWED_VALUE", format!("Must be one of: {allowed}."));
                }
            }
            (Schema::Array { items, min_items, max_items, unique }, Value::Array(list)) => {
                self.length(list.len(), min_items, max_items, &ITEMS);
                for (index, item) in list.iter().enumerate() {
                    self.at(&index.to_string(), |validator| validator.value(items, item));
                }
                if unique && list.iter().collect::<HashSet<_>>().len() < list.len() {
                    self.report("NOT_UNIQUE", "Must not hold the same item twice.");
                }
            }
            (
                Schema::Object { properties, additional, min_properties, any_of },
                Value::Object(object),
            ) => {
                self.length(object.len(), min_properties, None, &MEMBERS);
                self.alternatives(any_of, object);
                self.members(properties, additional, object);
            }
            _ => self.report("WRONG_TYPE", format!("Must be {}.", kind(schema))),
        }
    }

    fn alternatives(&mut self, any_of: &[&[&str]], object: &Map<String, Value>) {
        let there = |names: &&[&str]| names.iter().all(|name| object.contains_key(*name));
        if any_of.is_empty() || any_of.iter().any(there) {
            return;
        }
        let names: Vec<String> = any_of.iter().map(|names| names.join(" and ")).collect();
        let first = any_of[0].first().copied().unwrap_or_default();
        let message = format!("Must be given: {}.", names.join(", or "));
        self.at(first, |validator| validator.report("REQUIRED", message));
    }

    fn members(
        &mut self,
        properties: &[Property],
        additional: Option<&Schema>,
        object: &Map<String, Value>,
    ) {
        for property in properties {
            self.at(property.name, |validator| match object.get(property.name) {
                Some(value) => {
                    let before = validator.found.len();
                    validator.value(property.schema, value);
                    // Only violations of the member itself show its value, not those inside it.
                    let own = validator.pointer.clone();
                    let found = validator.found[before..].iter_mut().filter(|it| it.pointer == own);
                    let shown = shortened(value).filter(|_| property.shown);
                    found.for_each(|violation| violation.value.clone_from(&shown));
                }
                None if property.required => validator.report("REQUIRED", "Must be given."),
                None => {}
            });
        }
        let known = |name: &str| properties.iter().any(|property| property.name == name);
        for (name, value) in object.iter().filter(|(name, _)| !known(name)) {
            self.at(name, |validator| match additional {
                // Nobody reads these members, so they are not checked.
                Some(Schema::Any) if !properties.is_empty() => {}
                Some(schema) => {
                    validator.text(name);
                    validator.value(schema, value);
                }
                None => validator.report("UNKNOWN_FIELD", "Is not a field of this object."),
            });
        }
    }

    /// Checks a value without a schema: no control characters at any depth.
    fn any(&mut self, value: &Value) {
        match value {
            Value::String(text) => {
                self.text(text);
            }
            Value::Array(_) => {
                let items = &Schema::Any;
                let list = Schema::Array { items, min_items: 0, max_items: None, unique: false };
                self.value(&list, value);
            }
            Value::Object(object) => self.members(&[], Some(&Schema::Any), object),
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }

    /// Checks that a text has no control characters. Reports a violation if it has.
    fn text(&mut self, text: &str) -> bool {
        // CR LF may end a line, because browsers send forms like this.
        let mut before = ' ';
        let is_refused = |character: char| {
            let ends = std::mem::replace(&mut before, character) == '\r';
            let is_control = character.is_control() && !"\n\t\r".contains(character);
            is_control || ends && character != '\n'
        };
        let is_plain = !text.chars().any(is_refused) && before != '\r';
        if !is_plain {
            let message = "Must not hold control characters other than tab, LF and CR LF.";
            self.report("CONTROL_CHARACTER", message);
        }
        is_plain
    }

    fn length(&mut self, length: usize, min: usize, max: Option<usize>, unit: &Unit) {
        if length < min {
            let message = format!("Must have at least {min} {}.", unit.named(min));
            self.report(unit.too_few, message);
        }
        if let Some(max) = max.filter(|max| length > *max) {
            self.report(unit.too_many, format!("Must have at most {max} {}.", unit.named(max)));
        }
    }

    fn range<N: PartialOrd + std::fmt::Display>(&mut self, n: N, min: Option<N>, max: Option<N>) {
        if let Some(min) = min.filter(|min| n < *min) {
            self.report("OUT_OF_RANGE", format!("Must be at least {min}."));
        }
        if let Some(max) = max.filter(|max| n > *max) {
            self.report("OUT_OF_RANGE", format!("Must be at most {max}."));
        }
    }

    /// Checks the text of a parameter. The pointer stays the name of the parameter, also for the
    /// items of a list, and the same violation is reported only once.
    fn parameter(&mut self, schema: &Schema, text: &str) {
        let mut validator = Validator::default();
        validator.value(schema, &parse_parameter(schema, text));
        for violation in validator.found {
            let violation = Violation { pointer: self.pointer.clone(), ..violation };
            if !self.found.contains(&violation) {
                self.found.push(violation);
            }
        }
    }
}

/// A unit to count, and the codes for too few and too many of it.
struct Unit {
    one: &'static str,
    many: &'static str,
    too_few: &'static str,
    too_many: &'static str,
}

const CHARACTERS: Unit =
    Unit { one: "character", many: "characters", too_few: "TOO_SHORT", too_many: "TOO_LONG" };
const ITEMS: Unit =
    Unit { one: "item", many: "items", too_few: "TOO_FEW_ITEMS", too_many: "TOO_MANY_ITEMS" };
const MEMBERS: Unit = Unit { one: "field", many: "fields", ..ITEMS };

impl Unit {
    fn named(&self, count: usize) -> &'static str {
        if count == 1 { self.one } else { self.many }
    }
}

/// Whether it has no fraction. For JSON Schema, `1.0` is an integer.
fn is_whole(number: &serde_json::Number) -> bool {
    !number.is_f64() || number.as_f64().is_some_and(|number| number.fract() == 0.0)
}

/// A whole number, if it fits into 64 bits with sign.
pub(crate) fn integer(number: &serde_json::Number) -> Option<i64> {
    // Beyond this, a double cannot represent every whole number.
    const SAFE: f64 = 9_007_199_254_740_991.0;
    let exact = |number: &f64| number.fract() == 0.0 && number.abs() <= SAFE;
    #[allow(clippy::cast_possible_truncation, reason = "it is whole and in range")]
    number.as_i64().or_else(|| number.as_f64().filter(exact).map(|number| number as i64))
}

fn shorten(part: &str) -> impl Iterator<Item = char> {
    part.chars().take(MAX_POINTER_PART)
}

/// The JSON value that the text of a parameter spells. If the text spells no value of the schema's
/// type, then it is the text itself, which the validator then refuses.
fn parse_parameter(schema: &Schema, text: &str) -> Value {
    let value = match *schema {
        Schema::Nullable(inner) => Some(parse_parameter(inner, text)),
        Schema::Array { items, .. } => {
            Some(text.split(',').map(|item| parse_parameter(items, item)).collect())
        }
        Schema::Integer { .. } | Schema::Number { .. } => {
            let spaced = text.contains(char::is_whitespace);
            // In a parameter `1.0` does not stand for 1, because handlers read the text.
            let whole = |value: &Value| matches!(schema, Schema::Number { .. }) || !value.is_f64();
            serde_json::from_str(text)
                .ok()
                .filter(|value: &Value| value.is_number() && whole(value) && !spaced)
        }
        Schema::Boolean => text.parse::<bool>().ok().map(Value::Bool),
        Schema::Any | Schema::String { .. } | Schema::Object { .. } => None,
    };
    value.unwrap_or_else(|| Value::String(text.to_owned()))
}

fn kind(schema: &Schema) -> &'static str {
    match *schema {
        Schema::Any => "a value",
        Schema::Nullable(inner) => kind(inner),
        Schema::Boolean => "true or false",
        Schema::Integer { .. } => "an integer",
        Schema::Number { .. } => "a number",
        Schema::String { .. } => "a string",
        Schema::Array { .. } => "an array",
        Schema::Object { .. } => "an object",
    }
}

#[cfg(test)]
mod tests;
