use super::*;
use futures_util::FutureExt as _;
use std::future::Future;
use std::pin::Pin;

type Entering = Pin<Box<dyn Future<Output = Result<Permit, Full>> + Send>>;

fn admission(max_instances: usize) -> Arc<Admission> {
    let max_queue_wait = Duration::from_secs(2);
    Admission::new(&Limits { max_instances, max_queue_wait, ..Limits::default() })
}

/// A call that has asked for a place.
fn asked(admission: &Arc<Admission>, name: &'static str) -> Entering {
    let admission = admission.clone();
    let mut call: Entering =
        Box::pin(async move { admission.enter(Turn::Fair(&|| name.to_owned())).await });
    assert!(call.as_mut().now_or_never().is_none(), "it must wait");
    call
}

async fn enter(admission: &Arc<Admission>) -> Permit {
    admission.enter(Turn::Fair(&|| "first".to_owned())).await.expect("a place")
}

/// A tenant that comes last waits for one call of the tenant that fills the queue, not for all.
#[tokio::test(start_paused = true)]
async fn tenants_take_turns() {
    let admission = admission(1);
    let running = enter(&admission).await;
    let mut waiting: Vec<_> = (0..4).map(|_| ("flood", asked(&admission, "flood"))).collect();
    waiting.push(("quiet", asked(&admission, "quiet")));
    let mut order = Vec::new();
    drop(running);
    while !waiting.is_empty() {
        let next = waiting.iter_mut().position(|(_, call)| {
            call.as_mut().now_or_never().is_some_and(|permit| permit.map(drop).is_ok())
        });
        order.push(waiting.remove(next.expect("one may begin")).0);
    }
    assert_eq!(order[..2], ["flood", "quiet"], "{order:?}");
    assert_eq!(admission.calls.lock().running, 0);
}

/// While calls wait for a core, they take turns even if places are free.
#[tokio::test(start_paused = true)]
async fn nobody_begins_at_once_while_cores_are_busy() {
    let admission = admission(100);
    drop(enter(&admission).await);
    admission.calls.lock().is_congested = true;
    let is_once = Arc::new(std::sync::atomic::AtomicU32::new(0));
    let counted = is_once.clone();
    let name = move || {
        counted.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        "a".to_owned()
    };
    // Its turn comes at once, but by way of the queue.
    admission.enter(Turn::Fair(&name)).await.map(drop).expect("a place");
    assert_eq!(is_once.load(std::sync::atomic::Ordering::Relaxed), 1);
    let _ = admission.adjust(Duration::ZERO);
    admission.enter(Turn::Fair(&name)).await.map(drop).expect("a place");
    assert_eq!(is_once.load(std::sync::atomic::Ordering::Relaxed), 1, "it need not wait");
}

/// Whoever stops waiting, before or after its turn has come, takes no place away.
#[tokio::test(start_paused = true)]
async fn who_leaves_takes_no_place_along() {
    let admission = admission(1);
    let running = enter(&admission).await;
    let (first, second, third) =
        (asked(&admission, "a"), asked(&admission, "a"), asked(&admission, "b"));
    drop(second);
    drop(running);
    // The first has its place by now, but does not know yet.
    drop(first);
    third.now_or_never().expect("its turn").map(drop).expect("a place");
    let calls = admission.calls.lock();
    assert!(calls.running == 0 && calls.queue.is_empty());
}

#[tokio::test(start_paused = true)]
async fn nobody_waits_longer_than_allowed() {
    let admission = admission(1);
    let _running = enter(&admission).await;
    let start = Instant::now();
    assert_eq!(asked(&admission, "a").await.err(), Some(Full));
    assert_eq!(start.elapsed(), Duration::from_secs(2));
    assert!(admission.calls.lock().queue.is_empty());
}

/// Ten places a second become free, so of a queue of 100 only 20 have their turn in two seconds.
#[tokio::test(start_paused = true)]
async fn who_would_wait_too_long_is_refused_at_once() {
    let admission = admission(1);
    let mut running = enter(&admission).await;
    let mut waiting = std::collections::VecDeque::new();
    let mut refused = 0;
    for _ in 0..100 {
        waiting.extend(
            [asked_or_refused(&admission), asked_or_refused(&admission)]
                .map(|call| {
                    refused += usize::from(call.is_none());
                    call
                })
                .into_iter()
                .flatten(),
        );
        tokio::time::sleep(Duration::from_millis(100)).await;
        drop(running);
        running =
            waiting.pop_front().expect("one waits").await.expect("it has not waited too long");
    }
    assert!((70..100).contains(&refused), "{refused} of 200; 100 places became free");
    drop(running);
}

/// A queue in which all gave up tells nothing about the next one.
#[tokio::test(start_paused = true)]
async fn an_old_queue_refuses_nobody() {
    let admission = admission(1);
    let running = enter(&admission).await;
    let (first, second) = (asked(&admission, "a"), asked(&admission, "a"));
    drop(running);
    let running = first.await.expect("its turn");
    assert_eq!(second.await.err(), Some(Full), "it has waited too long");
    tokio::time::sleep(Duration::from_secs(600)).await;
    let later = asked(&admission, "a");
    drop(running);
    later.await.map(drop).expect("its turn");
}

/// Calls that never wait take turns too while cores are busy. Otherwise each would be over before the
/// next one asks, and they would run in the order in which they came.
#[tokio::test]
async fn calls_that_never_wait_take_turns() {
    let admission = admission(1);
    admission.calls.lock().is_congested = true;
    let order = Arc::new(Mutex::new(Vec::new()));
    let mut calls = Vec::new();
    for name in ["flood", "flood", "flood", "flood", "quiet"] {
        let (admission, order) = (admission.clone(), order.clone());
        calls.push(tokio::spawn(async move {
            let permit = admission.enter(Turn::Fair(&|| name.to_owned())).await;
            order.lock().push(name);
            permit.map(drop)
        }));
    }
    for call in calls {
        call.await.expect("no panic").expect("its turn");
    }
    let order = order.lock();
    assert!(order[..3].contains(&"quiet"), "{order:?}");
}

fn asked_or_refused(admission: &Arc<Admission>) -> Option<Entering> {
    let admission = admission.clone();
    let mut call: Entering =
        Box::pin(async move { admission.enter(Turn::Fair(&|| "a".to_owned())).await });
    match call.as_mut().now_or_never() {
        None => Some(call),
        Some(refused) => {
            assert_eq!(refused.err(), Some(Full));
            None
        }
    }
}

/// Streams hold their instances, but they do not use up the limit of what runs.
#[tokio::test(start_paused = true)]
async fn held_instances_leave_room_for_calls() {
    let admission = admission(4);
    admission.calls.lock().limit = 1;
    let mut streams = Vec::new();
    for _ in 0..3 {
        let mut stream = enter(&admission).await;
        stream.hold();
        streams.push(stream);
    }
    let call = enter(&admission).await;
    let waiting = asked(&admission, "a");
    admission.calls.lock().limit = 4;
    drop(streams.pop());
    waiting.now_or_never().expect("an instance is free").map(drop).expect("a place");
    drop(call);
    let own = [admission.enter(Turn::AtOnce).await, admission.enter(Turn::AtOnce).await];
    assert!(own.iter().all(Result::is_ok), "calls of the runner wait for nobody");
    assert_eq!(admission.calls.lock().held, 4);
}

/// While calls keep the core busy, fewer of them run at once. When they only wait, more may run.
#[tokio::test]
async fn the_limit_falls_with_busy_cores_and_rises_again() {
    let admission = admission(1_000);
    let mut busy = Vec::new();
    for _ in 0..admission.bounds.least * 2 {
        let permit = enter(&admission).await;
        busy.push(tokio::spawn(async move {
            let start = Instant::now();
            while start.elapsed() < Duration::from_millis(400) {
                std::thread::sleep(Duration::from_micros(500));
                tokio::task::yield_now().await;
            }
            drop(permit);
        }));
    }
    tokio::time::sleep(Duration::from_millis(300)).await;
    let limit = || admission.calls.lock().limit;
    let congested = limit();
    assert!(congested < admission.bounds.least * 2, "{congested} may run");
    futures_util::future::join_all(busy).await;
    let (fallen, mut idle) = (limit(), Vec::new());
    for _ in 0..fallen {
        idle.push(enter(&admission).await);
    }
    let waiting: Vec<_> = (0..20).map(|_| asked(&admission, "a")).collect();
    let all = futures_util::future::join_all(waiting);
    let all = tokio::time::timeout(Duration::from_secs(1), all).await.expect("the limit rises");
    assert!(all.iter().all(Result::is_ok) && limit() > fallen);
}
