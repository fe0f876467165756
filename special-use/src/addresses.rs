//! Which IP addresses belong to a single public host of the internet.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::LazyLock;

use ipnet::IpNet;

/// Networks with a special purpose, each with its definition:
///
/// - the IPv4 and IPv6 Special-Purpose Address Registries of IANA (RFC 6890) as a whole, as of
///   2025-10-09. They include networks that are reachable, but nobody serves requests from those.
///   A block inside of a listed one is not listed again;
/// - multicast;
/// - the addresses at which clouds answer their own machines.
///
/// [`is_public`] judges IPv4 addresses inside of IPv6 addresses as IPv4, see [`embedded`].
pub const NETWORKS: [(&str, &str); 37] = [
    ("0.0.0.0/8", "this network, RFC 791"),
    ("10.0.0.0/8", "private use, RFC 1918"),
    ("100.64.0.0/10", "shared by carriers, RFC 6598; metadata of Alibaba Cloud"),
    ("127.0.0.0/8", "loopback, RFC 1122"),
    ("168.63.129.16/32", "the host of every machine on Azure, at an address like anybody's"),
    ("169.254.0.0/16", "link-local, RFC 3927; metadata of most clouds"),
    ("172.16.0.0/12", "private use, RFC 1918"),
    ("192.0.0.0/24", "IETF protocol assignments, RFC 6890; metadata of Oracle Cloud"),
    ("192.0.2.0/24", "documentation, RFC 5737"),
    ("192.31.196.0/24", "AS112, RFC 7535"),
    ("192.52.193.0/24", "AMT, RFC 7450"),
    ("192.88.99.0/24", "6to4 relays of old, RFC 7526"),
    ("192.168.0.0/16", "private use, RFC 1918"),
    ("192.175.48.0/24", "AS112, RFC 7534"),
    ("198.18.0.0/15", "benchmarking, RFC 2544"),
    ("198.51.100.0/24", "documentation, RFC 5737"),
    ("203.0.113.0/24", "documentation, RFC 5737"),
    ("224.0.0.0/4", "multicast, RFC 5771"),
    ("240.0.0.0/4", "reserved, RFC 1112; limited broadcast, RFC 8190"),
    ("::/128", "unspecified, RFC 4291"),
    ("::1/128", "loopback, RFC 4291"),
    ("::/96", "IPv4-compatible, RFC 4291"),
    ("::ffff:0:0/96", "IPv4-mapped, RFC 4291"),
    ("64:ff9b::/96", "IPv4 behind NAT64, RFC 6052"),
    ("64:ff9b:1::/48", "IPv4 behind a NAT64 of one's own, RFC 8215"),
    ("100::/64", "discard-only, RFC 6666"),
    ("100:0:0:1::/64", "dummy prefix, RFC 9780"),
    ("2001::/23", "IETF protocol assignments, RFC 2928, with Teredo, RFC 4380"),
    ("2001:db8::/32", "documentation, RFC 3849"),
    ("2002::/16", "6to4, RFC 3056"),
    ("2620:4f:8000::/48", "AS112, RFC 7534"),
    ("3fff::/20", "documentation, RFC 9637"),
    ("5f00::/16", "segment routing, RFC 9602"),
    ("fc00::/7", "unique local, RFC 4193; metadata of AWS and Google Cloud"),
    ("fe80::/10", "link-local, RFC 4291"),
    ("fec0::/10", "site-local of old, RFC 3879"),
    ("ff00::/8", "multicast, RFC 4291"),
];

/// The range from which IPv6 hosts get addresses (IANA, IPv6 Address Space).
const GLOBAL_UNICAST: &str = "2000::/3";

static PARSED: LazyLock<(IpNet, Vec<IpNet>)> = LazyLock::new(|| {
    let network = |text: &str| text.parse().expect("a test reads all of them");
    (network(GLOBAL_UNICAST), NETWORKS.iter().map(|(text, _)| network(text)).collect())
});

/// Whether the address belongs to a single public host of the internet.
pub fn is_public(address: IpAddr) -> bool {
    let address = embedded(address).map_or(address, IpAddr::V4);
    let (global, special) = &*PARSED;
    (address.is_ipv4() || global.contains(&address))
        && !special.iter().any(|network| network.contains(&address))
}

/// The IPv4 address to which a connection to this IPv6 address really goes: an IPv4-mapped address
/// (RFC 4291), or one behind the NAT64 of a network without IPv4 (RFC 6052). In such a network
/// every name resolves to addresses of NAT64.
pub fn embedded(address: IpAddr) -> Option<Ipv4Addr> {
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
    fn public(address: &str) -> bool {
        is_public(address.parse().unwrap())
    }

    #[test]
    fn the_list_can_be_read_and_has_each_once() {
        let (_, special) = &*PARSED;
        for (at, network) in special.iter().enumerate() {
            assert!(!special[..at].contains(network), "{network}");
        }
    }

    /// The addresses next to each IPv4 network are public, unless they are in another listed
    /// network.
    #[test]
    fn networks_end_where_they_end() {
        for address in [
            "1.0.0.0",
            "1.1.1.1",
            "9.255.255.255",
            "11.0.0.0",
            "100.63.255.255",
            "100.128.0.0",
            "126.255.255.255",
            "128.0.0.0",
            "168.63.129.15",
            "168.63.129.17",
            "169.253.255.255",
            "169.255.0.0",
            "172.15.255.255",
            "172.32.0.0",
            "191.255.255.255",
            "192.0.1.0",
            "192.0.3.0",
            "192.88.98.255",
            "192.88.100.0",
            "192.167.255.255",
            "192.169.0.0",
            "198.17.255.255",
            "198.20.0.0",
            "223.255.255.255",
            "2001:200::1",
            "2606:4700:4700::1111",
            "2a00:1450::1",
            "3fff:1000::1",
            "::ffff:1.1.1.1",
            "64:ff9b::1.1.1.1",
        ] {
            assert!(public(address), "{address}");
        }
    }

    /// The networks whose addresses [`embedded`] judges.
    const EMBEDDING: [&str; 2] = ["::ffff:0:0/96", "64:ff9b::/96"];

    /// Every row of both registries, with the blocks inside of other blocks.
    #[test]
    fn no_block_of_the_registries_is_public() {
        for text in [
            "0.0.0.0/8",
            "0.0.0.0/32",
            "10.0.0.0/8",
            "100.64.0.0/10",
            "127.0.0.0/8",
            "169.254.0.0/16",
            "172.16.0.0/12",
            "192.0.0.0/24",
            "192.0.0.0/29",
            "192.0.0.8/32",
            "192.0.0.9/32",
            "192.0.0.10/32",
            "192.0.0.170/32",
            "192.0.0.171/32",
            "192.0.2.0/24",
            "192.31.196.0/24",
            "192.52.193.0/24",
            "192.88.99.0/24",
            "192.88.99.2/32",
            "192.168.0.0/16",
            "192.175.48.0/24",
            "198.18.0.0/15",
            "198.51.100.0/24",
            "203.0.113.0/24",
            "240.0.0.0/4",
            "255.255.255.255/32",
            "::1/128",
            "::/128",
            "64:ff9b:1::/48",
            "100::/64",
            "100:0:0:1::/64",
            "2001::/23",
            "2001::/32",
            "2001:1::1/128",
            "2001:1::2/128",
            "2001:1::3/128",
            "2001:2::/48",
            "2001:3::/32",
            "2001:4:112::/48",
            "2001:10::/28",
            "2001:20::/28",
            "2001:30::/28",
            "2001:db8::/32",
            "2002::/16",
            "2620:4f:8000::/48",
            "3fff::/20",
            "5f00::/16",
            "fc00::/7",
            "fe80::/10",
        ] {
            let block: IpNet = text.parse().unwrap();
            assert!(!is_public(block.network()) && !is_public(block.broadcast()), "{text}");
            let listed = NETWORKS
                .iter()
                .any(|(network, _)| network.parse::<IpNet>().unwrap().contains(&block));
            assert!(listed, "{text}");
        }
        for text in EMBEDDING {
            assert!(NETWORKS.iter().any(|(network, _)| *network == text), "{text}");
        }
    }

    /// The addresses at which clouds answer their own machines: AWS, Azure, Google Cloud and most
    /// others, Alibaba Cloud, Oracle Cloud.
    #[test]
    fn metadata_are_not_public() {
        for address in [
            "169.254.169.254",
            "169.254.170.2",
            "fd00:ec2::254",
            "168.63.129.16",
            "fd20:ce::254",
            "100.100.100.200",
            "192.0.0.192",
        ] {
            assert!(!public(address), "{address}");
            if let Ok(v4) = address.parse::<Ipv4Addr>() {
                assert!(!public(&format!("::ffff:{v4}")), "{address}");
                assert!(!public(&format!("64:ff9b::{v4}")), "{address}");
            }
        }
    }

    /// The first and the last address of each network, except the networks with IPv4 addresses
    /// inside.
    #[test]
    fn special_ones_are_not_public() {
        for (text, _) in NETWORKS.iter().filter(|(text, _)| !EMBEDDING.contains(text)) {
            let network: IpNet = text.parse().unwrap();
            let first = network.network();
            assert!(!is_public(first), "{first}");
            let last = network.broadcast();
            assert!(!is_public(last), "{last}");
        }
    }

    /// An embedded address is judged by its IPv4 address. Outside of 2000::/3, no address is
    /// public.
    #[test]
    fn other_spellings_are_not_public() {
        for address in [
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "::ffff:169.254.169.254",
            "::ffff:168.63.129.16",
            "::127.0.0.1",
            "::1.1.1.1",
            "64:ff9b::127.0.0.1",
            "64:ff9b::a9fe:a9fe",
            "64:ff9b:1::1.1.1.1",
            "2002:7f00:1::",
            "2002:101:101::1",
            "2001:0:4136:e378:8000:63bf:3fff:fdd2",
            "fd00:ec2::254",
            "4000::1",
            "1000::1",
        ] {
            assert!(!public(address), "{address}");
        }
    }
}
