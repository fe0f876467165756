//! `Idempotency-Key` under a clock that steps: nothing is done twice, and no retry waits longer
//! than the lease of a request that has died.

use std::time::{Duration, Instant};

use http::Method;
use serde_json::json;

use super::{DAY, HOUR, Scene};
use crate::prove::crash::{Made, check, race};
use crate::prove::{random, rounds};
use crate::support::{Client, Exchange, Placement};

clock! { nothing_happens_twice(placement) a_race_has_one_winner(placement) a_lease_ends(placement) }

/// The offsets from the right time to which the clock is set, one after the other. None of them is
/// at the very end of a token, which lives for an hour.
const STEPS: [i64; 12] = [1, 0, -1, 0, 2 * HOUR, 0, -2 * HOUR, 0, 2 * DAY, 0, -2 * DAY, 0];

async fn create(client: &Client, key: &str, id: &str) -> Exchange {
    let headers = [("idempotency-key", key), ("x-request-id", id)];
    client.json(Method::POST, "/api/v1/projects", &json!({ "name": key }), &headers).await
}

/// After each step of the clock the earlier keys still replay their first answer, even if the clock
/// says that their receipts have expired.
async fn nothing_happens_twice(placement: Placement) {
    let mut scene = Scene::set(placement, &[], false).await;
    let mut random = random(&format!("clock {placement:?}"));
    let mut made = Made::new();
    let mut client = scene.owner.clone();
    for round in rounds(1) {
        for (number, step) in STEPS.into_iter().enumerate() {
            let step = if round == 0 { step } else { random.i64(-3 * DAY..3 * DAY) };
            let key = format!("key-{round}-{number}");
            let id = create(&client, &key, "first").await.expect(201).id().to_owned();
            made.push((key, Some(id)));
            scene.turn(step).await;
            client = scene.signed_in().await;
            for (key, id) in random.choose_multiple(&made, 20) {
                let again = create(&client, key, "again").await.expect(201);
                assert_eq!(Some(again.id()), id.as_deref(), "{key} after {step} s");
            }
        }
    }
    scene.turn(0).await;
    check(&scene.signed_in().await, &made).await;
    scene.end();
}

/// Equal requests at the same moment have one effect, even if the clock makes their lease look
/// expired meanwhile.
async fn a_race_has_one_winner(placement: Placement) {
    let mut scene = Scene::set(placement, &[], false).await;
    let mut made = Made::new();
    for round in rounds(2) {
        for step in [HOUR / 2, 0, -HOUR / 2, 0] {
            let client = [scene.signed_in().await];
            let key = format!("race-{round}-{}", made.len());
            let turned = async {
                tokio::time::sleep(Duration::from_millis(20)).await;
                scene.clock.turn(step);
            };
            made.push(tokio::join!(race(&client, &key), turned).0);
        }
    }
    check(&scene.signed_in().await, &made).await;
    scene.end();
}

/// If the request that holds a key has died, then a retry waits for the lease to end. A step of the
/// clock does not make the wait longer.
async fn a_lease_ends(placement: Placement) {
    let mut scene = Scene::set(placement, &[], true).await;
    let mut made = Made::new();
    for (before, after) in [(0, -HOUR), (HOUR / 2, 0), (0, HOUR / 2), (0, -2 * DAY)] {
        scene.set_clock(before).await;
        let client = scene.signed_in().await;
        let key = format!("lease{before}{after}");
        create(&client, &key, "KEEP.TRAP-4").await.expect(500);
        scene.set_clock(after).await;
        let client = scene.signed_in().await;
        let began = Instant::now();
        let answer = loop {
            let answer = create(&client, &key, "KEEP").await;
            if answer.status == 201 {
                break answer;
            }
            answer.refused(409, "idempotency_conflict");
            // The lease lasts two seconds. The rest is for a busy machine.
            assert!(began.elapsed() < Duration::from_secs(12), "{key} is locked");
            tokio::time::sleep(Duration::from_millis(200)).await;
        };
        made.push((key, Some(answer.id().to_owned())));
    }
    scene.set_clock(0).await;
    check(&scene.signed_in().await, &made).await;
    scene.end();
}
