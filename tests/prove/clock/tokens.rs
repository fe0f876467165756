//! Access tokens and the keys that sign them.

use std::time::{Duration, Instant};

use super::{DAY, HOUR, Scene};
use crate::support::Placement;

clock! { stay_revoked(placement) end_by_the_clock(placement) a_new_key_is_known(placement) }

const PROJECTS: &str = "/api/v1/projects?limit=1";

/// A token is valid until its expiry by the clock, even if the clock is before the time of its
/// issue. An expired token is refused, and the refresh token brings the next one.
async fn end_by_the_clock(placement: Placement) {
    let mut scene = Scene::set(placement, &[], false).await;
    let old = scene.owner.clone();
    for step in [0, -1, 0, 1, -HOUR, -2 * DAY, 0] {
        scene.set_clock(step).await;
        scene.ask(&old).await.expect(200);
    }
    for step in [2 * HOUR, 2 * DAY] {
        scene.set_clock(step).await;
        scene.ask(&scene.owner).await.refused(401, "invalid_token");
        scene.refresh().await;
        scene.ask(&scene.owner).await.expect(200);
    }
    // The token was issued in the future.
    for step in [0, -HOUR, 0] {
        scene.set_clock(step).await;
        scene.ask(&scene.owner).await.expect(200);
        scene.ask(&old).await.expect(200);
    }
    scene.end();
}

/// A signing key that is made after a step back is known as soon as any other key.
async fn a_new_key_is_known(placement: Placement) {
    let mut scene = Scene::set(placement, &[], false).await;
    scene.owner.get(PROJECTS).await.expect(200);
    scene.set_clock(-HOUR).await;
    let old = 91 * DAY * 1000;
    scene.server.app.execute(&format!("UPDATE signing_keys SET created_at = created_at - {old}"));
    scene.refresh().await;
    let began = Instant::now();
    // A gateway looks up an unknown key once a second.
    while scene.owner.get(PROJECTS).await.status != 200 {
        assert!(began.elapsed() < Duration::from_secs(10), "nobody knows the new key");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    let keys = scene.server.app.anon().get("/.well-known/jwks.json").await.expect(200);
    assert_eq!(keys.body["keys"].as_array().unwrap().len(), 2, "old and new");
    scene.end();
}

/// A revoked token stays revoked, even after the clock was days ahead for a while and all work that
/// would have been due by then was done.
async fn stay_revoked(placement: Placement) {
    let scene = Scene::set(placement, &[], false).await;
    let made = crate::auth::client_with(&scene.owner, &["projects:read"]).await;
    let ci_service = crate::auth::signed_in(&scene.server.app, &scene.owner, &made.body).await;
    let path = format!("{}/{}", crate::auth::CLIENTS, made.id());
    scene.owner.delete(&path).await.expect(204);
    for step in [0, 3 * DAY, 0] {
        scene.turn(step).await;
    }
    scene.ask(&ci_service).await.refused(401, "invalid_token");
    scene.ask(&scene.owner).await.expect(200);
    scene.end();
}
