//! The body of a webhook, parsed after its signature was verified. A body that two parsers may read
//! differently, or that one of them may refuse, is kept as it came and marked as unreadable.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value as Json, json};
use url::form_urlencoded;

use super::Provider;

/// The deepest nesting of lists and objects, as for other request bodies.
const DEPTH: usize = 64;

/// A body in the form in which it is stored.
pub(crate) struct Document {
    /// The body as JSON. Null if it is not JSON.
    pub(crate) json: Json,
    /// The stored JSON: the body itself if it is JSON, otherwise an object with `raw` and the text,
    /// or with `raw_base64` and the bytes.
    pub(crate) payload: String,
    /// Whether the body claims to be JSON but is not, or is not UTF-8.
    pub(crate) unreadable: bool,
}

impl Document {
    /// Reads a body. `content_type` is the value of its header.
    pub(crate) fn read(provider: Provider, content_type: &str, body: &[u8]) -> Self {
        let Ok(whole) = std::str::from_utf8(body) else {
            let payload = json!({ "raw_base64": STANDARD.encode(body) }).to_string();
            return Self { json: Json::Null, payload, unreadable: true };
        };
        let essence = content_type.split(';').next().unwrap_or_default().trim();
        let essence = essence.to_ascii_lowercase();
        let mut says_json = essence.ends_with("json");
        let mut text = whole.to_owned();
        // The other format of GitHub: a form whose member `payload` is the JSON.
        if provider == Provider::Github && essence == "application/x-www-form-urlencoded" {
            let mut members = form_urlencoded::parse(body);
            if let Some((_, payload)) = members.find(|(name, _)| name == "payload") {
                (text, says_json) = (payload.into_owned(), true);
            }
        }
        // RFC 8259 section 8.1 lets a reader ignore a byte order mark.
        let text = text.trim_start_matches('\u{feff}').trim_matches([' ', '\t', '\n', '\r']);
        match parse(text) {
            Ok(json) => Self { json, payload: text.to_owned(), unreadable: false },
            Err(_) => Self {
                json: Json::Null,
                payload: json!({ "raw": whole }).to_string(),
                unreadable: says_json,
            },
        }
    }
}

/// Parses JSON that all parsers read alike: no name twice in one object, no nesting beyond the
/// limit, and only valid Unicode.
fn parse(text: &str) -> serde_json::Result<Json> {
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let json = Value { depth: 0 }.deserialize(&mut deserializer)?;
    deserializer.end()?;
    Ok(json)
}

/// Any JSON value at this depth.
#[derive(Clone, Copy)]
struct Value {
    depth: usize,
}

impl Value {
    fn deeper<E: Error>(self) -> Result<Self, E> {
        match self.depth {
            DEPTH => Err(E::custom("nested too deep")),
            depth => Ok(Self { depth: depth + 1 }),
        }
    }
}

impl<'de> DeserializeSeed<'de> for Value {
    type Value = Json;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Json, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Value {
    type Value = Json;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Json, E> {
        Ok(Json::Null)
    }

    fn visit_bool<E>(self, truth: bool) -> Result<Json, E> {
        Ok(truth.into())
    }

    fn visit_i64<E>(self, number: i64) -> Result<Json, E> {
        Ok(number.into())
    }

    fn visit_u64<E>(self, number: u64) -> Result<Json, E> {
        Ok(number.into())
    }

    fn visit_f64<E>(self, number: f64) -> Result<Json, E> {
        Ok(Number::from_f64(number).map_or(Json::Null, Json::Number))
    }

    fn visit_str<E>(self, text: &str) -> Result<Json, E> {
        Ok(text.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Json, A::Error> {
        let item = self.deeper()?;
        let mut found = Vec::new();
        while let Some(value) = list.next_element_seed(item)? {
            found.push(value);
        }
        Ok(found.into())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<Json, A::Error> {
        let member = self.deeper()?;
        let mut found = Map::new();
        while let Some(name) = object.next_key::<String>()? {
            let value = object.next_value_seed(member)?;
            if found.insert(name, value).is_some() {
                return Err(A::Error::custom("a name twice"));
            }
        }
        Ok(found.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const JSON: &str = "application/json";

    #[track_caller]
    fn check(content_type: &str, body: &[u8], payload: &str, unreadable: bool) {
        let document = Document::read(Provider::Github, content_type, body);
        let kept: Json = serde_json::from_str(&document.payload).unwrap();
        assert_eq!(kept, serde_json::from_str::<Json>(payload).unwrap());
        assert_eq!(document.unreadable, unreadable, "{payload}");
        assert!(!unreadable || document.json.is_null());
    }

    #[test]
    fn json_is_kept_as_it_is() {
        check(JSON, b"{\"a\":1}", "{\"a\":1}", false);
        check("application/cloudevents-batch+JSON; charset=utf-8", b"[{}]", "[{}]", false);
        check(JSON, "\u{feff} {\"a\":\"ä\"}\n".as_bytes(), "{\"a\":\"ä\"}", false);
        check(
            "application/x-www-form-urlencoded",
            b"payload=%7B%22a%22%3A+1%7D",
            "{\"a\":1}",
            false,
        );
        check("", b"[1]", "[1]", false);
        let exact = Document::read(Provider::Github, JSON, b"{\"a\": 12345678901234567890.10}");
        assert_eq!(exact.payload, "{\"a\": 12345678901234567890.10}");
    }

    #[test]
    fn what_cannot_be_read_is_kept_as_it_came() {
        let deep = format!("{}{}", "[".repeat(65), "]".repeat(65));
        for body in [
            "{\"a\":1,\"a\":2}",
            "{\"a\":\"\\ud800\"}",
            "{\"\\ud800\":1}",
            "{\"a\":1e999}",
            "{",
            "",
            deep.as_str(),
            "[".repeat(100_000).as_str(),
        ] {
            check(JSON, body.as_bytes(), &json!({ "raw": body }).to_string(), true);
            check("text/plain", body.as_bytes(), &json!({ "raw": body }).to_string(), false);
        }
        check(JSON, b"{\"a\":\"\xff\"}", "{\"raw_base64\":\"eyJhIjoi/yJ9\"}", true);
        check("application/x-www-form-urlencoded", b"a=b", "{\"raw\":\"a=b\"}", false);
        let twice = "payload=%7B%22a%22%3A1%2C%22a%22%3A2%7D";
        let kept = json!({ "raw": twice }).to_string();
        check("application/x-www-form-urlencoded", twice.as_bytes(), &kept, true);
    }
}
