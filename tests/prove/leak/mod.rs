//! No answer tells a tenant anything of another tenant. Two tenants send random requests, about
//! their own objects and about each other's, many at a time. The instances that answer are used
//! again, and some end between two statements. Every text that a tenant writes names its owner, so
//! that a text in the wrong place is recognized at once.

mod body;
mod draft;
mod head;
mod operations;
mod oracle;
mod tenant;
mod wave;

use super::{random, rounds};
use crate::stores::with_fault_injection;
use crate::support::Placement;
use crate::support::server::{UNLIMITED, options, start};
use crate::support::stores::external;
use oracle::Finding;
use tenant::Tenant;
use wave::Answered;

everywhere! { nothing_reaches_another_tenant(placement) a_leak_is_seen(placement) }

/// Waves of requests in a round, on one server.
const WAVES: usize = 3;

/// Which functions answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Functions {
    /// The functions that are deployed.
    Real,
    /// The functions, built so that a request may make its instance trap.
    Trapping,
    /// The functions, built without the tenant in every statement.
    Broken,
}

/// The outcome of the rounds.
#[derive(Debug, Default)]
struct Outcome {
    found: Vec<Finding>,
    /// The number of answers that told a tenant of its own data.
    told: usize,
    /// The number of compared pairs: an answer about another tenant's object, and one about an
    /// object that never existed.
    compared: usize,
    trapped: usize,
}

impl Outcome {
    fn judge(&mut self, answered: &[Answered], tenants: &[Tenant; 2]) {
        for Answered { draft, answer, twin } in answered {
            let other = &tenants[1 - draft.tenant];
            let likewise = twin.as_ref().and_then(|twin| twin.answer.as_ref());
            for answer in answer.iter().chain(likewise) {
                self.found.extend(oracle::answer(draft, answer, other));
                self.told += usize::from(answer.status < 300 && !draft.operation.public);
                self.trapped += usize::from(answer.status == 500);
            }
            if let (Some(answer), Some(likewise), Some(twin)) = (answer, likewise, twin) {
                self.found.extend(oracle::twins(draft, answer, likewise, &twin.id));
                self.compared += 1;
            }
        }
    }
}

fn learn(answered: &[Answered], tenants: &mut [Tenant; 2]) {
    for Answered { draft, answer, .. } in answered {
        let (me, other) = wave::split(tenants, draft.tenant);
        me.say(other.own_in(&draft.text()));
        // The documents are public, so they tell nothing of a tenant's own data.
        let is_own = !draft.operation.public || draft.operation.limit.class == "auth";
        if let Some(answer) = answer.as_ref().filter(|it| it.status < 300 && is_own) {
            let text = oracle::text(answer);
            // A leaked text does not become the property of the tenant that got it.
            if other.own_in(&text).is_empty() {
                me.learn(&text, &draft.text());
                if let Some(shape) = draft.operation.shape {
                    me.meet(shape.collection, &answer.body);
                }
            }
        }
    }
}

/// Sends random requests, and checks every answer, the log and the stored rows.
async fn fuzz(placement: Placement, rounds: impl Iterator<Item = u64>, broken: bool) -> Outcome {
    let directory = tempfile::tempdir().unwrap();
    let mut random = random(&format!("leak {placement:?} {broken}"));
    let mut tenants: Option<[Tenant; 2]> = None;
    let mut outcome = Outcome::default();
    for round in rounds {
        let functions = match round % 3 {
            _ if broken => Functions::Broken,
            1 => Functions::Real,
            _ => Functions::Trapping,
        };
        let mut setting = options(placement, directory.path(), &UNLIMITED);
        setting.limits.max_instances = *random.choice(&[1, 2, 4, 32]).unwrap();
        if functions != Functions::Real {
            setting.manifest = with_fault_injection(directory.path());
        }
        let (app, server) = start(setting).await;
        if tenants.is_none() {
            let pair = [Tenant::new(&app, &mut random).await, Tenant::new(&app, &mut random).await];
            tenants = Some(pair);
        }
        let tenants = tenants.as_mut().unwrap();
        for _ in 0..WAVES {
            let traps = functions == Functions::Trapping;
            let drafts = wave::draft(&mut random, tenants, traps);
            let at_a_time = random.usize(1..=32);
            let answered = wave::send(&app.base, tenants, drafts, at_a_time).await;
            learn(&answered, tenants);
            outcome.judge(&answered, tenants);
        }
        server.shutdown().await.unwrap();
        outcome.found.extend(oracle::log(&app.log.lock(), tenants));
        outcome.found.extend(oracle::rows(&app, tenants));
    }
    outcome
}

/// The functions as they are leak nothing, whatever the requests are.
async fn nothing_reaches_another_tenant(placement: Placement) {
    let Outcome { found, told, compared, trapped } = fuzz(placement, rounds(3), false).await;
    assert!(found.is_empty(), "{} findings: {:#?}", found.len(), &found[..found.len().min(5)]);
    let enough = told > 60 && compared > 40 && trapped > 3;
    assert!(enough, "too little to prove anything: {told} {compared} {trapped}");
}

/// The oracle finds the leaks of functions that have lost their tenant, both in answers and in
/// differences between answers. On PostgreSQL the policies prevent these leaks.
async fn a_leak_is_seen(placement: Placement) {
    let outcome = fuzz(placement, 0..3, true).await;
    let leaks = outcome.found.iter().filter(|found| matches!(found, Finding::Leak(_)));
    let differences = outcome.found.iter().filter(|found| matches!(found, Finding::Difference(_)));
    let seen = (leaks.count() > 0, differences.count() > 0);
    assert_eq!(seen, (!external(), !external()), "{:#?}", outcome.found);
}
