//! Custom headers of endpoints: which names a tenant may choose.
//!
//! A tenant may not choose a header whose value receivers take for the statement of another party:
//! of a proxy about the sender of a request, of the connection about its framing, or of this system
//! about a delivery.

use serde_json::{Map, Value as Json};

/// The most headers of an endpoint.
const MAX_HEADERS: usize = 20;

/// Names that the delivery sets itself, or that it may not have. An underscore counts as a hyphen,
/// because CGI and the interfaces that follow it make the same variable name of both.
const RESERVED: [&str; 24] = [
    // Framing and routing of a message (RFC 9110 section 7.2, RFC 9112).
    "accept-encoding",
    "expect",
    "host",
    "max-forwards",
    "user-agent",
    // Hop-by-hop headers (RFC 9110 section 7.6.1).
    "alt-used",
    "connection",
    "http2-settings",
    "keep-alive",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    // Statements of a proxy about the sender and the original request (RFC 7239, RFC 9110 section
    // 7.6.3, RFC 8586), and the signature of a delivery.
    "cdn-loop",
    "forwarded",
    "front-end-https",
    "via",
    "x-client-address",
    "x-host",
    "x-http-method",
    "x-proto",
    "x-scheme",
    "x-url-scheme",
    "x-signature",
];
/// Reserved beginnings of names: of the message's own format, of proxies, and of the signature and
/// hop count of a delivery.
const RESERVED_PREFIXES: [&str; 18] = [
    "cf-",
    "content-",
    "fastly-",
    "forwarded-",
    "proxy-",
    "spin-",
    "svix-",
    "tenantry-",
    "webhook-",
    "x-amzn-",
    "x-arr-",
    "x-azure-",
    "x-envoy-",
    "x-forwarded",
    "x-original-",
    "x-signature-",
    "x-tenantry-",
    "x-webhook-",
];
/// Reserved ends of names, after any vendor's prefix: client addresses, and overrides of the
/// method, host or URL of the request.
const RESERVED_SUFFIXES: [&str; 13] = [
    "-override",
    "-rewrite-url",
    "client-connection-ip",
    "client-ip",
    "clientip",
    "connecting-ip",
    "original-host",
    "peer-ip",
    "real-ip",
    "remote-addr",
    "remote-ip",
    "source-ip",
    "user-ip",
];

/// Whether a header name is reserved, so that an endpoint cannot set it on its deliveries.
pub(crate) fn is_reserved(name: &str) -> bool {
    let name = name.to_ascii_lowercase().replace('_', "-");
    RESERVED.contains(&name.as_str())
        || RESERVED_PREFIXES.iter().any(|prefix| name.starts_with(prefix))
        || RESERVED_SUFFIXES.iter().any(|suffix| name.ends_with(suffix))
}

/// A violation: the JSON pointer to the header, and the message.
pub(crate) type HeaderViolation = (String, &'static str);

/// Violations in the headers that a client writes. The value `null` removes a header, so it is
/// allowed for reserved names.
pub(crate) fn check(headers: &Map<String, Json>) -> Vec<HeaderViolation> {
    let mut found = Vec::new();
    let mut note = |pointer: String, message| found.push((pointer, message));
    if headers.len() > MAX_HEADERS {
        note("/headers".to_owned(), "Must have at most 20 members.");
    }
    for (name, value) in headers {
        if http::HeaderName::from_bytes(name.as_bytes()).is_err() {
            note(pointer(name), "Must be the name of a header.");
        } else if is_reserved(name) && !value.is_null() {
            note(
                pointer(name),
                "Is a header that the delivery or a proxy sets; choose another name.",
            );
        }
        // RFC 9110 section 5.5. `HeaderValue` also accepts bytes beyond ASCII, so they are checked
        // here.
        let fits = |byte: u8| byte == b'\t' || (b' '..=b'~').contains(&byte);
        if value.as_str().is_some_and(|value| !value.bytes().all(fits)) {
            note(pointer(name), "Must be the value of a header: visible ASCII characters.");
        }
    }
    found
}

/// Violations in all headers that an endpoint has after a change. A merge adds to the headers that
/// it has, so the whole set is checked again.
pub(crate) fn check_all(headers: &Map<String, Json>) -> Vec<HeaderViolation> {
    let mut found = Vec::new();
    if headers.len() > MAX_HEADERS {
        found.push(("/headers".to_owned(), "Must have at most 20 members."));
    }
    let names: Vec<String> = headers.keys().map(|name| name.to_ascii_lowercase()).collect();
    for (at, name) in headers.keys().enumerate() {
        if names[..at].contains(&names[at]) {
            found.push((pointer(name), "Is given twice; upper and lower case make no difference."));
        }
    }
    found
}

/// The JSON pointer to a header in a body.
pub(crate) fn pointer(name: &str) -> String {
    format!("/headers/{}", name.replace('~', "~0").replace('/', "~1"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn wrong(headers: Json) -> Vec<String> {
        check(headers.as_object().unwrap()).into_iter().map(|(pointer, _)| pointer).collect()
    }

    #[test]
    fn names_of_others_are_reserved() {
        for name in [
            "Host",
            "Content-Length",
            "content-type",
            "Content-Digest",
            "Connection",
            "Proxy-Authorization",
            "Proxy-Connection",
            "TE",
            "Transfer-Encoding",
            "X-Forwarded-For",
            "X_Forwarded_For",
            "x-forwarded",
            "X-Forwarded-Host",
            "Forwarded",
            "Via",
            "X-Real-IP",
            "True-Client-IP",
            "CF-Connecting-IP",
            "X-Original-URL",
            "Webhook-Id",
            "X-Signature",
            "X-Signature-V2",
            "Tenantry-Hops",
            "X-Client-Address",
            "X-Cluster-Client-IP",
            "Fly-Client-IP",
            "X-Sucuri-ClientIP",
            "X-NF-Client-Connection-IP",
            "DO-Connecting-IP",
            "X-Remote-Addr",
            "REMOTE_ADDR",
            "X-Scheme",
            "X-HTTP-Host-Override",
            "X-HTTP-Method-Override",
            "X-Host",
            "X-Rewrite-URL",
            "X-Appengine-User-IP",
        ] {
            assert!(is_reserved(name), "{name}");
        }
    }

    #[test]
    fn names_of_ones_own_are_not() {
        for name in [
            "Authorization",
            "X-Team",
            "x-api-key",
            "X-Forward",
            "Cookie",
            "x-signatures",
            "X-Ship",
            "X-RapidAPI-Host",
        ] {
            assert!(!is_reserved(name), "{name}");
        }
    }

    #[test]
    fn each_violation_is_told() {
        let headers =
            json!({ "a/b": "c", "Via": "x", "te": null, "x-a": "e\n", "x-b": "ü", "x-c": "d" });
        assert_eq!(
            wrong(headers),
            ["/headers/Via", "/headers/a~1b", "/headers/x-a", "/headers/x-b"]
        );
        let many = (0..21).map(|n| (format!("x-{n}"), json!("v"))).collect();
        assert_eq!(check(&many).len(), 1);
        assert_eq!(check_all(&many).len(), 1);
        let twice = json!({ "X-A": "1", "x-a": "2" });
        assert_eq!(check_all(twice.as_object().unwrap()).len(), 1);
    }
}
