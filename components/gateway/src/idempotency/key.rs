//! The header `Idempotency-Key` (draft-ietf-httpapi-idempotency-key-header-07 section 2.1), and the
//! form of the key in the stores.

use std::net::IpAddr;

use http::HeaderMap;
use http::request::Parts;
use protocol::{Caller, Code, Error, Violation};
use serde_json::Value;
use sfv::{BareItem, Item, Parser};
use sha2::{Digest, Sha256};

const NAME: &str = "idempotency-key";
/// The most characters of a key.
const MAX_LENGTH: usize = 255;

/// The key that a client sent. It is a string of structured fields (RFC 9651 section 3.3.3), or the
/// bare characters, which most clients send.
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
        (1..=MAX_LENGTH).contains(&key.len()) && key.bytes().all(|b| matches!(b, b' '..=b'~'))
    };
    match key.filter(fits) {
        Some(key) => Ok(Some(key)),
        None => Err(refused(
            "INVALID_FORMAT",
            "Idempotency-Key takes 1 to 255 printable ASCII characters, such as a UUID, bare or in quotes.",
        )),
    }
}

/// The refusal of a request without a key, for operations that require one.
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

/// The key as the stores have it. It is bound to tenant, principal, method and path. Without an
/// authenticated caller, it is bound to the identity that the request claims, so that equal keys of
/// different senders do not collide.
pub(super) fn scoped(
    key: &str,
    parts: &Parts,
    caller: Option<&Caller>,
    sender: &AnonymousSender<'_>,
) -> String {
    let (tenant, principal) = match caller {
        Some(caller) => (caller.tenant.as_str(), caller.id()),
        None => ("", ""),
    };
    let credential = match caller {
        Some(_) => Vec::new(),
        None => sender.identity(parts),
    };
    let path = parts.uri.path();
    let path = path.strip_prefix("/api").unwrap_or(path);
    let mut hash = Sha256::new();
    for piece in [
        tenant.as_bytes(),
        principal.as_bytes(),
        credential.as_slice(),
        parts.method.as_str().as_bytes(),
        path.as_bytes(),
        key.as_bytes(),
    ] {
        hash.update(u32::try_from(piece.len()).unwrap_or(u32::MAX).to_be_bytes());
        hash.update(piece);
    }
    hex::encode(hash.finalize())
}

/// The members in bodies of public operations that identify the sender: the account, the client, or
/// the token of a login (RFC 6749 sections 2.3.1 and 6).
const ACCOUNTS: [&str; 3] = ["email", "client_id", "refresh_token"];

/// The information about its sender in a request without an authenticated caller.
pub(super) struct AnonymousSender<'a> {
    /// The body in the form that the function reads.
    pub(super) body: &'a [u8],
    /// The network that it comes from, as the limits count it.
    pub(super) network: IpAddr,
}

impl AnonymousSender<'_> {
    /// The claimed identity: the credential that the function will check, else the accounts that
    /// the body names, else the network. A retry that names an account gets the stored answer from
    /// any network. This is safe, because the body also has the proof of the account, and its
    /// fingerprint must be the same.
    fn identity(&self, parts: &Parts) -> Vec<u8> {
        if let Some(credential) = parts.headers.get("authorization") {
            return [b"credential:", credential.as_bytes()].concat();
        }
        match self.accounts() {
            none if none.is_empty() => format!("network:{}", self.network).into_bytes(),
            accounts => format!("account:{accounts:?}").into_bytes(),
        }
    }

    /// The accounts that a JSON object or a form names.
    fn accounts(&self) -> Vec<(&'static str, String)> {
        let named = |name: &str| ACCOUNTS.into_iter().find(|known| *known == name);
        if let Ok(Value::Object(members)) = serde_json::from_slice(self.body) {
            let account = |name: &'static str| Some((name, members.get(name)?.as_str()?.into()));
            return ACCOUNTS.into_iter().filter_map(account).collect();
        }
        let pairs = form_urlencoded::parse(self.body);
        pairs.filter_map(|(name, value)| Some((named(&name)?, value.into_owned()))).collect()
    }
}

/// The digest of a body in any form. The salt is the key that the client chose, which is stored
/// nowhere. A body may hold a password, and with a plain digest a reader of the store could guess
/// it.
pub(super) fn fingerprint(key: &str, body: &[u8]) -> String {
    let mut hash = Sha256::new();
    hash.update(u32::try_from(key.len()).unwrap_or(u32::MAX).to_be_bytes());
    hash.update(key);
    hash.update(body);
    hex::encode(hash.finalize())
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

    /// The key of a sender with this network, credential and body.
    fn key_of_sender(network: u8, authorization: Option<&str>, body: &str) -> String {
        let mut request = http::Request::post("/api/v1/auth/login");
        if let Some(value) = authorization {
            request = request.header("authorization", value);
        }
        let (parts, ()) = request.body(()).expect("a request").into_parts();
        let network = IpAddr::from([192, 0, 2, network]);
        scoped("k", &parts, None, &AnonymousSender { body: body.as_bytes(), network })
    }

    #[test]
    fn strangers_are_told_apart() {
        let ana = r#"{"email":"ana@example.com","password":"x"}"#;
        let key = |body: &str| key_of_sender(7, None, body);
        assert_eq!(key(ana), key_of_sender(8, None, ana), "a network is not who somebody is");
        assert_eq!(
            key(ana),
            key(r#"{"password":"y","email":"ana@example.com"}"#),
            "the fingerprint differs"
        );
        let bob = r#"{"email":"bob@example.com","password":"x"}"#;
        let forms = ["client_id=a&x=1", "client_id=b&x=1", "refresh_token=a", "refresh_token=b"];
        let mut keys: Vec<_> = [ana, bob, "{}"].into_iter().chain(forms).map(key).collect();
        keys.push(key_of_sender(8, None, "{}"));
        keys.push(key_of_sender(7, Some("Basic YTpi"), "{}"));
        keys.push(key_of_sender(7, Some("Basic YTpj"), "{}"));
        let count = keys.len();
        keys.sort();
        keys.dedup();
        assert_eq!(keys.len(), count);
    }
}
