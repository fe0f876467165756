//! `ETag` (RFC 9110 section 8.8.3).

/// Parses a tag: the opaque part with its quotes, and whether the tag is weak.
pub(crate) fn parse(value: &str) -> Result<(&str, bool), String> {
    let (opaque, weak) = match value.strip_prefix("W/") {
        Some(opaque) => (opaque, true),
        None => (value, false),
    };
    let inner = opaque.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
    // etagc = %x21 / %x23-7E / obs-text
    let valid = |inner: &str| inner.bytes().all(|byte| byte > b' ' && !matches!(byte, b'"' | 0x7f));
    match inner {
        Some(inner) if valid(inner) => Ok((opaque, weak)),
        _ => Err(format!("`{value}` is no entity-tag: [W/]\"opaque\"")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags() {
        assert_eq!(parse("\"v1\""), Ok(("\"v1\"", false)));
        assert_eq!(parse("W/\"v1\""), Ok(("\"v1\"", true)));
        assert_eq!(parse("\"\""), Ok(("\"\"", false)));
        for wrong in ["v1", "\"v1", "w/\"v1\"", "\"a\"b\"", "\"a b\"", "*", "\""] {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
    }
}
