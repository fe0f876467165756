//! Rate limits under a clock that steps.

use std::time::{Duration, Instant};

use super::{HOUR, Scene};
use crate::support::{Client, Placement};

clock! { hold_after_a_step_back(placement) }

/// Four requests in a second, so that no test has to wait for a minute.
const LIMIT: u64 = 240;

/// Sends requests until one is refused. Returns how many were admitted.
async fn drain(client: &Client) -> u64 {
    let mut admitted = 0;
    loop {
        let answer = client.get("/api/v1/projects?limit=1").await;
        if answer.status == 429 {
            return admitted;
        }
        answer.expect(200);
        admitted += 1;
        assert!(admitted <= 4 * LIMIT, "there is no limit");
    }
}

/// After a step back, a client gets what it would have got without the step. It is not refused for
/// as long as the step, and there is no second bucket in the past.
async fn hold_after_a_step_back(placement: Placement) {
    let limit = LIMIT.to_string();
    let variables = [("limit_read_per_minute", limit.as_str())];
    let scene = Scene::set(placement, &variables, false).await;
    let began = Instant::now();
    let mut admitted = drain(&scene.owner).await;
    for step in [-1, -HOUR, -2 * HOUR] {
        scene.clock.turn(step);
        let turned = Instant::now();
        let mut more = drain(&scene.owner).await;
        while more == 0 {
            assert!(turned.elapsed() < Duration::from_secs(70), "locked out after {step} s");
            tokio::time::sleep(Duration::from_millis(100)).await;
            more = drain(&scene.owner).await;
        }
        admitted += more;
    }
    // The content of a bucket, and the same again for a window that the steps have moved.
    let refilled = LIMIT * began.elapsed().as_millis() as u64 / 60_000;
    assert!(admitted <= 2 * LIMIT + refilled + 1, "{admitted} in {:?}", began.elapsed());
    scene.end();
}
