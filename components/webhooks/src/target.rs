//! Where events may be sent to, as far as a URL tells. What its name resolves to is checked when
//! the connection is made, by whoever runs this function (docs/guides/webhooks.md).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use url::{Host, Url};

/// Why nothing can be sent there; `None` for a URL that may do. `development`: plain HTTP to this
/// machine is allowed.
pub(crate) fn refusal(text: &str, development: bool) -> Option<&'static str> {
    let Ok(url) = Url::parse(text) else { return Some("Must be an absolute URL.") };
    if !url.username().is_empty() || url.password().is_some() {
        return Some("Must have no user name or password; use `headers` for a credential.");
    }
    if url.fragment().is_some() {
        return Some("Must have no fragment.");
    }
    // The parser has read every spelling of an address, such as 0x7f.1 or 2130706433.
    let address = match url.host() {
        None => return Some("Must have a host."),
        Some(Host::Domain(name)) => match name.trim_end_matches('.') {
            "localhost" => Some(IpAddr::V4(Ipv4Addr::LOCALHOST)),
            name if name.ends_with(".localhost") => Some(IpAddr::V4(Ipv4Addr::LOCALHOST)),
            _ => None,
        },
        Some(Host::Ipv4(address)) => Some(IpAddr::V4(address)),
        Some(Host::Ipv6(address)) => Some(IpAddr::V6(address).to_canonical()),
    };
    let here = address.is_some_and(|address| address.is_loopback());
    match url.scheme() {
        "http" if development && here => None,
        "https" if address.is_none_or(is_public) => None,
        "https" => Some("Must not name an address that is private or of this machine."),
        "http" => Some("Must begin with https."),
        _ => Some("Must begin with https."),
    }
}

/// Whether an address is one of the public network, as far as blocks tell that are known here.
fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => is_public_v4(v4),
        IpAddr::V6(v6) => is_public_v6(v6),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, ..] = address.octets();
    let shared = a == 100 && (64..128).contains(&b);
    let benchmark = a == 198 && (18..20).contains(&b);
    !(a == 0
        || a >= 240
        || shared
        || benchmark
        || address.is_private()
        || address.is_loopback()
        || address.is_link_local()
        || address.is_multicast()
        || address.is_documentation())
}

/// Global unicast (RFC 4291 section 2.4), without what carries an IPv4 address in it.
fn is_public_v6(address: Ipv6Addr) -> bool {
    let [first, second, ..] = address.segments();
    let carries = first == 0x2002 || first == 0x2001 && second == 0;
    let documentation = first == 0x2001 && second == 0xdb8;
    first & 0xe000 == 0x2000 && !carries && !documentation
}

#[cfg(test)]
mod tests {
    use super::refusal;

    #[test]
    fn public_https_will_do() {
        for good in [
            "https://example.com/hooks",
            "https://example.com:8443/?a=b",
            "https://93.184.215.14/",
            "https://[2606:2800:21f:cb07:6820:80da:af6b:8b2c]/",
            "https://bücher.example/",
        ] {
            assert_eq!(refusal(good, false), None, "{good}");
        }
    }

    #[test]
    fn nothing_else_will() {
        for bad in [
            "example.com",
            "/hooks",
            "http://example.com/",
            "ftp://example.com/",
            "https://",
            "https://user@example.com/",
            "https://:secret@example.com/",
            "https://example.com/#x",
            "https://127.0.0.1/",
            "https://0x7f.1/",
            "https://2130706433/",
            "https://017700000001/",
            "https://localhost/",
            "https://a.localhost./",
            "https://10.1.2.3/",
            "https://172.16.0.1/",
            "https://192.168.1.1/",
            "https://169.254.169.254/latest/meta-data",
            "https://100.64.0.1/",
            "https://0.0.0.0/",
            "https://224.0.0.1/",
            "https://255.255.255.255/",
            "https://198.18.0.1/",
            "https://[::1]/",
            "https://[::]/",
            "https://[::ffff:127.0.0.1]/",
            "https://[::ffff:10.0.0.1]/",
            "https://[fe80::1]/",
            "https://[fd00::1]/",
            "https://[ff02::1]/",
            "https://[64:ff9b::7f00:1]/",
            "https://[2002:7f00:1::]/",
            "https://[2001:db8::1]/",
        ] {
            assert!(refusal(bad, false).is_some(), "{bad}");
        }
    }

    #[test]
    fn development_reaches_this_machine_alone() {
        assert_eq!(refusal("http://127.0.0.1:9000/hooks", true), None);
        assert_eq!(refusal("http://localhost:9000/hooks", true), None);
        for bad in ["http://127.0.0.1:9000/", "http://localhost/"] {
            assert!(refusal(bad, false).is_some(), "{bad}");
        }
        for bad in ["http://example.com/", "http://10.0.0.1/", "https://127.0.0.1/"] {
            assert!(refusal(bad, true).is_some(), "{bad}");
        }
    }
}
