//! Retries: the fate of a delivery that does not arrive at once.

use std::time::Duration;

use http::Method;
use serde_json::{Value, json};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::support::Client;
use crate::support::receiver::{Answer, Received, Receiver};
use crate::webhooks::{PATH, arrived, attempts, endpoint, endpoint_with, events, project, settled};

/// A time in milliseconds.
fn moment(time: &Value) -> i64 {
    let time = OffsetDateTime::parse(time.as_str().unwrap(), &Rfc3339).unwrap();
    i64::try_from(time.unix_timestamp_nanos() / 1_000_000).unwrap()
}

/// The milliseconds between an attempt and the next.
fn delay(attempt: &Value) -> i64 {
    moment(&attempt["next_attempt_at"]) - moment(&attempt["created_at"])
}

everywhere! {
    /// A delivery fails three times in three ways, and then arrives. Each attempt sends the same
    /// event in the same bytes, after the delay of the schedule, and nothing is sent after the
    /// success.
    async fn is_tried_until_it_arrives(app) {
        let (owner, receiver) = (app.owner().await, Receiver::start().await);
        let elsewhere = format!("{}/elsewhere", receiver.base);
        receiver.script("/hooks", move |_, n| match n {
            0 => Answer::status(500),
            1 => Answer { headers: vec![("location", elsewhere.clone())], ..Answer::status(308) },
            2 => Answer::status(404),
            _ => Answer::status(204),
        });
        let made = endpoint(&owner, &receiver, "/hooks").await;
        project(&owner, "a").await;
        let tried = attempts(&app, &owner, made.id(), 4).await;
        settled(&app, &owner, made.id()).await;
        let sent = receiver.received("/hooks");
        assert_eq!((sent.len(), receiver.received("/elsewhere").len()), (4, 0));
        for one in &sent {
            assert_eq!((&one.body, one.header("webhook-id")), (&sent[0].body, sent[0].header("webhook-id")));
        }
        let shown: Vec<_> = tried.iter().map(|it| (it["number"].as_i64(), it["response_status"].as_i64(), it["error"].as_str())).collect();
        assert_eq!(shown, [
            (Some(1), Some(500), Some("STATUS")), (Some(2), Some(308), Some("REDIRECT")),
            (Some(3), Some(404), Some("STATUS")), (Some(4), Some(204), None),
        ]);
        for (attempt, delay_of_schedule) in tried.iter().zip([100, 200, 300]) {
            let bounds = delay_of_schedule..=delay_of_schedule + delay_of_schedule / 10;
            assert!(bounds.contains(&delay(attempt)), "{attempt}");
        }
        // No request comes before its time.
        for (pair, attempt) in sent.windows(2).zip(&tried) {
            assert!(pair[1].at - pair[0].at >= Duration::from_millis(delay(attempt).unsigned_abs()));
        }
        assert_eq!(tried[3]["next_attempt_at"], Value::Null);
    }

    /// While one endpoint is slow, the other endpoints get their deliveries. The test does not call
    /// the dispatcher: a write triggers the delivery.
    async fn a_slow_one_delays_nobody(app) {
        let (owner, receiver) = (app.owner().await, Receiver::start().await);
        receiver.script("/slow", |_, _| Answer { delay: Duration::from_secs(12), ..Answer::status(200) });
        let slow = endpoint(&owner, &receiver, "/slow").await;
        project(&owner, "a").await;
        by_itself(&receiver, "/slow", 1).await;
        endpoint(&owner, &receiver, "/hooks").await;
        project(&owner, "b").await;
        by_itself(&receiver, "/hooks", 1).await;
        assert_eq!(recorded(&owner, slow.id()).await, 0, "the slow one has not answered yet");
    }
}

storage! {
    /// A 410 means that the endpoint is gone: it is disabled, and its owner is told.
    async fn gone_disables(app) {
        let (owner, receiver) = (app.owner().await, Receiver::start().await);
        receiver.statuses("/hooks", &[410]);
        let made = endpoint(&owner, &receiver, "/hooks").await;
        project(&owner, "a").await;
        let tried = attempts(&app, &owner, made.id(), 1).await;
        assert_eq!((tried.len(), &tried[0]["next_attempt_at"]), (1, &Value::Null));
        let read = owner.get(&format!("{PATH}/{}", made.id())).await.expect(200);
        assert_eq!((&read.body["status"], &read.body["disabled_reason"]), (&json!("DISABLED"), &json!("GONE")));
        let told = events(&owner, "endpoint.disabled").await;
        assert_eq!((told.len(), &told[0]["subject"]), (1, &made.body["id"]));
        project(&owner, "b").await;
        settled(&app, &owner, made.id()).await;
        assert_eq!(receiver.received("/hooks").len(), 1);
    }
}

everywhere! {
    /// One run serves the queues of many tenants. The events that it writes for different tenants
    /// share no trace id, because a shared one would tell tenants of each other.
    async fn tenants_share_no_trace(app) {
        let receiver = Receiver::start().await;
        receiver.statuses("/hooks", &[410]);
        let mut owners = Vec::new();
        for _ in 0..4 {
            let owner = app.owner().await;
            let made = endpoint(&owner, &receiver, "/hooks").await;
            owners.push((owner, made));
        }
        let [a, b, c, d] = [0, 1, 2, 3].map(|n| project(&owners[n].0, "a"));
        tokio::join!(a, b, c, d);
        let mut traces = Vec::new();
        for (owner, made) in &owners {
            attempts(&app, owner, made.id(), 1).await;
            let told = events(owner, "endpoint.disabled").await;
            traces.push(told[0]["trace_id"].as_str().unwrap().to_owned());
        }
        assert!(traces.iter().all(|trace| trace.len() == 32), "{traces:?}");
        traces.sort_unstable();
        traces.dedup();
        assert_eq!(traces.len(), owners.len(), "{traces:?}");
    }
}

storage! {
    /// `Retry-After` delays the delivery. With a 429 it delays all deliveries to the endpoint.
    async fn waits_as_it_is_asked(app) {
        let owner = app.owner().await;
        for (status, others_wait) in [(500, false), (429, true)] {
            let receiver = Receiver::start().await;
            receiver.script("/hooks", move |_, n| match n {
                0 => Answer { headers: vec![("retry-after", "2".to_owned())], ..Answer::status(status) },
                _ => Answer::status(200),
            });
            let made = endpoint(&owner, &receiver, "/hooks").await;
            let first = project(&owner, "a").await;
            let tried = attempts(&app, &owner, made.id(), 1).await;
            assert!((2000..2100).contains(&delay(&tried[0])), "{}", tried[0]);
            let other = project(&owner, "b").await;
            let sent = arrived(&app, &receiver, "/hooks", 3).await;
            let subjects: Vec<_> = sent.iter().map(|one| one.event("subject")).collect();
            if others_wait {
                assert!(sent[1].at - sent[0].at >= Duration::from_secs(2), "{subjects:?}");
            } else {
                assert_eq!(subjects, [first.clone(), other, first]);
            }
            settled(&app, &owner, made.id()).await;
            owner.delete(&format!("{PATH}/{}", made.id())).await.expect(204);
        }
    }

    /// If nobody listens at an endpoint, then its deliveries fail. Deliveries to others go on.
    async fn a_dead_one_delays_nobody(app) {
        let (owner, receiver) = (app.owner().await, Receiver::start().await);
        let port = crate::support::servers::free_port();
        let body = json!({ "url": format!("http://127.0.0.1:{port}/"), "event_types": ["project.*"] });
        let dead = owner.post(PATH, &body).await.expect(201);
        endpoint(&owner, &receiver, "/hooks").await;
        for name in ["a", "b"] {
            project(&owner, name).await;
        }
        arrived(&app, &receiver, "/hooks", 2).await;
        let tried = attempts(&app, &owner, dead.id(), 1).await;
        assert_eq!((&tried[0]["error"], &tried[0]["response_status"]), (&json!("CONNECTION_FAILED"), &Value::Null));
    }

    /// After ten failures in a row an endpoint is paused for a while. Its owner sees the pause, and
    /// ends it with a request such as a test delivery.
    async fn is_left_alone_for_a_while(app) {
        let (owner, receiver) = (app.owner().await, Receiver::start().await);
        receiver.statuses("/hooks", &[500]);
        let made = endpoint(&owner, &receiver, "/hooks").await;
        for name in ["a", "b", "c"] {
            project(&owner, name).await;
        }
        let path = format!("{PATH}/{}/statistics", made.id());
        let mut count = 9;
        let paused = loop {
            count += 1;
            attempts(&app, &owner, made.id(), count).await;
            let statistics = owner.get(&path).await.expect(200).body;
            if statistics["consecutive_failures"].as_i64().unwrap() >= 10 {
                break statistics;
            }
        };
        let pause = moment(&paused["paused_until"]) - moment(&paused["failing_since"]);
        assert!(pause > 20_000, "{paused}");
        receiver.statuses("/hooks", &[200]);
        owner.send(Method::POST, &format!("{PATH}/{}/test", made.id()), &[], None).await.expect(202);
        settled(&app, &owner, made.id()).await;
        let well = owner.get(&path).await.expect(200).body;
        assert_eq!((&well["consecutive_failures"], &well["paused_until"]), (&json!(0), &Value::Null));
    }
}

logic! {
    /// If a receiver does not answer in time, the attempt has failed.
    async fn time_runs_out(app) {
        let (owner, receiver) = (app.owner().await, Receiver::start().await);
        receiver.script("/hooks", |_, n| Answer { delay: Duration::from_secs(if n == 0 { 30 } else { 0 }), ..Answer::status(200) });
        let more = json!({ "timeout_seconds": 1, "event_types": ["project.*"] });
        let made = endpoint_with(&owner, &receiver, "/hooks", more).await;
        project(&owner, "a").await;
        let tried = attempts(&app, &owner, made.id(), 2).await;
        assert_eq!((&tried[0]["error"], &tried[0]["response_status"]), (&json!("TIMEOUT"), &Value::Null));
        assert!((1000..15_000).contains(&tried[0]["latency_ms"].as_i64().unwrap()), "{}", tried[0]);
        assert_eq!(tried[1]["status"], "SUCCEEDED");
    }

    /// `Retry-After` delays an attempt by an hour at most, even if its number overflows every
    /// integer type.
    async fn waits_an_hour_at_most(app) {
        let (owner, receiver) = (app.owner().await, Receiver::start().await);
        receiver.script("/hooks", |_, _| Answer { headers: vec![("retry-after", "9".repeat(30))], ..Answer::status(503) });
        let made = endpoint(&owner, &receiver, "/hooks").await;
        project(&owner, "a").await;
        let tried = attempts(&app, &owner, made.id(), 1).await;
        assert_eq!(delay(&tried[0]), 3_600_000, "{}", tried[0]);
    }
}

/// Waits for requests without a call of the dispatcher.
async fn by_itself(receiver: &Receiver, path: &str, count: usize) -> Vec<Received> {
    let began = std::time::Instant::now();
    while receiver.received(path).len() < count {
        assert!(began.elapsed() < crate::webhooks::PATIENCE, "nothing comes to {path}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    receiver.received(path)
}

async fn recorded(client: &Client, id: &str) -> usize {
    let page = client.get(&format!("{PATH}/{id}/attempts")).await.expect(200);
    page.body["items"].as_array().unwrap().len()
}
