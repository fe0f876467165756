//! JSON of the client's choice, kept as it was written. A number is kept as its text, because
//! `1e2`, `-0` and integers beyond 2^53 do not survive the conversion to a double.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde_json::value::RawValue;

/// A value. Members are sorted by name, so equal values give the same text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum LosslessJson {
    /// `null`, `true`, `false` or a number, as it was written.
    Plain(String),
    Text(String),
    List(Vec<LosslessJson>),
    Object(BTreeMap<String, LosslessJson>),
}

impl LosslessJson {
    /// Reads JSON text; `None` if the text is not JSON. The gateway has bounded the nesting depth.
    pub(crate) fn parse(json: &str) -> Option<Self> {
        let raw: &RawValue = serde_json::from_str(json).ok()?;
        let text = raw.get();
        Some(match text.as_bytes().first()? {
            b'"' => Self::Text(serde_json::from_str(text).ok()?),
            b'[' => {
                let items: Vec<&RawValue> = serde_json::from_str(text).ok()?;
                let items = items.into_iter().map(|item| Self::parse(item.get()));
                Self::List(items.collect::<Option<_>>()?)
            }
            b'{' => {
                let members: BTreeMap<String, Box<RawValue>> = serde_json::from_str(text).ok()?;
                let mut parsed = BTreeMap::new();
                for (name, value) in members {
                    parsed.insert(name, Self::parse(value.get())?);
                }
                Self::Object(parsed)
            }
            _ => Self::Plain(text.to_owned()),
        })
    }

    pub(crate) fn null() -> Self {
        Self::Plain("null".to_owned())
    }

    fn is_null(&self) -> bool {
        matches!(self, Self::Plain(text) if text == "null")
    }

    /// Applies a JSON Merge Patch (RFC 7396 section 2).
    pub(crate) fn merge(&mut self, patch: Self) {
        let Self::Object(patch) = patch else {
            *self = patch;
            return;
        };
        if !matches!(self, Self::Object(_)) {
            *self = Self::Object(BTreeMap::new());
        }
        let Self::Object(members) = self else { return };
        for (name, value) in patch {
            if value.is_null() {
                members.remove(&name);
            } else {
                members.entry(name).or_insert_with(Self::null).merge(value);
            }
        }
    }

    /// The value with its strings and names in NFC; `None` if two names of an object, or two items
    /// of a list, become equal by it.
    pub(crate) fn normalized(self) -> Option<Self> {
        Some(match self {
            Self::Plain(_) => self,
            Self::Text(text) => Self::Text(text::nfc(&text).into_owned()),
            Self::List(items) => {
                let items = items.into_iter().map(Self::normalized).collect::<Option<Vec<_>>>()?;
                let is_twice = |(at, item): (usize, &Self)| items[..at].contains(item);
                (!items.iter().enumerate().any(is_twice)).then_some(Self::List(items))?
            }
            Self::Object(members) => {
                let count = members.len();
                let mut normal = BTreeMap::new();
                for (name, value) in members {
                    normal.insert(text::nfc(&name).into_owned(), value.normalized()?);
                }
                (normal.len() == count).then_some(Self::Object(normal))?
            }
        })
    }
}

impl std::fmt::Display for LosslessJson {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Plain(text) => out.write_str(text),
            Self::Text(text) => quoted(text, out),
            Self::List(items) => {
                out.write_char('[')?;
                for (index, item) in items.iter().enumerate() {
                    out.write_str(if index == 0 { "" } else { "," })?;
                    item.fmt(out)?;
                }
                out.write_char(']')
            }
            Self::Object(members) => {
                out.write_char('{')?;
                for (index, (name, value)) in members.iter().enumerate() {
                    out.write_str(if index == 0 { "" } else { "," })?;
                    quoted(name, out)?;
                    out.write_char(':')?;
                    value.fmt(out)?;
                }
                out.write_char('}')
            }
        }
    }
}

fn quoted(text: &str, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
    out.write_str(&serde_json::to_string(text).map_err(|_| std::fmt::Error)?)
}

#[cfg(test)]
mod tests {
    use super::LosslessJson;

    fn parsed(json: &str) -> LosslessJson {
        LosslessJson::parse(json).unwrap_or_else(|| panic!("{json}"))
    }

    #[test]
    fn numbers_come_back_as_they_were_written() {
        let json = "{\"a\":[1e2,-0,1.0,0.10,12345678901234567890123,1E+2,9007199254740993,-0.0],\
                    \"b\":{\"c\":1.7976931348623157e308}}";
        assert_eq!(parsed(json).to_string(), json);
        let spaced = " { \"b\" : [ 1 , \"\\u00e9\\n\" ] , \"a\" : null } ";
        assert_eq!(parsed(spaced).to_string(), "{\"a\":null,\"b\":[1,\"é\\n\"]}");
        assert_eq!(LosslessJson::parse("{"), None);
    }

    /// The cases of RFC 7396, appendix A.
    #[test]
    fn patches_merge() {
        for (original, patch, result) in [
            ("{\"a\":\"b\"}", "{\"a\":\"c\"}", "{\"a\":\"c\"}"),
            ("{\"a\":\"b\"}", "{\"b\":\"c\"}", "{\"a\":\"b\",\"b\":\"c\"}"),
            ("{\"a\":\"b\"}", "{\"a\":null}", "{}"),
            ("{\"a\":\"b\",\"b\":\"c\"}", "{\"a\":null}", "{\"b\":\"c\"}"),
            ("{\"a\":[\"b\"]}", "{\"a\":\"c\"}", "{\"a\":\"c\"}"),
            ("{\"a\":\"c\"}", "{\"a\":[\"b\"]}", "{\"a\":[\"b\"]}"),
            ("{\"a\":{\"b\":\"c\"}}", "{\"a\":{\"b\":\"d\",\"c\":null}}", "{\"a\":{\"b\":\"d\"}}"),
            ("{\"a\":[{\"b\":\"c\"}]}", "{\"a\":[1]}", "{\"a\":[1]}"),
            ("[\"a\",\"b\"]", "[\"c\",\"d\"]", "[\"c\",\"d\"]"),
            ("{\"a\":\"b\"}", "[\"c\"]", "[\"c\"]"),
            ("{\"a\":\"foo\"}", "null", "null"),
            ("{\"a\":\"foo\"}", "\"bar\"", "\"bar\""),
            ("{\"e\":null}", "{\"a\":1}", "{\"a\":1,\"e\":null}"),
            ("[1,2]", "{\"a\":\"b\",\"c\":null}", "{\"a\":\"b\"}"),
            ("{}", "{\"a\":{\"bb\":{\"ccc\":null}}}", "{\"a\":{\"bb\":{}}}"),
        ] {
            let mut value = parsed(original);
            value.merge(parsed(patch));
            assert_eq!(value.to_string(), result, "{original} {patch}");
        }
    }

    #[test]
    fn equal_spellings_are_one() {
        let normalized = |json: &str| parsed(json).normalized().map(|value| value.to_string());
        assert_eq!(normalized("{\"e\u{301}\":\"e\u{301}\"}").as_deref(), Some("{\"é\":\"é\"}"));
        assert_eq!(normalized("[\"e\u{301}\",\"é\"]"), None);
        assert_eq!(normalized("{\"e\u{301}\":1,\"é\":2}"), None);
    }
}
