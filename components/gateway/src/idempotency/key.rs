//! The header `Idempotency-Key` (draft-ietf-httpapi-idempotency-key-header-07 section 2.1), and
//! the key as the stores know it.

use http::HeaderMap;
use http::request::Parts;
use sfv::{BareItem, Item, Parser};
use sha2::{Digest, Sha256};

use crate::trace::hex;
use crate::{Caller, Code, Error, Violation};

const NAME: &str = "idempotency-key";
/// Characters of a key.
const LONGEST: usize = 255;

/// The key that a client sent: a string of structured fields (RFC 9651 section 3.3.3), or, as
/// most clients send it, the bare characters.
pub(super) fn of(headers: &HeaderMap) -> Result<Option<String>, Error> {
    let Some(value) = headers.get(NAME) else { return Ok(None) };
    let key = match value.as_bytes() {
        quoted @ [b'"', ..] => match Parser::new(quoted).parse::<Item>() {
            Ok(Item { bare_item: BareItem::String(key), params }) if params.is_empty() => {
                Some(String::from(key))
            }
            _ => None,
        },
        bare => str::from_utf8(bare).ok().map(str::to_owned),
    };
    let fits = |key: &String| {
        (1..=LONGEST).contains(&key.len()) && key.bytes().all(|b| matches!(b, b' '..=b'~'))
    };
    match key.filter(fits) {
        Some(key) => Ok(Some(key)),
        None => Err(refused(
            "INVALID_FORMAT",
            "Idempotency-Key takes 1 to 255 printable ASCII characters, such as a UUID, bare or in quotes.",
        )),
    }
}

/// The refusal of a request without a key, where the contract demands one.
pub(super) fn missing() -> Error {
    refused(
        "REQUIRED",
        "This operation needs an Idempotency-Key, so that a retry cannot do it twice; send a new UUID, and the same one with a retry.",
    )
}

fn refused(code: &str, message: &str) -> Error {
    let violation = Violation {
        pointer: NAME.to_owned(),
        code: code.to_owned(),
        message: message.to_owned(),
        value: None,
    };
    Error { violations: vec![violation], ..Error::new(Code::MalformedRequest, message) }
}

/// The key as the stores know it: bound to tenant, principal, method and path. Where nobody was
/// authenticated, to the credential that the function will look at (RFC 6749 section 2.3.1).
pub(super) fn scoped(key: &str, parts: &Parts, caller: Option<&Caller>) -> String {
    let (tenant, principal) = match caller {
        Some(caller) => (caller.tenant.as_str(), caller.id()),
        None => ("", ""),
    };
    let credential = match caller {
        Some(_) => &[][..],
        None => parts.headers.get("authorization").map_or(&[][..], |value| value.as_bytes()),
    };
    let path = parts.uri.path();
    let path = path.strip_prefix("/api").unwrap_or(path);
    let mut hash = Sha256::new();
    for piece in [
        tenant.as_bytes(),
        principal.as_bytes(),
        credential,
        parts.method.as_str().as_bytes(),
        path.as_bytes(),
        key.as_bytes(),
    ] {
        hash.update(u32::try_from(piece.len()).unwrap_or(u32::MAX).to_be_bytes());
        hash.update(piece);
    }
    hex(&hash.finalize())
}

/// The digest of a body, whatever form it has. It is salted with the key that the client chose,
/// which is stored nowhere: a body may hold a password, and a plain digest would let whoever
/// reads a store guess it.
pub(super) fn fingerprint(key: &str, body: &[u8]) -> String {
    let mut hash = Sha256::new();
    hash.update(u32::try_from(key.len()).unwrap_or(u32::MAX).to_be_bytes());
    hash.update(key);
    hash.update(body);
    hex(&hash.finalize())
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;

    fn sent(values: &[&[u8]]) -> Result<Option<String>, Error> {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(NAME, HeaderValue::from_bytes(value).expect("a header"));
        }
        of(&headers)
    }

    #[test]
    fn quoted_and_bare_are_the_same_key() {
        let key = |value: &str| sent(&[value.as_bytes()]).expect("a key");
        assert_eq!(sent(&[]).expect("none is no error"), None);
        assert_eq!(key("abc-1"), Some("abc-1".to_owned()));
        assert_eq!(key("\"abc-1\""), key("abc-1"));
        assert_eq!(key(r#""a \"b\" \\c""#), Some(r#"a "b" \c"#.to_owned()));
        assert_eq!(key(&"k".repeat(255)), Some("k".repeat(255)));
    }

    #[test]
    fn what_is_no_key_is_refused() {
        let long = "k".repeat(256);
        for wrong in [&b""[..], b"\"\"", b"\"open", b"\"a\";p=1", b"\"a\", \"b\"", b"caf\xc3\xa9"] {
            let error = sent(&[wrong]).expect_err("no key");
            assert_eq!((error.code, error.violations.len()), (Code::MalformedRequest, 1));
        }
        assert!(sent(&[long.as_bytes()]).is_err());
    }
}
