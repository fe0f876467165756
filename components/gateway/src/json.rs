//! Checks of JSON beyond its grammar: a body must not nest too deeply, and no object may have a
//! name twice. RFC 8259 does not say which of two equal names counts, and a reader before us may
//! have taken the other one.

use std::borrow::Cow;
use std::cell::Cell;
use std::collections::HashSet;
use std::fmt;

use protocol::{Code, Error};
use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};

/// The most nested levels of lists and objects.
const DEPTH: usize = 64;

/// Checks a body in one pass: 400 if it is not JSON, too deep, or ambiguous.
pub(crate) fn check(body: &[u8]) -> Result<(), Error> {
    let why = Cell::new("The body is not valid JSON");
    let mut deserializer = serde_json::Deserializer::from_slice(body);
    let checked = Value { depth: 0, why: &why }.deserialize(&mut deserializer);
    checked.and_then(|()| deserializer.end()).map_err(|error| {
        let (line, column) = (error.line(), error.column());
        let message = format!("{} at line {line}, column {column}.", why.get());
        Error::new(Code::MalformedRequest, message)
    })
}

/// A value at this depth.
#[derive(Clone, Copy)]
struct Value<'a> {
    depth: usize,
    why: &'a Cell<&'static str>,
}

impl Value<'_> {
    fn deeper<E: serde::de::Error>(self) -> Result<Self, E> {
        if self.depth == DEPTH {
            return Err(self.refuse("The body nests lists and objects deeper than 64 levels"));
        }
        Ok(Self { depth: self.depth + 1, ..self })
    }

    fn refuse<E: serde::de::Error>(self, why: &'static str) -> E {
        self.why.set(why);
        E::custom(why)
    }
}

impl<'de> DeserializeSeed<'de> for Value<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Value<'_> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E>(self, _: &str) -> Result<(), E> {
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        let item = self.deeper()?;
        while list.next_element_seed(item)?.is_some() {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<(), A::Error> {
        let member = self.deeper()?;
        let mut names = HashSet::new();
        while let Some(name) = object.next_key_seed(Name)? {
            if !names.insert(name) {
                return Err(self.refuse("An object of the body has the same name twice"));
            }
            object.next_value_seed(member)?;
        }
        Ok(())
    }
}

/// The name of a member, borrowed from the body unless it has escapes.
struct Name;

impl<'de> DeserializeSeed<'de> for Name {
    type Value = Cow<'de, str>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<'de> Visitor<'de> for Name {
    type Value = Cow<'de, str>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a name")
    }

    fn visit_borrowed_str<E>(self, name: &'de str) -> Result<Self::Value, E> {
        Ok(Cow::Borrowed(name))
    }

    fn visit_str<E>(self, name: &str) -> Result<Self::Value, E> {
        Ok(Cow::Owned(name.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nested(levels: usize) -> String {
        format!("{}{}", "[".repeat(levels), "]".repeat(levels))
    }

    #[test]
    fn json_is_json() {
        for body in [
            "{}",
            "[]",
            "1",
            "-1.5e3",
            "null",
            "\"a\"",
            " {\"a\":{\"a\":1},\"b\":[{\"a\":1},{\"a\":2}]} ",
            "{\"\":1,\"a\":2}",
            "18446744073709551616",
        ] {
            assert!(check(body.as_bytes()).is_ok(), "{body}");
        }
        assert!(check(nested(64).as_bytes()).is_ok());
        for body in [
            "",
            "{",
            "nope",
            "{} {}",
            "{\"a\":}",
            "[1,]",
            "{'a':1}",
            "\"\\ud800\"",
            "01",
            "\u{feff}{}",
        ] {
            let error = check(body.as_bytes()).expect_err(body);
            assert_eq!(error.code, Code::MalformedRequest, "{body}");
            assert!(error.message.starts_with("The body is not valid JSON at line"), "{body}");
        }
        assert!(check(b"\"\xff\"").is_err());
    }

    #[test]
    fn what_nests_too_deep_or_says_two_things_is_refused() {
        for (body, why) in [
            (nested(65), "64 levels"),
            (nested(5000), "64 levels"),
            (format!("{}1{}", "{\"a\":".repeat(65), "}".repeat(65)), "64 levels"),
            ("{\"secret\":1,\"secret\":1}".to_owned(), "twice"),
            ("[{\"x\":{\"a\":1,\"b\":2,\"\\u0061\":3}}]".to_owned(), "twice"),
        ] {
            let error = check(body.as_bytes()).expect_err(why);
            assert!(error.message.contains(why), "{}", error.message);
            assert!(!error.message.contains("secret"), "no name is repeated");
        }
    }
}
