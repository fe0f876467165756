//! The first requests that need a key come all at once. While one of them looks the key up, the
//! others are not refused for its absence. The look-ups are held until all requests have come.

use std::net::Ipv4Addr;
use std::time::Duration;

use serde_json::json;

use super::world::{World, token};

logic! { nobody_is_refused_for_a_key_on_its_way() }

const REQUESTS: usize = 4;

async fn nobody_is_refused_for_a_key_on_its_way() {
    let world = World::new(&[]).together(REQUESTS);
    let gateway = world.gateway(false).await;
    let token = token(json!({ "ver": 1 }));
    let answer = || world.ask(&gateway, Ipv4Addr::LOCALHOST, Some(&token));
    let all = async { tokio::join!(answer(), answer(), answer(), answer()) };
    let (a, b, c, d) =
        tokio::time::timeout(Duration::from_secs(5), all).await.expect("each looks for itself");
    assert_eq!([a, b, c, d], [200; REQUESTS]);
}
