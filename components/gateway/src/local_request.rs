//! Whether a request comes straight from a program on this machine. A server in development serves
//! only such requests. Behind a proxy on this machine, every peer is local. So the headers that
//! proxies add count too. So does the host name of the request: a proxy may pass it on unchanged,
//! and a page of another site cannot choose it (DNS rebinding).

use std::borrow::Cow;
use std::net::IpAddr;

use http::header::{self, HeaderName};
use http::request::Parts;
use http::uri::Authority;
use http::{HeaderMap, Uri};

use crate::text::header as value_of;

/// Parts of the names of headers with which proxies identify themselves and the client (RFC 7239,
/// RFC 8586, and common practice). A program on this machine sends no such header.
const FORWARDING: [&str; 29] = [
    "amzn-trace",
    "appengine",
    "azure",
    "cdn-loop",
    "cf-",
    "client-addr",
    "client-ip",
    "clientip",
    "cloud-trace",
    "connecting-ip",
    "envoy",
    "fastly",
    "fly-",
    "forward",
    "front-end",
    "ngrok",
    "original-host",
    "original-url",
    "originating",
    "proxy",
    "real-ip",
    "real-port",
    "realip",
    "remote-",
    "request-start",
    "rewrite-url",
    "tailscale",
    "varnish",
    "vercel",
];
/// Whole names of such headers (RFC 9110 section 7.6.3).
const FORWARDING_NAMES: [&str; 3] = ["via", "x-host", "x-scheme"];
/// Names that most requests have. They are no such headers, so they need no search.
const USUAL: [HeaderName; 12] = [
    header::ACCEPT,
    header::ACCEPT_ENCODING,
    header::ACCEPT_LANGUAGE,
    header::AUTHORIZATION,
    header::CONNECTION,
    header::CONTENT_LENGTH,
    header::CONTENT_TYPE,
    header::HOST,
    header::IF_MATCH,
    header::IF_NONE_MATCH,
    header::ORIGIN,
    header::USER_AGENT,
];
/// The host name under which functions of this application call it.
const OWN: &str = "self.alt";

/// Whether no proxy stands between a program on this machine and the gateway. A proxy that adds no
/// header may still speak HTTP/1.0, as nginx does by default.
pub(crate) fn is_local(parts: &Parts, peer: IpAddr) -> bool {
    peer.to_canonical().is_loopback()
        && parts.version >= http::Version::HTTP_11
        && !is_forwarded(&parts.headers)
        && names_this_machine(parts)
}

fn is_forwarded(headers: &HeaderMap) -> bool {
    headers.keys().any(|name| !USUAL.contains(name) && is_of_proxy(name.as_str()))
}

fn is_of_proxy(name: &str) -> bool {
    // These are headers of the host, about the peer.
    if name.starts_with("spin-") {
        return false;
    }
    // Some proxies write names with underscores, as CGI does.
    let name = match name.contains('_') {
        true => Cow::Owned(name.replace('_', "-")),
        false => Cow::Borrowed(name),
    };
    FORWARDING_NAMES.contains(&&*name) || FORWARDING.iter().any(|it| name.contains(it))
}

fn names_this_machine(parts: &Parts) -> bool {
    let named = || value_of(&parts.headers, "host")?.parse::<Authority>().ok();
    let authority = parts.uri.authority().cloned().or_else(named);
    authority.is_some_and(|authority| {
        let host = authority.host();
        is_this_machine(host) || host.eq_ignore_ascii_case(OWN)
    })
}

/// Whether a URL names this machine. If `public_url` names another one, then a proxy stands before
/// this server, even if it adds no header.
pub fn is_loopback_url(url: &str) -> bool {
    url.parse::<Uri>().is_ok_and(|url| url.host().is_some_and(is_this_machine))
}

fn is_this_machine(host: &str) -> bool {
    let host = host.trim_matches(['[', ']']).to_ascii_lowercase();
    match host.parse::<IpAddr>() {
        Ok(address) => address.to_canonical().is_loopback(),
        Err(_) => host == "localhost" || host.ends_with(".localhost"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn local(peer: &str, host: &str, fields: &[&str]) -> bool {
        let mut request = http::Request::get("/api/v1/projects");
        if !host.is_empty() {
            request = request.header("host", host);
        }
        for field in fields {
            request = request.header(*field, "x");
        }
        let (parts, ()) = request.body(()).expect("valid").into_parts();
        is_local(&parts, peer.parse().expect(peer))
    }

    #[test]
    fn programs_on_this_machine_are_local() {
        for peer in ["127.0.0.1", "127.8.8.8", "::1", "::ffff:127.0.0.1"] {
            assert!(local(peer, "127.0.0.1:3000", &[]), "{peer}");
        }
        for host in ["localhost", "LOCALHOST:3000", "app.localhost", "[::1]:3000", "self.alt"] {
            assert!(local("127.0.0.1", host, &["user-agent", "spin-client-addr"]), "{host}");
        }
    }

    #[test]
    fn no_usual_name_is_one_of_proxies() {
        let wrong = USUAL.into_iter().find(|name| is_of_proxy(name.as_str()));
        assert_eq!(wrong, None);
    }

    #[test]
    fn what_speaks_as_proxies_do_is_not() {
        let request = http::Request::get("/").version(http::Version::HTTP_10);
        let request = request.header("host", "127.0.0.1:3000").body(()).expect("valid");
        let (parts, ()) = request.into_parts();
        assert!(!is_local(&parts, IpAddr::from([127, 0, 0, 1])));
    }

    #[test]
    fn others_are_not() {
        for peer in ["192.0.2.1", "10.0.0.1", "2001:db8::1", "0.0.0.0", "::ffff:10.0.0.1"] {
            assert!(!local(peer, "127.0.0.1:3000", &[]), "{peer}");
        }
        for field in [
            "forwarded",
            "via",
            "x-real-ip",
            "x-forwarded-for",
            "x-forwarded-proto",
            "X-Forwarded-Host",
            "x-forwarded-prefix",
            "cf-connecting-ip",
            "X_Forwarded_For",
            "Forwarded-For",
            "X-RealIP",
            "Remote-Addr",
            "WL-Proxy-Client-IP",
            "X-Original-URL",
            "Fly-Client-IP",
            "X-Scheme",
            "CF-Ray",
        ] {
            assert!(!local("127.0.0.1", "127.0.0.1:3000", &[field]), "{field}");
        }
        for host in ["", "api.example.com", "localhost.example.com", "10.0.0.1", "127.0.0.1.nip.io"]
        {
            assert!(!local("127.0.0.1", host, &[]), "{host}");
        }
    }

    #[test]
    fn urls_of_this_machine() {
        for here in
            ["http://127.0.0.1:3000", "http://localhost", "https://[::1]:8/x", "http://A.localhost"]
        {
            assert!(is_loopback_url(here), "{here}");
        }
        for there in [
            "https://api.example.com",
            "http://10.0.0.1",
            "http://localhost.example.com",
            "http://self.alt",
            "localhost.example.com",
            "/",
            "",
        ] {
            assert!(!is_loopback_url(there), "{there}");
        }
    }
}
