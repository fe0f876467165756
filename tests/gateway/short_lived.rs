//! A gateway that lives for one request, as on Spin, loses what it counts in memory. The limit by
//! address nevertheless holds for callers without a credential.

use std::net::Ipv4Addr;

use super::world::World;

logic! { addresses_without_a_credential_are_limited() }

/// The status of one request to a gateway that ends after it.
async fn status(world: &World, public: bool, address: Ipv4Addr) -> u16 {
    world.ask(&world.gateway(public).await, address, None).await
}

async fn addresses_without_a_credential_are_limited() {
    for (public, admitted) in [(true, 200), (false, 401)] {
        let world = World::new(&[("limit_ip_per_minute", "3"), ("limit_read_per_minute", "1000")]);
        let mut statuses = Vec::new();
        for _ in 0..5 {
            statuses.push(status(&world, public, Ipv4Addr::new(192, 0, 2, 1)).await);
        }
        assert_eq!(statuses, [admitted, admitted, admitted, 429, 429]);
        assert_eq!(world.writes.lock().unwrap().len(), 3, "one for each that was admitted");
        assert_eq!(status(&world, public, Ipv4Addr::new(192, 0, 2, 2)).await, admitted);
    }
}
