//! Rules for paths, and for the parameters in URLs.

use std::collections::BTreeMap;

use serde_json::Value;

use super::report::Report;
use super::rule::Rule;
use super::{exceptions, words};
use crate::document::{METHODS, follow, items};

/// The deepest nesting of things in a path (D-6).
const LEVELS: usize = 2;

const NO_BATCH: &str =
    "make separate requests, or give one action on one collection a `/bulk` below it";

/// The kinds of path segments.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Segment<'a> {
    /// A variable, such as `{id}`.
    Variable,
    /// The plural name of a collection.
    Collection(&'a str),
    /// A verb at the end of a `POST`.
    Action(&'a str),
    /// The name of an area, or of a single thing.
    Other(&'a str),
}

pub(super) fn check(bundle: &Value, report: &mut Report) {
    let mut known = BTreeMap::new();
    for (path, item) in items(bundle) {
        let methods = methods(item);
        let method = methods.join(",");
        let mut note = |rule, advice: String| report.path(&method, path, rule, advice);
        names(path, &methods, &mut note);
        depth(path, &methods, &mut note);
        if let Some(other) = known.insert(key(path), path) {
            note(Rule::Alias, format!("it is {other} in other words; keep one of the two"));
        }
        for method in methods {
            addresses(bundle, path, method, item, report);
        }
    }
}

/// The literal segments of all paths.
pub(super) fn segments(bundle: &Value) -> Vec<&str> {
    items(bundle).flat_map(|(path, _)| parts(path)).filter(|part| !is_variable(part)).collect()
}

/// Classifies the segments of a path. `methods` are the methods of the path.
pub(super) fn classify<'a>(path: &'a str, methods: &[&str]) -> Vec<Segment<'a>> {
    let parts: Vec<_> = parts(path).collect();
    let segment = |(at, part): (usize, &&'a str)| {
        let part = *part;
        let last = at > 0 && at + 1 == parts.len();
        match part {
            _ if is_variable(part) => Segment::Variable,
            _ if last && words::is_bulk(part) => Segment::Action(part),
            _ if exceptions::is_no_collection(part) => Segment::Other(part),
            _ if words::is_crud(part) => Segment::Other(part),
            _ if words::is_plural(part) => Segment::Collection(part),
            _ if last && methods == ["post"] => Segment::Action(part),
            _ => Segment::Other(part),
        }
    };
    parts.iter().enumerate().map(segment).collect()
}

pub(super) fn methods(item: &Value) -> Vec<&'static str> {
    METHODS.into_iter().filter(|method| item.get(method).is_some()).collect()
}

fn parts(path: &str) -> impl Iterator<Item = &str> {
    path.split('/').filter(|part| !part.is_empty())
}

fn is_variable(part: &str) -> bool {
    part.starts_with('{')
}

/// Reports what is wrong with each segment.
fn names(path: &str, methods: &[&str], note: &mut impl FnMut(Rule, String)) {
    let mut below_collection = false;
    for segment in classify(path, methods) {
        let (Segment::Collection(part) | Segment::Action(part) | Segment::Other(part)) = segment
        else {
            below_collection = false;
            continue;
        };
        if let Some((stem, _)) = part.split_once('.') {
            let advice = format!("write `{stem}` and let Accept name the media type");
            note(Rule::FileExtension, advice);
        } else if !words::is_kebab(part) {
            note(Rule::KebabCase, format!("write `{}` instead of `{part}`", words::kebab(part)));
        }
        if words::is_bulk(part) {
            if !below_collection {
                let advice = format!("put `{part}` below the collection whose objects it is for");
                note(Rule::Batch, advice);
            }
            if methods.contains(&"get") {
                note(Rule::VerbLast, format!("make `{part}` a POST; GET has the collection"));
            }
        } else if let Some((rule, advice)) = misnamed(segment, part) {
            note(rule, advice);
        }
        below_collection = matches!(segment, Segment::Collection(_));
    }
}

/// Why a word may not be in a path, or not at this place.
fn misnamed(segment: Segment<'_>, part: &str) -> Option<(Rule, String)> {
    let number = part.strip_prefix('v').unwrap_or_default();
    if !number.is_empty() && number.chars().all(|c| c.is_ascii_digit()) {
        let advice = format!("leave `{part}` out: `servers` has the version of all paths");
        return Some((Rule::Version, advice));
    }
    let said = words::words(part);
    if said.iter().any(|word| word == "batch") {
        return Some((Rule::Batch, NO_BATCH.to_owned()));
    }
    if part == "all" {
        let advice = "leave `all` out: a collection without an id is all of it";
        return Some((Rule::Nouns, advice.to_owned()));
    }
    if words::is_crud(part) {
        let noun = words::plural(&said[1..].join("-"));
        let noun = if noun.is_empty() { "the collection" } else { &format!("/{noun}") };
        let advice = format!("write {noun} instead of `{part}`: the method says what is done");
        return Some((Rule::Nouns, advice));
    }
    match segment {
        Segment::Other(_) if exceptions::is_no_collection(part) => None,
        Segment::Other(_) if words::is_action(part) => {
            let advice = format!("make `{part}` the last segment of a path that has POST only");
            Some((Rule::VerbLast, advice))
        }
        Segment::Other(_) => {
            let plural = words::plural(&words::kebab(part));
            let advice = format!(
                "write `{plural}` instead of `{part}`, or list it in exceptions.rs with the reason \
                 why it is no collection"
            );
            Some((Rule::Plural, advice))
        }
        _ => None,
    }
}

fn depth(path: &str, methods: &[&str], note: &mut impl FnMut(Rule, String)) {
    let thing = |segment| match segment {
        Segment::Collection(part) => Some(part),
        Segment::Other(part) if !exceptions::is_no_collection(part) => Some(part),
        _ => None,
    };
    let things: Vec<_> = classify(path, methods).into_iter().filter_map(thing).collect();
    let [.., parent, last] = things.as_slice() else { return };
    if things.len() > LEVELS {
        let advice = format!(
            "an id says where a thing belongs: write /{parent}/{{id}}/{last} or \
             /{parent}/{{id}}?expand={last}"
        );
        note(Rule::Nesting, advice);
    }
    if parent == last {
        note(Rule::Alias, format!("`{last}` leads to itself; write it once"));
    }
}

/// A key that two paths share if they differ only in names of variables, in spelling, or in
/// singular and plural.
fn key(path: &str) -> String {
    let part =
        |part| if is_variable(part) { "{}".to_owned() } else { words::plural(&words::kebab(part)) };
    parts(path).map(part).collect::<Vec<_>>().join("/")
}

/// Checks parameters and bodies: no secrets in URLs, and no version outside of the path.
fn addresses(bundle: &Value, path: &str, method: &str, item: &Value, report: &mut Report) {
    let lists = [&item["parameters"], &item[method]["parameters"]];
    for parameter in lists.into_iter().filter_map(Value::as_array).flatten() {
        let Ok(parameter) = follow(bundle, parameter) else { continue };
        let (name, place) = (parameter["name"].as_str().unwrap_or_default(), &parameter["in"]);
        if (place == "query" || place == "path") && is_secret(name) {
            let advice = format!("send `{name}` in a header or in the body: addresses are logged");
            report.path(method, path, Rule::SecretInUrl, advice);
        }
        if place == "query" && is_version(name) {
            let advice = format!("leave the parameter `{name}` out: the path has the version");
            report.path(method, path, Rule::Version, advice);
        }
    }
    let Ok(body) = follow(bundle, &item[method]["requestBody"]) else { return };
    for (name, schema) in properties(bundle, body) {
        // An integer `version` counts the writes of an object. It is not a version of the API.
        if is_version(name) && schema["type"] != "integer" {
            let advice = format!("leave `{name}` out of the body: the path has the version");
            report.path(method, path, Rule::Version, advice);
        }
        if name == "operations" && schema["type"] == "array" {
            report.path(method, path, Rule::Batch, NO_BATCH);
        }
    }
}

/// The members of a body, from the first media type that has any.
fn properties<'a>(
    bundle: &'a Value,
    body: &'a Value,
) -> impl Iterator<Item = (&'a String, &'a Value)> {
    let content = body["content"].as_object().into_iter().flatten();
    let mut schemas = content.filter_map(|(_, content)| {
        follow(bundle, &content["schema"]).ok()?["properties"].as_object()
    });
    schemas.next().into_iter().flatten()
}

fn is_secret(name: &str) -> bool {
    let words = words::words(name);
    let secrets =
        ["apikey", "authorization", "credential", "credentials", "password", "secret", "token"];
    words.iter().any(|word| secrets.contains(&word.as_str()))
        || words.windows(2).any(|two| two == ["api", "key"])
}

fn is_version(name: &str) -> bool {
    ["v", "version", "api-version"].contains(&words::kebab(name).as_str())
}
