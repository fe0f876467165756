//! Webhooks of several hosts: only the host that leases a queue serves it.

use super::hosts::two;
use crate::support::Placement;
use crate::support::receiver::Receiver;
use crate::webhooks::deliveries::concurrent::{each_comes_once, seeded};

external! { nothing_twice(placement) the_other_takes_over(placement) }

/// Two hosts with many dispatchers each send every event once.
async fn nothing_twice(placement: Placement) {
    let (site, one, two) = two(&[], placement);
    let mut first = one.app.clone();
    // Each host has a directory of its own. The database is the one of the site.
    first.data = site.path().to_path_buf();
    let (owner, receiver) = (one.app.owner().await, Receiver::start().await);
    seeded(&first, &owner, &receiver).await;
    each_comes_once(&[one.app.clone(), two.app.clone()], &receiver).await;
}

/// If a host dies, another host continues its deliveries when the lease has ended.
async fn the_other_takes_over(placement: Placement) {
    let (site, mut one, two) = two(&[("webhook_lease", "2s")], placement);
    let mut first = one.app.clone();
    first.data = site.path().to_path_buf();
    let (owner, receiver) = (one.app.owner().await, Receiver::start().await);
    let ids = seeded(&first, &owner, &receiver).await;
    one.kill();
    let mut left = two.app.clone();
    left.data = site.path().to_path_buf();
    let owner = super::hosts::at(&two, &owner);
    for id in ids {
        crate::webhooks::settled(&left, &owner, &id).await;
    }
    for path in crate::webhooks::deliveries::concurrent::PATHS {
        let sent = receiver.received(path);
        let distinct: std::collections::BTreeSet<_> =
            sent.iter().map(|one| one.header("webhook-id").to_owned()).collect();
        assert_eq!(distinct.len(), crate::webhooks::deliveries::concurrent::EVENTS, "{path}");
    }
}
