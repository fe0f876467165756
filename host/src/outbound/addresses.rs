//! Which addresses requests of guests reach.

use anyhow::Context as _;
use ip_network::{IpNetwork, Ipv4Network};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::Arc;

/// The host of every machine on Azure, at an address that looks like anybody's.
const AZURE: Ipv4Addr = Ipv4Addr::new(168, 63, 129, 16);

/// Networks that no request reaches: `block_networks` of Spin's runtime config.
#[derive(Clone, Debug, Default)]
pub(crate) struct Blocked {
    networks: Arc<[IpNetwork]>,
    /// Everything that is not public, too.
    private: bool,
}

impl Blocked {
    /// Reads entries such as `10.0.0.0/8` and `2001:db8::/32`, and the word `private`.
    pub(crate) fn parse(entries: &[String]) -> anyhow::Result<Self> {
        let networks = entries.iter().filter(|entry| *entry != "private").map(|entry| {
            IpNetwork::from_str_truncate(entry)
                .ok()
                .with_context(|| format!("{entry:?} is neither a network nor \"private\""))
        });
        Ok(Self {
            networks: networks.collect::<Result<_, _>>()?,
            private: entries.iter().any(|entry| entry == "private"),
        })
    }

    fn has(&self, address: IpAddr) -> bool {
        let inner = embedded(address);
        let within = |network: &IpNetwork| {
            network.contains(address) || inner.is_some_and(|inner| network.contains(inner))
        };
        (self.private && !is_public(address)) || self.networks.iter().any(within)
    }
}

/// Which addresses a connection may be made to.
#[derive(Clone, Debug)]
pub(super) enum Filter {
    /// Any.
    All,
    /// Any that is not blocked.
    Unblocked(Blocked),
    /// Public ones that are not blocked.
    Public(Blocked),
}

impl Filter {
    /// Whether it may be made to this one.
    pub(super) fn allows(&self, address: IpAddr) -> bool {
        match self {
            Self::All => true,
            Self::Unblocked(blocked) => !blocked.has(address),
            Self::Public(blocked) => is_public(address) && !blocked.has(address),
        }
    }
}

/// Whether the address belongs to one host of the internet, by the special-purpose registries
/// of IANA (RFC 6890).
fn is_public(address: IpAddr) -> bool {
    match (address, embedded(address)) {
        (_, Some(inner)) => is_public(IpAddr::V4(inner)),
        (IpAddr::V4(v4), None) => {
            Ipv4Network::from(v4).is_global() && !v4.is_multicast() && v4 != AZURE
        }
        (IpAddr::V6(v6), None) => is_global_unicast(v6),
    }
}

/// Of IPv6, only 2000::/3 is given out to hosts.
fn is_global_unicast(address: Ipv6Addr) -> bool {
    match address.segments() {
        // 2001::/23: protocols, such as Teredo, which leads to an IPv4 address.
        [0x2001, ..=0x1ff, ..] => false,
        // 6to4, which does too.
        [0x2002, ..] => false,
        // For documentation.
        [0x2001, 0xdb8, ..] | [0x3fff, ..=0xfff, ..] => false,
        [first, ..] => first & 0xe000 == 0x2000,
    }
}

/// The IPv4 address that a connection to this IPv6 address is made to: mapped (RFC 4291), or
/// behind the NAT64 of a network without IPv4 (RFC 6052), where every name resolves to such.
fn embedded(address: IpAddr) -> Option<Ipv4Addr> {
    let IpAddr::V6(v6) = address else { return None };
    match v6.segments() {
        [0x64, 0xff9b, 0, 0, 0, 0, ..] => {
            let [.., a, b, c, d] = v6.octets();
            Some(Ipv4Addr::new(a, b, c, d))
        }
        _ => v6.to_ipv4_mapped(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn allows(filter: &Filter, address: &str) -> bool {
        filter.allows(address.parse().expect("an address"))
    }

    #[test]
    fn public_addresses_are_reached() {
        let filter = Filter::Public(Blocked::default());
        for address in [
            "1.1.1.1",
            "9.255.255.255",
            "100.63.255.255",
            "100.128.0.0",
            "172.15.255.255",
            "172.32.0.0",
            "192.167.255.255",
            "223.255.255.255",
            "2001:200::1",
            "2606:4700:4700::1111",
            "2a00:1450::1",
            "::ffff:1.1.1.1",
            "64:ff9b::1.1.1.1",
        ] {
            assert!(allows(&filter, address), "{address}");
        }
    }

    #[test]
    fn others_are_not() {
        let filter = Filter::Public(Blocked::default());
        for address in [
            // This host and this network.
            "0.0.0.0",
            "0.1.2.3",
            "127.0.0.1",
            "127.255.255.255",
            "::",
            "::1",
            // Private ones, and those of carriers.
            "10.0.0.1",
            "172.16.0.1",
            "172.31.255.255",
            "192.168.0.1",
            "100.64.0.1",
            "100.127.255.255",
            "fc00::1",
            "fd00:ec2::254",
            "fec0::1",
            // Links, with the metadata of clouds.
            "169.254.169.254",
            "169.254.0.1",
            "fe80::1",
            "168.63.129.16",
            // Protocols, documentation, benchmarks, reserved ones.
            "192.0.0.1",
            "192.0.2.1",
            "198.51.100.1",
            "203.0.113.1",
            "198.18.0.1",
            "198.19.255.255",
            "240.0.0.1",
            "255.255.255.255",
            "100::1",
            "2001:2::1",
            "2001:db8::1",
            "3fff::1",
            "5f00::1",
            // Many hosts at once.
            "224.0.0.1",
            "239.255.255.250",
            "ff02::1",
            "ff0e::1",
            // Other addresses inside: mapped, compatible, NAT64, 6to4, Teredo.
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "::ffff:169.254.169.254",
            "::127.0.0.1",
            "::1.1.1.1",
            "64:ff9b::127.0.0.1",
            "64:ff9b::a9fe:a9fe",
            "64:ff9b:1::1.1.1.1",
            "2002:7f00:1::",
            "2002:101:101::1",
            "2001:0:4136:e378:8000:63bf:3fff:fdd2",
        ] {
            assert!(!allows(&filter, address), "{address}");
        }
    }

    #[test]
    fn blocked_networks_hold_for_hosts_that_are_named() {
        let entries = ["1.1.0.1/16", "2606:4700::/32"].map(str::to_owned);
        let filter = Filter::Unblocked(Blocked::parse(&entries).expect("networks"));
        for address in ["1.1.1.1", "::ffff:1.1.1.1", "64:ff9b::1.1.1.1", "2606:4700::1"] {
            assert!(!allows(&filter, address), "{address}");
        }
        for address in ["1.2.0.1", "127.0.0.1", "::ffff:1.2.0.1", "2606:4701::1"] {
            assert!(allows(&filter, address), "{address}");
        }
        let private = Filter::Unblocked(Blocked::parse(&["private".to_owned()]).expect("a word"));
        assert!(!allows(&private, "127.0.0.1") && !allows(&private, "fc00::1"));
        assert!(allows(&private, "1.1.1.1"));
        assert!(Blocked::parse(&["publik".to_owned()]).is_err());
    }
}
