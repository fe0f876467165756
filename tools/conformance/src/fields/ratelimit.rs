//! `RateLimit-Policy` and `RateLimit` (draft-ietf-httpapi-ratelimit-headers-10): structured
//! fields, both Lists of Strings with parameters.

use sfv::{BareItem, Item, List, ListEntry, Parser};

/// A quota policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Policy {
    pub(crate) name: String,
    /// Quota units.
    pub(crate) quota: i64,
    /// Seconds.
    pub(crate) window: Option<i64>,
}

/// The remaining units of a policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Limit {
    pub(crate) name: String,
    pub(crate) remaining: i64,
    /// Seconds.
    pub(crate) reset: Option<i64>,
}

/// The quota units of the draft (section 3.1.2).
const UNITS: [&str; 3] = ["requests", "content-bytes", "concurrent-requests"];

/// Reads `RateLimit-Policy` (section 3).
pub(crate) fn policies(value: &str) -> Result<Vec<Policy>, String> {
    let policies = items(value)?.into_iter().map(|(name, item)| {
        partition_key(&name, &item)?;
        let unit = match parameter(&item, "qu") {
            None => "requests",
            Some(unit) => unit
                .as_string()
                .map(|unit| unit.as_str())
                .ok_or_else(|| format!("\"{name}\": `qu` is no String"))?,
        };
        if !UNITS.contains(&unit) {
            return Err(format!("\"{name}\": `qu` is `{unit}`, which is not registered"));
        }
        let quota = integer(&name, &item, "q")?;
        let quota = quota.ok_or_else(|| format!("\"{name}\" has no `q`"))?;
        let window = integer(&name, &item, "w")?;
        if window == Some(0) {
            return Err(format!("\"{name}\": `w` is 0"));
        }
        Ok(Policy { name, quota, window })
    });
    policies.collect()
}

/// Reads `RateLimit` (section 4).
pub(crate) fn limits(value: &str) -> Result<Vec<Limit>, String> {
    let limits = items(value)?.into_iter().map(|(name, item)| {
        partition_key(&name, &item)?;
        let remaining = integer(&name, &item, "r")?;
        let remaining = remaining.ok_or_else(|| format!("\"{name}\" has no `r`"))?;
        let reset = integer(&name, &item, "t")?;
        Ok(Limit { name, remaining, reset })
    });
    limits.collect()
}

/// The members of the list with their names. An empty list is an error.
fn items(value: &str) -> Result<Vec<(String, Item)>, String> {
    let list: List = Parser::new(value)
        .parse()
        .map_err(|error| format!("`{value}` is no List (RFC 9651): {error}"))?;
    if list.is_empty() {
        return Err("the List is empty".into());
    }
    let named = list.into_iter().map(|entry| match entry {
        ListEntry::Item(item) => match item.bare_item.as_string() {
            Some(name) => Ok((name.as_str().to_owned(), item)),
            None => Err(format!("`{value}`: a policy is named by a String, in quotes")),
        },
        ListEntry::InnerList(_) => Err(format!("`{value}`: an inner list is no policy")),
    });
    named.collect()
}

fn parameter<'a>(item: &'a Item, name: &str) -> Option<&'a BareItem> {
    item.params.iter().find(|(key, _)| key.as_str() == name).map(|(_, value)| value)
}

/// A parameter that is a non-negative Integer.
fn integer(policy: &str, item: &Item, name: &str) -> Result<Option<i64>, String> {
    let Some(value) = parameter(item, name) else { return Ok(None) };
    match value.as_integer().map(i64::from) {
        Some(number) if number >= 0 => Ok(Some(number)),
        _ => Err(format!("\"{policy}\": `{name}` is no non-negative Integer")),
    }
}

fn partition_key(policy: &str, item: &Item) -> Result<(), String> {
    match parameter(item, "pk") {
        Some(key) if key.as_byte_sequence().is_none() => {
            Err(format!("\"{policy}\": `pk` is no Byte Sequence"))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that panics has failed")]
mod tests {
    use super::*;

    #[test]
    fn policies_of_the_draft() {
        let value = "\"permin\";q=50;w=60,\"perhr\";q=1000;w=3600;pk=:cHsdsRa894==:";
        let read = policies(value).unwrap();
        assert_eq!((read.len(), read[1].name.as_str(), read[1].quota), (2, "perhr", 1000));
        assert_eq!(read[0].window, Some(60));
        assert!(policies("\"b\";q=65535;qu=\"content-bytes\"").is_ok());
        for wrong in [
            "",
            "read;q=1",
            "\"a\"",
            "\"a\";q=-1",
            "\"a\";q=1.0",
            "\"a\";q=\"1\"",
            "\"a\";q=1;w=0",
            "\"a\";q=1;pk=x",
            "\"a\";q=1;qu=x",
            "\"a\";q=1;qu=\"cows\"",
            "(\"a\");q=1",
            "\"a\";q=1;",
        ] {
            assert!(policies(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn limits_of_the_draft() {
        let limit = Limit { name: "default".into(), remaining: 50, reset: Some(30) };
        assert_eq!(limits("\"default\";r=50;t=30"), Ok(vec![limit]));
        assert!(limits("\"default\";r=999;pk=:dHJpYWwxMjEzMjM=:").is_ok());
        for wrong in ["limit=1, remaining=2", "\"a\";t=1", "\"a\";r=1;t=-1", "\"a\";r=1;t=1.5"] {
            assert!(limits(wrong).is_err(), "{wrong}");
        }
    }
}
