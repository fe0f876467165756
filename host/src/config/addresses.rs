//! The addresses that requests of guests may reach.

use anyhow::Context as _;
use ipnet::IpNet;
use special_use::{embedded, is_public};
use std::net::IpAddr;
use std::sync::Arc;

/// Networks that no request may reach: `block_networks` of Spin's runtime config.
#[derive(Clone, Debug, Default)]
pub(crate) struct Blocked {
    networks: Arc<[IpNet]>,
    /// Whether all addresses that are not public are blocked too.
    private: bool,
}

impl Blocked {
    /// Reads entries such as `10.0.0.0/8` and `2001:db8::/32`, and the word `private`.
    pub(crate) fn parse(entries: &[String]) -> anyhow::Result<Self> {
        let networks = entries.iter().filter(|entry| *entry != "private").map(|entry| {
            let network = entry.parse::<IpNet>().ok().map(|network| network.trunc());
            network.with_context(|| format!("{entry:?} is neither a network nor \"private\""))
        });
        Ok(Self {
            networks: networks.collect::<Result<_, _>>()?,
            private: entries.iter().any(|entry| entry == "private"),
        })
    }

    fn has(&self, address: IpAddr) -> bool {
        let inner = embedded(address);
        let within = |network: &IpNet| {
            network.contains(&address)
                || inner.is_some_and(|inner| network.contains(&IpAddr::V4(inner)))
        };
        (self.private && !is_public(address)) || self.networks.iter().any(within)
    }
}

/// The addresses that a connection may be made to.
#[derive(Clone, Debug)]
pub(crate) enum Filter {
    /// All addresses that are not blocked.
    Unblocked(Blocked),
    /// Public addresses that are not blocked.
    Public(Blocked),
}

impl Filter {
    /// Whether a connection may be made to this address.
    pub(crate) fn allows(&self, address: IpAddr) -> bool {
        match self {
            Self::Unblocked(blocked) => !blocked.has(address),
            Self::Public(blocked) => is_public(address) && !blocked.has(address),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn allows(filter: &Filter, address: &str) -> bool {
        filter.allows(address.parse().expect("an address"))
    }

    /// The crate `special-use` defines and tests which addresses are public.
    #[test]
    fn a_pattern_reaches_public_addresses_only() {
        let filter = Filter::Public(Blocked::default());
        for address in ["1.1.1.1", "2606:4700:4700::1111", "::ffff:1.1.1.1", "64:ff9b::1.1.1.1"] {
            assert!(allows(&filter, address), "{address}");
        }
        for address in ["127.0.0.1", "168.63.129.16", "192.88.99.1", "3fff::1", "64:ff9b::7f00:1"] {
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
