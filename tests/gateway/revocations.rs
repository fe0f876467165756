//! Revocations: each takes effect within a minute, exactly for the versions that it names, and also
//! if the key-value store is lost.

use std::net::Ipv4Addr;
use std::sync::atomic::Ordering;

use gateway::Gateway;
use serde_json::json;

use super::world::{KEYS, World, token};

logic! { takes_effect_within_a_minute() every_subject_counts() a_lost_store_revives_nobody() }

const MINUTE: u64 = 60_000;

impl World {
    /// Revokes and publishes the tokens of a subject below a version.
    fn revoke(&self, subject: &str, below: i64) {
        let entry = format!("{{\"expires_at\":9999999999999,\"below\":{below}}}").into_bytes();
        let key = format!("revoked:t:{subject}");
        self.published.lock().unwrap().insert(key.clone(), entry.clone());
        self.entries.lock().unwrap().insert(key, entry);
    }

    async fn status(&self, gateway: &Gateway, token: &str) -> u16 {
        self.ask(gateway, Ipv4Addr::LOCALHOST, Some(token)).await
    }
}

/// A gateway asks again about a token that it remembers after a minute at most. A token for the
/// next version is valid at once.
async fn takes_effect_within_a_minute() {
    let world = World::new(&[]);
    let gateway = world.gateway(false).await;
    let (before, after) = (token(json!({ "ver": 3 })), token(json!({ "ver": 4 })));
    assert_eq!(world.status(&gateway, &before).await, 200);
    world.revoke("usr_1", 4);
    assert_eq!(world.status(&gateway, &after).await, 200);
    world.wait(MINUTE);
    assert_eq!(world.status(&gateway, &before).await, 401);
    assert_eq!(world.status(&gateway, &after).await, 200);
}

/// Each subject on which a token depends can end it: the client, the member that owns the client,
/// the login.
async fn every_subject_counts() {
    let client = json!({ "client_id": "cli_1", "ver": 1, "owner_id": "usr_9", "owner_ver": 5 });
    let login = json!({ "ver": 1, "sid": "fam_1" });
    for (claims, subject, below, status) in [
        (&client, "cli_1", 2, 401),
        (&client, "usr_9", 6, 401),
        (&client, "usr_9", 5, 200),
        (&client, "usr_1", 9, 200),
        (&login, "fam_1", 1, 401),
        (&login, "fam_2", 1, 200),
        // A token from before there were versions.
        (&json!({}), "usr_1", 1, 401),
    ] {
        let world = World::new(&[]);
        world.revoke(subject, below);
        let token = token(claims.clone());
        assert_eq!(
            world.status(&world.gateway(false).await, &token).await,
            status,
            "{claims} {subject}"
        );
    }
}

/// If the store has lost everything, no token is accepted before it is filled again. If the store
/// does not answer, only remembered tokens are accepted.
async fn a_lost_store_revives_nobody() {
    let world = World::new(&[]);
    let gateway = world.gateway(false).await;
    let (dead, alive) = (token(json!({ "ver": 1 })), token(json!({ "ver": 2 })));
    world.revoke("usr_1", 2);
    assert_eq!(world.status(&gateway, &alive).await, 200);
    world.entries.lock().unwrap().retain(|key, _| key == KEYS);
    world.wait(MINUTE);
    assert_eq!(world.status(&gateway, &dead).await, 401);
    assert_eq!(world.status(&gateway, &alive).await, 200);
    assert_eq!(world.asked.load(Ordering::Relaxed), 1);
    world.mute.store(true, Ordering::Relaxed);
    assert_eq!(world.status(&gateway, &alive).await, 200);
    world.wait(MINUTE);
    assert_eq!(world.status(&gateway, &alive).await, 503);
}
