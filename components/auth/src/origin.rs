//! Where a request comes from, as far as it is kept.

use std::net::IpAddr;

use ipnet::{Ipv4Net, Ipv6Net};
use kit::Call;

/// The most characters that are kept of what a program says of itself.
const MAX_DEVICE: usize = 200;

/// From where a person signs in.
pub(crate) struct Origin {
    /// What the program says of itself (`User-Agent`, RFC 9110 section 10.1.5).
    pub(crate) device: Option<String>,
    /// The network of the address, and not the address.
    pub(crate) network: Option<String>,
}

impl Origin {
    pub(crate) fn of(call: &Call) -> Self {
        let device = call.header("user-agent").unwrap_or_default();
        let visible = device.chars().filter(|c| !c.is_control()).take(MAX_DEVICE);
        let device = Some(visible.collect()).filter(|device: &String| !device.is_empty());
        let network = call.metadata().address.map(|address| {
            let [_, network] = networks(address);
            network
        });
        Self { device, network }
    }
}

/// The address, and the network that one subscriber or site usually holds. The address of IPv6 is
/// its /64, because machines change their address within it. The network is a /24 of IPv4 or a /56
/// of IPv6.
pub(crate) fn networks(address: IpAddr) -> [String; 2] {
    match address.to_canonical() {
        IpAddr::V4(v4) => [v4.to_string(), Ipv4Net::new_assert(v4, 24).trunc().to_string()],
        IpAddr::V6(v6) => {
            [64, 56].map(|length| Ipv6Net::new_assert(v6, length).trunc().to_string())
        }
    }
}
