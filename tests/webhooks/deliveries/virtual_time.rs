//! The same functions under a clock that the tests turn: days of failures in a few seconds.

use host::{Clock, Server};
use serde_json::{Value, json};
use tempfile::TempDir;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::support::receiver::{Answer, Receiver};
use crate::support::server::{Placement, UNLIMITED, options, start};
use crate::support::{App, Client};
use crate::webhooks::{PATH, endpoint, endpoint_with, events, operate, project, tick};

storage! { the_whole_schedule() five_days_of_failures() whatever_fails() }

/// The default of `webhook_schedule`, in milliseconds.
const SCHEDULE: [i64; 9] =
    [0, 5_000, 300_000, 1_800_000, 7_200_000, 18_000_000, 36_000_000, 36_000_000, 50_400_000];
const HOUR: i64 = 3_600_000;

/// A server whose functions use a clock of the test. It does no work by itself.
struct World {
    app: App,
    clock: Clock,
    server: Server,
    _directory: TempDir,
}

impl World {
    async fn start() -> Self {
        let manifest = std::fs::read_to_string(crate::support::server::root().join("spin.toml"));
        let manifest: toml::Table = manifest.unwrap().parse().unwrap();
        let schedule = manifest["variables"]["webhook_schedule"]["default"].as_str().unwrap();
        let variables: Vec<_> =
            UNLIMITED.iter().copied().chain([("webhook_schedule", schedule)]).collect();
        let directory = tempfile::tempdir().unwrap();
        let clock = Clock::default();
        let mut options = options(Placement::Fused, directory.path(), &variables);
        options.clock = Some(clock.clone());
        options.ticker = false;
        let (app, server) = start(options).await;
        Self { app, clock, server, _directory: directory }
    }

    fn now(&self) -> i64 {
        let now = self.clock.now().duration_since(std::time::UNIX_EPOCH).unwrap();
        i64::try_from(now.as_millis()).unwrap()
    }

    /// Sends the deliveries that are due. Returns when the next one is due, if there is one.
    async fn drain(&self) -> Option<i64> {
        loop {
            let done = tick(&self.app).await;
            if done["more"] == false {
                return done["next_due_at"].as_str().map(moment);
            }
        }
    }

    /// Turns the clock to a moment.
    fn turn_to(&self, moment: i64) {
        self.clock.advance(moment - self.now());
    }

    /// Turns the clock from one due time to the next until nothing is due, or until `end`.
    async fn run_until(&self, end: i64) {
        while let Some(due) = self.drain().await.filter(|due| *due <= end) {
            self.turn_to(due + 1);
        }
    }

    async fn end(self) {
        self.server.shutdown().await.unwrap();
    }
}

fn moment(text: &str) -> i64 {
    let time = OffsetDateTime::parse(text, &Rfc3339).unwrap();
    i64::try_from(time.unix_timestamp_nanos() / 1_000_000).unwrap()
}

/// All attempts of an endpoint, oldest first.
async fn attempts(client: &Client, id: &str) -> Vec<Value> {
    let (mut all, mut cursor) = (Vec::new(), String::new());
    loop {
        let path = format!("{PATH}/{id}/attempts?limit=100{cursor}");
        let page = client.get(&path).await.expect(200).body;
        all.extend(page["items"].as_array().unwrap().iter().cloned());
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return all,
        }
    }
}

/// The time of an attempt and of the one after it.
fn moments(attempt: &Value) -> (i64, Option<i64>) {
    let at = |name: &str| attempt[name].as_str().map(moment);
    (at("created_at").unwrap(), at("next_attempt_at"))
}

/// A delivery that never arrives is tried at each time of the schedule, at most a tenth late and
/// never early, for more than a day. Then it is given up, and its owner is told.
async fn the_whole_schedule() {
    let world = World::start().await;
    let (owner, receiver) = (world.app.owner().await, Receiver::start().await);
    receiver.statuses("/hooks", &[500]);
    let made = endpoint(&owner, &receiver, "/hooks").await;
    project(&owner, "a").await;
    for number in 1..=SCHEDULE.len() {
        let due = world.drain().await;
        assert_eq!(receiver.received("/hooks").len(), number);
        let all = attempts(&owner, made.id()).await;
        let (at, next) = moments(all.last().unwrap());
        assert_eq!(next, due, "the tick tells when the next one is");
        let Some((delay, due)) = SCHEDULE.get(number).zip(due) else { continue };
        assert!((*delay..=delay + delay / 10).contains(&(due - at)), "{number}: {}", due - at);
        // One second too early. The clock of the machine goes on besides the clock of the test.
        if *delay > 60_000 {
            world.turn_to(due - 1_000);
            world.drain().await;
            assert_eq!(receiver.received("/hooks").len(), number, "before its time");
        }
        world.turn_to(due + 1);
    }
    assert_eq!(world.drain().await, None);
    let sent = receiver.received("/hooks");
    assert_eq!(sent.len(), SCHEDULE.len());
    assert!(sent.iter().all(|one| one.body == sent[0].body));
    let all = attempts(&owner, made.id()).await;
    let (first, last) = (moments(&all[0]).0, moments(all.last().unwrap()).0);
    assert!(last - first >= 24 * HOUR, "{}", last - first);
    let told = events(&owner, "delivery.exhausted").await;
    assert_eq!((told.len(), &told[0]["data"]["attempts"]), (1, &json!(9)));
    world.end().await;
}

/// Five days with nothing but failures disable an endpoint. One success in between prevents that. A
/// request recovers the deliveries that were given up.
async fn five_days_of_failures() {
    let world = World::start().await;
    let (owner, receiver) = (world.app.owner().await, Receiver::start().await);
    receiver.statuses("/dead", &[500]);
    let dead = endpoint(&owner, &receiver, "/dead").await;
    // The third day of this endpoint has successes.
    let third_day = world.now() + 60 * HOUR;
    let clock = world.clock.clone();
    receiver.script("/moody", move |_, _| {
        let now = clock.now().duration_since(std::time::UNIX_EPOCH).unwrap().as_millis();
        let good = (third_day..third_day + 24 * HOUR).contains(&i64::try_from(now).unwrap());
        Answer::status(if good { 200 } else { 500 })
    });
    let moody = endpoint(&owner, &receiver, "/moody").await;
    let status = async |id: &str| owner.get(&format!("{PATH}/{id}")).await.expect(200).body;
    let (began, mut made) = (world.now(), Vec::new());
    for day in 0..6 {
        made.push(project(&owner, &format!("day {day}")).await);
        if day < 5 {
            assert_eq!(status(dead.id()).await["status"], "ENABLED", "day {day}");
        }
        world.run_until(began + (day + 1) * 24 * HOUR).await;
        world.turn_to(began + (day + 1) * 24 * HOUR);
    }
    let read = status(dead.id()).await;
    assert_eq!(
        (&read["status"], &read["disabled_reason"]),
        (&json!("DISABLED"), &json!("FAILING"))
    );
    assert_eq!(status(moody.id()).await["status"], "ENABLED");
    let told = events(&owner, "endpoint.disabled").await;
    assert_eq!((told.len(), &told[0]["subject"]), (1, &dead.body["id"]));
    let before = receiver.received("/dead").len();
    project(&owner, "while it is disabled").await;
    world.run_until(world.now() + HOUR).await;
    assert_eq!(receiver.received("/dead").len(), before);

    receiver.statuses("/dead", &[200]);
    operate(&owner, dead.id(), "enable").await.expect(200);
    let since = json!({ "since": OffsetDateTime::from_unix_timestamp(began / 1000 - 1).unwrap().format(&Rfc3339).unwrap() });
    let taken = owner.post(&format!("{PATH}/{}/recover", dead.id()), &since).await.expect(202);
    assert_eq!(taken.body, json!({ "deliveries": 6, "more": false }));
    world.run_until(world.now() + HOUR).await;
    let arrived: Vec<_> =
        receiver.received("/dead")[before..].iter().map(|one| one.event("subject")).collect();
    for project in &made {
        assert!(arrived.contains(project), "{project} has arrived after all");
    }
    assert_eq!(arrived.len(), 6, "what was never tried is not recovered");
    assert_eq!(events(&owner, "delivery.recovered").await.len(), 6);
    world.end().await;
}

/// Whatever fails, and however it fails, an event arrives, or is given up after as many attempts as
/// the schedule has. Nothing is sent again after it arrived, and no attempt is early. If the
/// endpoint asked for ordering, then the events of an object arrive in their order.
async fn whatever_fails() {
    for round in 0..4_u64 {
        let seed = std::env::var("TENANTRY_SEED").ok().and_then(|text| text.parse().ok());
        let seed = seed.unwrap_or_else(|| fastrand::u64(..)).wrapping_add(round);
        eprintln!("TENANTRY_SEED={seed}");
        any_pattern(seed).await;
    }
}

async fn any_pattern(seed: u64) {
    let world = World::start().await;
    let (owner, receiver) = (world.app.owner().await, Receiver::start().await);
    let mut random = fastrand::Rng::with_seed(seed);
    let mut made = Vec::new();
    for (path, ordering) in [("/any", "NONE"), ("/ordered", "SUBJECT")] {
        // The endpoints range from one that mostly works to one that mostly fails.
        let chance = random.u8(10..75);
        receiver.script(path, move |_, n| {
            let mut random = fastrand::Rng::with_seed(seed.wrapping_add(n as u64));
            if random.u8(0..100) >= chance {
                return Answer::status(random.choice([200, 201, 204]).unwrap());
            }
            let status = random.choice([301, 400, 404, 429, 500, 502, 503, 504]).unwrap();
            let wait = random.choice(["0", "30", "7200", "soon"]).unwrap().to_owned();
            Answer { headers: vec![("retry-after", wait)], ..Answer::status(status) }
        });
        let more = json!({ "event_types": ["project.*"], "ordering": ordering });
        made.push((path, endpoint_with(&owner, &receiver, path, more).await));
    }
    for number in 0..6 {
        let id = project(&owner, &format!("p{number}")).await;
        for _ in 0..random.u8(0..4) {
            let name = format!("p{}", random.u32(..));
            owner
                .patch(&format!("/api/v1/projects/{id}"), &json!({ "name": name }))
                .await
                .expect(200);
        }
        if random.bool() {
            world.drain().await;
        }
    }
    world.run_until(world.now() + 24 * 30 * HOUR).await;
    let feed = events(&owner, "project.*").await;
    for (path, endpoint) in made {
        let all = attempts(&owner, endpoint.id()).await;
        assert_eq!(all.len(), receiver.received(path).len(), "each request is an attempt");
        for event in &feed {
            let of: Vec<_> = all.iter().filter(|one| one["event_id"] == event["id"]).collect();
            let last = of.last().unwrap_or_else(|| panic!("{path}: {event} was never sent"));
            let arrived = of.iter().filter(|one| one["status"] == "SUCCEEDED").count();
            assert!(
                arrived == 1 && last["status"] == "SUCCEEDED"
                    || arrived == 0 && of.len() == SCHEDULE.len(),
                "{path}: {of:?}"
            );
            for (number, pair) in of.windows(2).enumerate() {
                let ((at, next), delay) = (moments(pair[0]), SCHEDULE[number + 1]);
                let next = next.expect("it is tried again");
                assert!(next - at >= delay && moments(pair[1]).0 >= next, "{pair:?}");
                // An attempt is not later than the schedule, or than an hour if the receiver asked
                // for more.
                assert!(next - at <= (delay + delay / 10).max(HOUR), "{pair:?}");
            }
        }
        if path == "/ordered" {
            in_order(&feed, &all);
        }
    }
    world.end().await;
}

/// Checks that the last attempt of an event is before the first one of the next event of its
/// object.
fn in_order(feed: &[Value], attempts: &[Value]) {
    let places = |event: &Value| {
        let of = |one: &&(usize, &Value)| one.1["event_id"] == event["id"];
        let places: Vec<usize> = attempts
            .iter()
            .enumerate()
            .collect::<Vec<_>>()
            .iter()
            .filter(of)
            .map(|one| one.0)
            .collect();
        (places[0], places[places.len() - 1])
    };
    for (at, event) in feed.iter().enumerate() {
        let next = feed[at + 1..].iter().find(|later| later["subject"] == event["subject"]);
        if let Some(next) = next {
            assert!(places(event).1 < places(next).0, "{event} and {next}");
        }
    }
}
