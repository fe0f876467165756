//! No tenant is ever told anything of another one: two tenants ask for random things, about
//! their own objects and about each other's, many at a time, of instances that are used again
//! and that end between two statements. Every text that a tenant writes says whose it is, so
//! that one in the wrong place is known at sight.

mod body;
mod draft;
mod oracle;
mod tenant;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::{random, rounds};
use crate::both;
use crate::stores::sabotaged;
use crate::support::server::{UNLIMITED, options, start};
use crate::support::stores::external;
use crate::support::{Client, Exchange, Placement};
use draft::{Draft, Writer, missing};
use oracle::Finding;
use tenant::Tenant;

/// Requests of a wave: what they told is known to those of the next one.
const WAVE: usize = 64;
const WAVES: usize = 3;

/// Which functions answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Functions {
    /// Those that are deployed.
    Real,
    /// … built so that a request may have its instance trap.
    Trapping,
    /// Those that have lost the tenant in every statement.
    Broken,
}

/// A request on its way, with the one about nothing that must be answered alike.
type Pair = (Draft, Option<(Draft, String)>);

fn pair(random: &mut fastrand::Rng, tenants: &mut [Tenant; 2], functions: Functions) -> Pair {
    let [one, two] = tenants;
    let tenant = random.usize(..2);
    let (me, other) = if tenant == 0 { (one, two) } else { (two, one) };
    let mut draft = Writer::new(random, me, other).write(tenant);
    if functions == Functions::Trapping {
        let trap = if random.u8(..4) == 0 { random.u8(1..12) } else { 99 };
        let wish = if trap < 99 { format!(".KEEP.TRAP-{trap}") } else { ".KEEP".to_owned() };
        let (_, id) = draft.headers.iter_mut().find(|(name, _)| *name == "x-request-id").unwrap();
        id.push_str(&wish);
    }
    let twin = draft.comparable.then(|| {
        let id = missing(random);
        (draft.about(&id), id)
    });
    (draft, twin)
}

/// Sends all of them, so many at a time; each with its answers.
async fn send(
    base: &str,
    tenants: &[Tenant; 2],
    pairs: Vec<Pair>,
    at_a_time: usize,
) -> Vec<(Pair, Option<Exchange>, Option<Exchange>)> {
    let clients = tenants.each_ref().map(|tenant| {
        [&tenant.owner, &tenant.viewer].map(|it| Client::new(base, Some(it.token())))
    });
    let (clients, pairs) = (Arc::new(clients), Arc::new(pairs));
    let next = Arc::<AtomicUsize>::default();
    let workers = (0..at_a_time).map(|_| {
        let (clients, pairs, next) = (clients.clone(), pairs.clone(), next.clone());
        tokio::spawn(async move {
            let mut answered = Vec::new();
            while let Some((draft, twin)) = pairs.get(next.fetch_add(1, Ordering::Relaxed)) {
                let client = &clients[draft.tenant][usize::from(draft.as_viewer)];
                let answer = draft.send(client).await;
                let likewise = match twin {
                    Some((twin, _)) => twin.send(client).await.ok(),
                    None => None,
                };
                // A trap may take the connection with it.
                assert!(answer.is_ok() || draft.asks_for_a_trap(), "{draft:?}: {answer:?}");
                answered.push(((draft.clone(), twin.clone()), answer.ok(), likewise));
            }
            answered
        })
    });
    let mut all = Vec::new();
    for worker in workers.collect::<Vec<_>>() {
        all.extend(worker.await.unwrap());
    }
    all
}

/// Asks, and looks at every answer, at the log and at what is kept.
async fn fuzz(placement: Placement, among_the_tests: u64, broken: bool) -> Vec<Finding> {
    let directory = tempfile::tempdir().unwrap();
    let mut random = random(&format!("leak {placement:?} {broken}"));
    let mut tenants: Option<[Tenant; 2]> = None;
    let mut found = Vec::new();
    for round in rounds(among_the_tests) {
        let functions = match round % 3 {
            _ if broken => Functions::Broken,
            1 => Functions::Real,
            _ => Functions::Trapping,
        };
        let mut setting = options(placement, directory.path(), &UNLIMITED);
        setting.limits.max_instances = random.choice([1, 2, 4, 32]).unwrap();
        if functions != Functions::Real {
            setting.manifest = sabotaged(directory.path());
        }
        let (app, server) = start(setting).await;
        if tenants.is_none() {
            let pair = [Tenant::new(&app, &mut random).await, Tenant::new(&app, &mut random).await];
            tenants = Some(pair);
        }
        let tenants = tenants.as_mut().unwrap();
        for _ in 0..WAVES {
            let wave = (0..WAVE).map(|_| pair(&mut random, tenants, functions)).collect();
            let at_a_time = random.usize(1..=32);
            let answered = send(&app.base, tenants, wave, at_a_time).await;
            learn(&answered, tenants);
            found.extend(judge(&answered, tenants));
        }
        server.shutdown().await.unwrap();
        found.extend(oracle::log(&app.log.lock(), tenants));
        found.extend(oracle::rows(&app, tenants));
    }
    found
}

fn learn(answered: &[(Pair, Option<Exchange>, Option<Exchange>)], tenants: &mut [Tenant; 2]) {
    for ((draft, _), answer, _) in answered {
        // The documents are everybody's.
        let is_told = !draft.operation.public || draft.operation.limit == "auth";
        if let Some(answer) = answer.as_ref().filter(|it| it.status < 300 && is_told) {
            let [one, two] = &mut *tenants;
            let (me, other) = if draft.tenant == 0 { (one, two) } else { (two, one) };
            // What leaked does not become the property of who it leaked to.
            let text = oracle::text(answer);
            if other.own_in(&text).is_empty() {
                me.learn(&text, &draft.text());
            }
        }
    }
}

fn judge(
    answered: &[(Pair, Option<Exchange>, Option<Exchange>)],
    tenants: &[Tenant; 2],
) -> Vec<Finding> {
    let mut found = Vec::new();
    for ((draft, twin), answer, likewise) in answered {
        let other = &tenants[1 - draft.tenant];
        for answer in answer.iter().chain(likewise) {
            found.extend(oracle::answer(draft, answer, other));
        }
        if let (Some(answer), Some(likewise), Some((_, id))) = (answer, likewise, twin) {
            found.extend(oracle::twins(draft, answer, likewise, id));
        }
    }
    found
}

/// Whatever is asked, of functions that are whole.
async fn nothing_reaches_another_tenant(placement: Placement) {
    let found = fuzz(placement, 3, false).await;
    assert!(found.is_empty(), "{} findings: {:#?}", found.len(), &found[..found.len().min(5)]);
}

/// The oracle sees the leaks of functions that have lost their tenant: in answers, and in what
/// is told apart. On PostgreSQL its policies hold without them.
async fn a_leak_is_seen(placement: Placement) {
    let found = fuzz(placement, 1, true).await;
    let leaks = found.iter().filter(|found| matches!(found, Finding::Leak(_)));
    let differences = found.iter().filter(|found| matches!(found, Finding::Difference(_)));
    let seen = (leaks.count() > 0, differences.count() > 0);
    assert_eq!(seen, (!external(), !external()), "{found:#?}");
}

both! { nothing_reaches_another_tenant a_leak_is_seen }
