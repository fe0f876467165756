//! The request headers that Spin adds for components, with the same names and meaning.

use crate::http::body::response::ResponseBody;
use crate::http::problem;
use crate::http::routes::Route;
use crate::http::streams::LimitReached;
use gateway::Code;
use gateway::holder::{self, Holder};
use http::header::{CONNECTION, CONTENT_LENGTH, HOST, RETRY_AFTER, VIA};
use http::uri::{Authority, Scheme};
use http::{HeaderMap, HeaderName, HeaderValue, Request, Response, Uri, Version};
use std::net::SocketAddr;

/// The largest content length that a component is told, in bytes.
const MAX_LENGTH: u64 = i64::MAX.unsigned_abs();

/// Gives the request an absolute URI and Spin's headers. First removes every `spin-*` header that
/// the client sent, because a component takes the client's address from such a header. The
/// component does not learn the version of HTTP. The header `Via` says if the version was an old
/// one (RFC 9110 section 7.6.3).
pub(super) fn prepare<B>(
    request: &mut Request<B>,
    route: &Route,
    peer: SocketAddr,
) -> Result<(), http::Error> {
    let is_old = request.version() < Version::HTTP_11;
    let headers = request.headers_mut();
    headers.remove(CONNECTION);
    if is_old {
        headers.append(VIA, HeaderValue::from_static("1.0 tenantry"));
    }
    // Components read the length as a signed number, and fail if it is larger.
    let is_beyond = |length: &HeaderValue| {
        length
            .to_str()
            .is_ok_and(|length| length.parse::<u64>().is_ok_and(|length| length > MAX_LENGTH))
    };
    if headers.get(CONTENT_LENGTH).is_some_and(is_beyond) {
        headers.insert(CONTENT_LENGTH, HeaderValue::from(MAX_LENGTH));
    }
    let forged: Vec<HeaderName> =
        headers.keys().filter(|name| name.as_str().starts_with("spin-")).cloned().collect();
    for name in forged {
        headers.remove(name);
    }
    let host = headers.get(HOST).and_then(|host| host.to_str().ok()).unwrap_or("localhost");
    let authority: Authority = host.parse()?;
    let mut parts = std::mem::take(request.uri_mut()).into_parts();
    parts.scheme = Some(Scheme::HTTP);
    parts.authority = Some(authority);
    let uri = Uri::from_parts(parts)?;
    let based = match route.is_wildcard() {
        true => route.path().trim_end_matches('/'),
        false => route.path(),
    };
    for (name, value) in [
        ("spin-path-info", route.rest(uri.path()).unwrap_or_default()),
        ("spin-full-url", &uri.to_string()),
        ("spin-matched-route", &route.raw),
        ("spin-base-path", "/"),
        ("spin-raw-component-route", &route.raw),
        ("spin-component-route", based),
        ("spin-client-addr", &peer.to_string()),
        (holder::ASKED, "1"),
    ] {
        let value = HeaderValue::from_str(value)?;
        request.headers_mut().insert(HeaderName::from_static(name), value);
    }
    *request.uri_mut() = uri;
    Ok(())
}

/// Removes the internal header in which the gateway says who holds the stream, and returns its
/// value.
pub(super) fn take_holder<B>(response: &mut Response<B>) -> Option<Holder> {
    let value = response.headers_mut().remove(holder::HEADER)?;
    Holder::decode(value.to_str().ok()?)
}

/// The answer if there is no place for a stream. Browsers may read it if they might have read the
/// stream.
pub(super) fn refusal(full: LimitReached, instead_of: &HeaderMap) -> Response<ResponseBody> {
    let mut response = match full {
        LimitReached::All => problem::unavailable("The server is at capacity"),
        LimitReached::Own => {
            let mut response = problem::answer(Code::RateLimitExceeded, holder::MESSAGE);
            response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(holder::RETRY_AFTER));
            response
        }
    };
    for (name, value) in instead_of {
        if name.as_str().starts_with("access-control-")
            || matches!(name.as_str(), "vary" | "x-request-id")
        {
            response.headers_mut().insert(name, value.clone());
        }
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_client_claims_about_itself_is_replaced() {
        let mut request = Request::builder()
            .uri("/api/v1/projects/7?x=1")
            .header("host", "api.test:8080")
            .header("spin-client-addr", "10.0.0.1:1")
            .header("spin-path-match-x", "forged")
            .body(())
            .expect("valid");
        let route = Route::parse("/api/v1/projects/...").expect("valid");
        let peer = SocketAddr::from(([192, 0, 2, 7], 5000));
        prepare(&mut request, &route, peer).expect("prepared");
        assert_eq!(request.uri(), "http://api.test:8080/api/v1/projects/7?x=1");
        assert_eq!(request.headers()["spin-client-addr"], "192.0.2.7:5000");
        assert_eq!(request.headers()["spin-path-info"], "/7");
        assert_eq!(request.headers()["spin-component-route"], "/api/v1/projects");
        assert!(!request.headers().contains_key("spin-path-match-x"));
    }
}
