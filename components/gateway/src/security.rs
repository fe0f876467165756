//! Security headers, on every answer (K-80, D-179…183).

use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderName, HeaderValue};

const POLICY: HeaderName = HeaderName::from_static("content-security-policy");

const HEADERS: [(HeaderName, HeaderValue); 7] = [
    (HeaderName::from_static("x-content-type-options"), HeaderValue::from_static("nosniff")),
    (HeaderName::from_static("x-frame-options"), HeaderValue::from_static("DENY")),
    (
        HeaderName::from_static("strict-transport-security"),
        HeaderValue::from_static("max-age=63072000; includeSubDomains"),
    ),
    (POLICY, HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'")),
    // 0 switches off a legacy filter, which was itself exploitable.
    (HeaderName::from_static("x-xss-protection"), HeaderValue::from_static("0")),
    // Paths contain ids, which other sites do not need.
    (HeaderName::from_static("referrer-policy"), HeaderValue::from_static("no-referrer")),
    // Other sites must not embed an answer. Requests with CORS are not affected.
    (
        HeaderName::from_static("cross-origin-resource-policy"),
        HeaderValue::from_static("same-origin"),
    ),
];

/// The policy for pages. They may have their own style sheets and images, but nothing that runs,
/// loads, posts or frames. `base-uri` and `form-action` do not fall back to `default-src`.
const OF_A_PAGE: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; \
     base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
);

/// Sets the headers. A page is recognised by its content type.
pub fn headers(headers: &mut HeaderMap) {
    for (name, value) in HEADERS {
        headers.insert(name, value);
    }
    let html = b"text/html";
    let is_page = headers.get(CONTENT_TYPE).is_some_and(|value| {
        value.as_bytes().get(..html.len()).is_some_and(|start| start.eq_ignore_ascii_case(html))
    });
    if is_page {
        headers.insert(POLICY, OF_A_PAGE);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_have_a_policy_of_their_own() {
        let policy = |media_type: &'static str| {
            let mut all = HeaderMap::new();
            all.insert(CONTENT_TYPE, HeaderValue::from_static(media_type));
            headers(&mut all);
            assert_eq!(all["x-content-type-options"], "nosniff");
            all[POLICY].to_str().map(str::to_owned).expect("ASCII")
        };
        assert!(!policy("application/json").contains("style-src"));
        for page in ["text/html", "text/html; charset=utf-8", "Text/HTML"] {
            let policy = policy(page);
            assert!(policy.contains("style-src 'self'") && !policy.contains("script"), "{policy}");
            assert!(policy.contains("base-uri 'none'; form-action 'none'; frame-ancestors 'none'"));
        }
    }
}
