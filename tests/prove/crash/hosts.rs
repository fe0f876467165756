//! The promises of `crash` on two hosts that share PostgreSQL and Redis.

use super::{Made, check, killed, load, race};
use crate::prove::{random, rounds};
use crate::stores::Site;
use crate::stores::hosts::{at, two};
use crate::support::Placement;

external! { equal_requests_make_one(placement) survives(placement) }

/// Equal requests to both hosts make one project and one event.
async fn equal_requests_make_one(placement: Placement) {
    let (_site, one, two) = two(&[], placement);
    let owner = one.app.owner().await;
    let hosts = [at(&one, &owner), at(&two, &owner)];
    let mut made = Made::new();
    for round in rounds(3) {
        made.push(race(&hosts, &format!("race-{round}")).await);
    }
    load::ask_again(&hosts[1], &made).await;
    check(&owner, &made).await;
}

/// One of the two hosts, chosen at random, is killed while the writers use both.
async fn survives(placement: Placement) {
    let site = Site::new();
    let hosts = ["one", "two"].map(|name| site.host(name, placement));
    killed(hosts.to_vec(), random(&format!("crash of two {placement:?}"))).await;
}
