//! A wave: requests that are in flight together.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::draft::{Draft, Writer, missing};
use super::tenant::Tenant;
use crate::support::{Client, Exchange};

/// Requests of a wave. The requests of the next wave can use what these answers told.
const SIZE: usize = 64;

/// A request with its answer. The answer is `None` if a trap ended the connection.
pub(super) struct Answered {
    pub(super) draft: Draft,
    pub(super) answer: Option<Exchange>,
    pub(super) twin: Option<Twin>,
}

/// The same request about something that never existed.
pub(super) struct Twin {
    pub(super) id: String,
    pub(super) answer: Option<Exchange>,
}

/// Both tenants: the one at this index, and the other.
pub(super) fn split(tenants: &mut [Tenant; 2], one: usize) -> (&mut Tenant, &mut Tenant) {
    let [first, second] = tenants;
    if one == 0 { (first, second) } else { (second, first) }
}

/// Writes the requests of a wave. `traps` says whether the functions can be made to trap.
pub(super) fn draft(
    random: &mut fastrand::Rng,
    tenants: &mut [Tenant; 2],
    traps: bool,
) -> Vec<(Draft, Option<String>)> {
    let one = |_| {
        let tenant = random.usize(..2);
        let (me, other) = split(tenants, tenant);
        let mut draft = Writer::new(random, me, other).write(tenant);
        if traps {
            let (_, id) =
                draft.headers.iter_mut().find(|(name, _)| *name == "x-request-id").unwrap();
            id.push_str(".KEEP");
            if random.u8(..4) == 0 {
                id.push_str(&format!(".TRAP-{}", random.u8(1..8)));
            }
        }
        let id = draft.comparable.then(|| missing(random));
        (draft, id)
    };
    (0..SIZE).map(one).collect()
}

/// Sends all requests, this many at a time.
pub(super) async fn send(
    base: &str,
    tenants: &[Tenant; 2],
    drafts: Vec<(Draft, Option<String>)>,
    at_a_time: usize,
) -> Vec<Answered> {
    let clients = tenants.each_ref().map(|tenant| {
        [&tenant.owner, &tenant.viewer].map(|it| Client::new(base, Some(it.token())))
    });
    let (clients, drafts) = (Arc::new(clients), Arc::new(drafts));
    let next = Arc::<AtomicUsize>::default();
    let workers = (0..at_a_time).map(|_| {
        let (clients, drafts, next) = (clients.clone(), drafts.clone(), next.clone());
        tokio::spawn(async move {
            let mut answered = Vec::new();
            while let Some((draft, id)) = drafts.get(next.fetch_add(1, Ordering::Relaxed)) {
                let client = &clients[draft.tenant][usize::from(draft.as_viewer)];
                let answer = draft.send(client).await;
                assert!(answer.is_ok() || draft.asks_for_a_trap(), "{draft:?}: {answer:?}");
                let twin = match id {
                    Some(id) => {
                        let answer = draft.about(id).send(client).await.ok();
                        Some(Twin { id: id.clone(), answer })
                    }
                    None => None,
                };
                answered.push(Answered { draft: draft.clone(), answer: answer.ok(), twin });
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
