//! Tests of the ticker against a server with scripted answers. The time is simulated.

use super::*;
use parking_lot::Mutex;
use std::collections::VecDeque;

/// How long an answer takes, and the answer.
type Act = (Duration, Result<Answer, &'static str>);

/// A server that records its calls and answers by its script. After the script it answers with
/// nothing due.
#[derive(Clone)]
struct Server {
    began: Instant,
    script: Arc<Mutex<VecDeque<Act>>>,
    calls: Arc<Mutex<Vec<(Duration, String)>>>,
    work_due: Arc<WorkDue>,
    warnings: Arc<Mutex<Vec<String>>>,
}

impl Server {
    /// A server with this script, and its ticker, which runs until the test ends.
    fn with(script: impl IntoIterator<Item = Act>) -> Self {
        let server = Self {
            began: Instant::now(),
            script: Arc::new(Mutex::new(script.into_iter().collect())),
            calls: Arc::default(),
            work_due: Arc::default(),
            warnings: Arc::default(),
        };
        let ticked = server.clone();
        tokio::spawn(async move {
            let calls =
                Calls::of([TICK_PATH, INBOUND, DELIVERIES].into_iter()).expect("it has work");
            let call = |target| ticked.answer(target);
            let warn = |problem: &str| ticked.warnings.lock().push(problem.to_owned());
            schedule(&calls, call, &ticked.work_due, None, warn).await;
        });
        server
    }

    fn answer(&self, target: String) -> impl Future<Output = anyhow::Result<Answer>> + use<> {
        self.calls.lock().push((self.began.elapsed(), target));
        let (time, answer) = self.script.lock().pop_front().unwrap_or((Duration::ZERO, nothing()));
        async move {
            tokio::time::sleep(time).await;
            answer.map_err(anyhow::Error::msg)
        }
    }

    /// Tells the ticker that deliveries are due.
    fn wake(&self) {
        self.work_due.of(DueWork::Webhooks).notify_one();
    }

    /// The times of the calls for deliveries, in milliseconds.
    fn deliveries(&self) -> Vec<u128> {
        self.times(DELIVERIES)
    }

    /// The times of the calls of a path, in milliseconds.
    fn times(&self, path: &str) -> Vec<u128> {
        let calls = self.calls.lock();
        let calls = calls.iter().filter(|(_, target)| target.split('?').next() == Some(path));
        calls.map(|(at, _)| at.as_millis()).collect()
    }
}

fn nothing() -> Result<Answer, &'static str> {
    Ok(Answer::default())
}

fn more() -> Result<Answer, &'static str> {
    Ok(Answer { more: true, next_due_at: None })
}

/// An answer with a delivery that is due after this time, by the machine's clock, which is not
/// simulated.
fn due(after: Duration) -> Result<Answer, &'static str> {
    let at = (OffsetDateTime::now_utc() + after).format(&Rfc3339).expect("a time");
    Ok(Answer { more: false, next_due_at: Some(at) })
}

const INBOUND: &str = "/internal/work/integrations";
const DELIVERIES: &str = "/internal/work/webhooks";
const SECOND: Duration = Duration::from_secs(1);

async fn pass(seconds: u32) {
    tokio::time::sleep(SECOND * seconds).await;
}

#[tokio::test(start_paused = true)]
async fn all_work_is_asked_for_once_a_minute() {
    let server = Server::with([]);
    pass(600).await;
    let calls = server.calls.lock();
    assert!(calls.iter().all(|(_, target)| target == "/internal/tick?key_values=expire"));
    assert!((8..=10).contains(&calls.len()), "{calls:?}");
    assert!(calls.windows(2).all(|two| two[1].0 - two[0].0 >= PERIOD), "{calls:?}");
}

#[tokio::test(start_paused = true)]
async fn who_is_woken_calls_at_once_and_for_many_together() {
    let server = Server::with([]);
    pass(1).await;
    for _ in 0..10 {
        server.wake();
    }
    pass(1).await;
    assert_eq!(server.deliveries(), [1000]);
    server.wake();
    pass(1).await;
    assert_eq!(server.deliveries(), [1000, 2000]);
}

#[tokio::test(start_paused = true)]
async fn while_there_is_more_it_goes_on() {
    let server = Server::with([(SECOND, more()), (Duration::ZERO, more())]);
    server.wake();
    pass(10).await;
    let interval = CALL_INTERVAL.as_millis();
    assert_eq!(server.deliveries(), [0, 1000, 1000 + interval]);
}

#[tokio::test(start_paused = true)]
async fn what_is_due_later_is_asked_for_then() {
    let server = Server::with([(Duration::ZERO, due(SECOND * 20))]);
    server.wake();
    pass(50).await;
    let calls = server.deliveries();
    // The machine's clock has advanced by some milliseconds between the two calls.
    assert!(matches!(calls[..], [0, 19_000..=20_000]), "{calls:?}");
}

#[tokio::test(start_paused = true)]
async fn what_is_due_after_the_minute_waits_for_it() {
    let server = Server::with([(Duration::ZERO, due(SECOND * 86_400))]);
    server.wake();
    pass(59).await;
    assert_eq!(server.deliveries(), [0]);
    pass(12).await;
    assert_eq!(server.calls.lock().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn four_calls_run_at_a_time() {
    let server = Server::with((0..5).map(|_| (SECOND * 10, nothing())));
    for _ in 0..6 {
        server.wake();
        pass(1).await;
    }
    assert_eq!(server.deliveries(), [0, 1000, 2000, 3000]);
    // The first call takes up no more work. The waiting notification causes one call.
    pass(10).await;
    assert_eq!(server.deliveries(), [0, 1000, 2000, 3000, 8000]);
}

/// Calls that only wait for slow hosts do not delay others, up to a limit.
#[tokio::test(start_paused = true)]
async fn calls_that_only_wait_are_not_counted() {
    let server = Server::with((0..20).map(|_| (SECOND * 40, nothing())));
    for _ in 0..39 {
        server.wake();
        pass(1).await;
    }
    let calls = server.deliveries();
    assert_eq!(calls.len(), MAX_CALLS);
    for (at, call) in calls.iter().enumerate() {
        let (turn, number) = (at / MAX_INTAKE_CALLS, at % MAX_INTAKE_CALLS);
        assert_eq!(*call, (turn * 8000 + number * 1000) as u128, "{calls:?}");
    }
    pass(2).await;
    assert_eq!(server.deliveries().len(), MAX_CALLS + 1);
}

/// The bounds are those of one function, so another function is called at once.
#[tokio::test(start_paused = true)]
async fn functions_do_not_wait_for_each_other() {
    let server = Server::with((0..MAX_CALLS).map(|_| (SECOND * 50, nothing())));
    for _ in 0..32 {
        server.wake();
        pass(1).await;
    }
    assert_eq!(server.deliveries().len(), MAX_CALLS);
    server.work_due.of(DueWork::Integrations).notify_one();
    server.wake();
    pass(1).await;
    assert_eq!((server.times(INBOUND), server.deliveries().len()), (vec![32_000], MAX_CALLS));
    // Nor does a function wait because another one has failed.
    let server = Server::with([(Duration::ZERO, Err("refused"))]);
    server.wake();
    pass(1).await;
    server.wake();
    server.work_due.of(DueWork::Integrations).notify_one();
    pass(1).await;
    assert_eq!((server.times(INBOUND), server.deliveries()), (vec![1000], vec![0]));
}

/// If a periodic call has left something, then the functions are asked at once.
#[tokio::test(start_paused = true)]
async fn what_a_regular_call_leaves_is_done_at_once() {
    let server = Server::with([(Duration::ZERO, more())]);
    pass(75).await;
    let tick = server.times(TICK_PATH)[0];
    assert_eq!((server.times(INBOUND), server.deliveries()), (vec![tick], vec![tick]));
}

#[test]
fn a_host_calls_for_what_it_serves() {
    let of = |paths: &[&str]| Calls::of(paths.iter().copied());
    let calls = |periodic: &[&str], on_demand: &[DueWork]| {
        let periodic = periodic.iter().map(|&path| path.to_owned()).collect();
        Some(Calls { periodic, on_demand: on_demand.to_vec() })
    };
    let tick = "/internal/tick?key_values=expire";
    let auth = "/internal/work/auth";
    assert_eq!(of(&["/", TICK_PATH, auth, DELIVERIES]), calls(&[tick], &[DueWork::Webhooks]));
    assert_eq!(of(&["/", auth, INBOUND]), calls(&[auth, INBOUND], &[DueWork::Integrations]));
    assert_eq!(of(&["/", "/internal/limits"]), None);
}

#[tokio::test(start_paused = true)]
async fn failures_are_told_and_tried_again_later() {
    let server = Server::with([(Duration::ZERO, Err("refused")), (SECOND * 70, nothing())]);
    server.wake();
    pass(1).await;
    server.wake();
    pass(54).await;
    assert_eq!(server.deliveries(), [0, 5000], "not before, though it was woken");
    pass(11).await;
    assert_eq!(
        *server.warnings.lock(),
        [format!("{DELIVERIES}: refused"), format!("{DELIVERIES}: took too long")]
    );
}

#[test]
fn an_answer_that_says_nothing_has_nothing_due() {
    let read = |text: &str| serde_json::from_str::<Answer>(text).expect("an answer").wait();
    assert_eq!(read(r#"{"events": 0}"#), None);
    assert_eq!(read(r#"{"more": false, "next_due_at": null}"#), None);
    assert_eq!(read(r#"{"next_due_at": "soon"}"#), None);
    assert_eq!(read(r#"{"next_due_at": "2020-01-01T00:00:00Z"}"#), Some(Duration::ZERO));
    assert_eq!(read(r#"{"more": true}"#), Some(Duration::ZERO));
}
