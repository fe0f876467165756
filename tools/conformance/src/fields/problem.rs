//! Problem details (RFC 9457).

use serde_json::{Map, Value};

/// The rule that a member of a problem breaks, named after the check that it belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rule {
    /// Section 3.1: the types of the standard members.
    Members,
    /// Section 3.1.1.
    Type,
    /// Section 3.1.2.
    Status,
    /// Section 3.1.3.
    Title,
    /// Section 3.2.
    Extensions,
}

/// The violations in a problem that came with this status.
pub(crate) fn violations(body: &Value, status: u16) -> Vec<(Rule, String)> {
    let Value::Object(members) = body else {
        return vec![(Rule::Members, "the body is no JSON object".into())];
    };
    let mut found = Vec::new();
    for name in ["type", "title", "detail", "instance"] {
        if members.get(name).is_some_and(|value| !value.is_string()) {
            found.push((Rule::Members, format!("`{name}` is no string: {}", members[name])));
        }
    }
    match members.get("status") {
        Some(value) if !value.is_u64() => {
            found.push((Rule::Members, format!("`status` is no number: {value}")));
        }
        Some(value) if *value != status => {
            found.push((Rule::Status, format!("`status` is {value} in an answer {status}")));
        }
        _ => {}
    }
    for name in ["type", "instance"] {
        if let Some(text) = members.get(name).and_then(Value::as_str)
            && !is_uri_reference(text)
        {
            found.push((Rule::Type, format!("`{name}` is no URI reference: `{text}`")));
        }
    }
    if members.get("title").and_then(Value::as_str).is_none_or(|title| title.trim().is_empty()) {
        found.push((Rule::Title, "there is no `title`".into()));
    }
    found.extend(bad_extensions(members).map(|name| {
        (Rule::Extensions, format!("`{name}` is not a letter and two more letters, digits or `_`"))
    }));
    found
}

fn bad_extensions(members: &Map<String, Value>) -> impl Iterator<Item = &String> {
    members.keys().filter(|name| {
        let letter = name.starts_with(|c: char| c.is_ascii_alphabetic());
        let word = name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
        !(letter && word && name.len() >= 3)
    })
}

/// Whether a text may be a URI reference (RFC 3986 section 4.1): its characters and escapes are
/// valid, and it can be resolved.
pub(crate) fn is_uri_reference(text: &str) -> bool {
    let characters = text.bytes().enumerate().all(|(at, byte)| match byte {
        b'%' => {
            let escape = text.as_bytes().get(at + 1..at + 3);
            escape.is_some_and(|two| two.iter().all(u8::is_ascii_hexdigit))
        }
        byte => byte.is_ascii_alphanumeric() || b"-._~:/?#[]@!$&'()*+,;=".contains(&byte),
    });
    let base = reqwest::Url::parse("http://base.example/").expect("a constant");
    characters && base.join(text).is_ok()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn problems() {
        let good = json!({ "type": "/docs/x", "title": "X", "status": 404, "trace_id": "1" });
        assert_eq!(violations(&good, 404), []);
        let broken = |name: &str, value: Value| {
            let mut body = good.clone();
            body[name] = value;
            violations(&body, 404).iter().map(|(rule, _)| *rule).collect::<Vec<_>>()
        };
        assert_eq!(broken("status", json!(400)), [Rule::Status]);
        assert_eq!(broken("status", json!("404")), [Rule::Members]);
        assert_eq!(broken("type", json!("not a uri")), [Rule::Type]);
        assert_eq!(broken("type", json!("%zz")), [Rule::Type]);
        assert_eq!(broken("title", json!("")), [Rule::Title]);
        assert_eq!(broken("detail", json!({})), [Rule::Members]);
        assert_eq!(broken("trace-id", json!("1")), [Rule::Extensions]);
        assert_eq!(violations(&json!([]), 404)[0].0, Rule::Members);
    }
}
