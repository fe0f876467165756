//! The client's address: that of the peer or, behind proxies that the operator trusts, the address
//! that they report (K-79, D-147).

use std::net::{IpAddr, SocketAddr};
use std::str::FromStr;

use http::HeaderMap;
use ipnet::IpNet;

use crate::platform::Platform;
use crate::settings::Settings;
use crate::text::header;

/// A trusted proxy. In a setting it is written `10.0.0.7`, `10.0.0.0/8` or `2001:db8::/32`.
#[derive(Clone, Debug)]
pub struct Proxy(IpNet);

impl Proxy {
    /// Whether the proxy has this address.
    pub fn contains(&self, address: IpAddr) -> bool {
        self.0.contains(&address)
    }
}

impl FromStr for Proxy {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let one = text.parse::<IpAddr>().map(|address| IpNet::from(address.to_canonical()));
        one.or_else(|_| text.parse::<IpNet>().map(|net| net.trunc()))
            .map(Self)
            .map_err(|_| "is neither an address nor a network such as 10.0.0.0/8")
    }
}

/// The proxies whose `X-Forwarded-For` is believed.
pub(crate) struct Proxies(Vec<Proxy>);

impl Proxies {
    pub(crate) async fn load<P: Platform>(settings: &Settings<'_, P>) -> Result<Self, String> {
        settings.list("trusted_proxies").await.map(Self)
    }

    /// The rightmost hop that is not a trusted proxy. Each proxy appends the address that it heard
    /// from. So a hop is believed as long as all hops behind it are trusted. If a hop is not an
    /// address, then the last known address counts.
    pub(crate) fn client(&self, headers: &HeaderMap, peer: IpAddr) -> IpAddr {
        let trusted = |address: IpAddr| self.0.iter().any(|proxy| proxy.contains(address));
        let mut known = peer.to_canonical();
        if !trusted(known) {
            return known;
        }
        if !headers.contains_key("x-forwarded-for") {
            return header(headers, "x-real-ip").and_then(address).unwrap_or(known);
        }
        for line in headers.get_all("x-forwarded-for").into_iter().rev() {
            let Ok(line) = line.to_str() else { return known };
            for hop in line.rsplit(',') {
                let Some(hop) = address(hop) else { return known };
                known = hop;
                if !trusted(known) {
                    return known;
                }
            }
        }
        known
    }
}

/// Reads `1.2.3.4`, `1.2.3.4:5`, `2001:db8::1`, `[2001:db8::1]` or `[2001:db8::1]:443`.
fn address(text: &str) -> Option<IpAddr> {
    let text = text.trim();
    let bare = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    let bare = bare.and_then(|v6| v6.parse::<std::net::Ipv6Addr>().ok()).map(IpAddr::V6);
    let address = bare.or_else(|| text.parse().ok());
    let address = address.or_else(|| text.parse().ok().map(|with_port: SocketAddr| with_port.ip()));
    address.map(|address| address.to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;

    fn of(peer: &str, lines: &[&str], real: Option<&str>) -> String {
        let proxies = ["127.0.0.1", "10.0.0.0/8", "2001:db8:1::/48"];
        let proxies = Proxies(proxies.map(|text| text.parse().expect(text)).into());
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append("x-forwarded-for", HeaderValue::from_str(line).expect(line));
        }
        if let Some(real) = real {
            headers.insert("x-real-ip", HeaderValue::from_str(real).expect(real));
        }
        proxies.client(&headers, peer.parse().expect(peer)).to_string()
    }

    #[test]
    fn only_trusted_proxies_are_believed() {
        for (peer, lines, real, expected) in [
            // A peer that is not trusted may write anything.
            ("192.0.2.1", &["203.0.113.9"][..], Some("203.0.113.8"), "192.0.2.1"),
            ("127.0.0.1", &["203.0.113.9"], None, "203.0.113.9"),
            // A claim of the client stands left of the address that the proxy has seen.
            ("127.0.0.1", &["198.51.100.1, 203.0.113.9"], None, "203.0.113.9"),
            ("127.0.0.1", &["198.51.100.1, 203.0.113.9, 10.1.2.3"], None, "203.0.113.9"),
            (
                "127.0.0.1",
                &["198.51.100.1", "203.0.113.9", "10.1.2.3,10.9.9.9"],
                None,
                "203.0.113.9",
            ),
            ("2001:db8:1::5", &["2001:db8:2::9, 2001:db8:1::7"], None, "2001:db8:2::9"),
            // The peer of a socket for both IPv4 and IPv6.
            ("::ffff:127.0.0.1", &["::ffff:203.0.113.9"], None, "203.0.113.9"),
            // Ports and brackets.
            ("127.0.0.1", &["203.0.113.9:4711"], None, "203.0.113.9"),
            ("127.0.0.1", &["[2001:db8::1]:443"], None, "2001:db8::1"),
            ("127.0.0.1", &["[2001:db8::1]"], None, "2001:db8::1"),
            // A hop that is not an address ends the chain.
            ("127.0.0.1", &["203.0.113.9, unknown, 10.1.2.3"], None, "10.1.2.3"),
            ("127.0.0.1", &["203.0.113.9, , 10.1.2.3"], None, "10.1.2.3"),
            ("127.0.0.1", &["_hidden"], Some("203.0.113.8"), "127.0.0.1"),
            ("127.0.0.1", &["1.2.3.4.5"], None, "127.0.0.1"),
            ("127.0.0.1", &["[1.2.3.4]"], None, "127.0.0.1"),
            ("127.0.0.1", &["203.0.113.9:99999"], None, "127.0.0.1"),
            // If all hops are proxies, then the farthest one counts.
            ("127.0.0.1", &["10.0.0.1, 10.0.0.2"], None, "10.0.0.1"),
            ("127.0.0.1", &[], Some("203.0.113.8"), "203.0.113.8"),
            ("127.0.0.1", &[], Some("nonsense"), "127.0.0.1"),
            ("127.0.0.1", &[], None, "127.0.0.1"),
        ] {
            assert_eq!(of(peer, lines, real), expected, "{peer} {lines:?} {real:?}");
        }
    }

    #[test]
    fn settings_are_addresses_and_networks() {
        for text in ["10.0.0.7", "10.0.0.0/8", "10.1.2.3/8", "::1", "2001:db8::/32"] {
            assert!(text.parse::<Proxy>().is_ok(), "{text}");
        }
        for text in ["", "proxy.example", "10.0.0.0/33", "10.0.0/8", "10.0.0.1:80", "*"] {
            assert!(text.parse::<Proxy>().is_err(), "{text}");
        }
    }
}
