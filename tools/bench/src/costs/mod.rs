//! The cost of limits and idempotency keys for a request: a placement with and without them, in
//! turns.

mod check;
mod figures;
mod pair;

use std::sync::Arc;

use anyhow::Context as _;

use crate::Settings;
use crate::data::Seed;
use crate::load::Operation;
use crate::places::Places;
use crate::process::{Kind, Limits, Server};
use crate::settings::Part;
use crate::storage::Storage;
pub(crate) use figures::Cost;
use figures::Round;
use pair::Pair;

/// The placements that are measured. The baseline says nothing about the cost of the gateway.
const KINDS: [Kind; 2] = [Kind::Fused, Kind::Composed];

/// A comparison.
#[derive(Clone, Copy)]
struct Subject {
    what: &'static str,
    part: Part,
    with: Operation,
    without: Operation,
    /// Whether the difference is between two servers, one of which has no limits. Otherwise it is
    /// between two operations.
    unlimited: bool,
}

const SUBJECTS: [Subject; 3] = [
    Subject {
        what: "point read: with limits / without",
        part: Part::Limits,
        with: Operation::PointRead,
        without: Operation::PointRead,
        unlimited: true,
    },
    Subject {
        what: "create: with a fresh Idempotency-Key / without",
        part: Part::Idempotency,
        with: Operation::CreateOnce,
        without: Operation::Create,
        unlimited: false,
    },
    Subject {
        what: "replay of a create / point read",
        part: Part::Idempotency,
        with: Operation::Replay,
        without: Operation::PointRead,
        unlimited: false,
    },
];

/// Whether any comparison of this module is to be measured.
pub(crate) fn chosen(settings: &Settings) -> bool {
    SUBJECTS.iter().any(|subject| settings.measures(subject.part))
}

/// Measures the chosen comparisons on both placements.
///
/// # Errors
/// The request that did not get the right answer.
pub(crate) async fn measure(
    settings: &Settings,
    places: &Places,
    storage: &Storage,
    seed: &Arc<Seed>,
) -> anyhow::Result<Vec<Cost>> {
    let mut costs = Vec::new();
    let kinds = if chosen(settings) { &KINDS[..] } else { &[] };
    for kind in kinds {
        let of_kind = measure_kind(settings, places, storage, seed, *kind).await;
        costs.append(&mut of_kind.context(kind.name())?);
    }
    Ok(costs)
}

async fn measure_kind(
    settings: &Settings,
    places: &Places,
    storage: &Storage,
    seed: &Arc<Seed>,
    kind: Kind,
) -> anyhow::Result<Vec<Cost>> {
    let subjects: Vec<_> =
        SUBJECTS.into_iter().filter(|subject| settings.measures(subject.part)).collect();
    let mut rounds: Vec<Vec<Round>> = subjects.iter().map(|_| Vec::new()).collect();
    for number in 1..=settings.rounds {
        let [limited, unlimited] = servers(places, storage, seed, kind).await?;
        for (subject, rounds) in subjects.iter().zip(&mut rounds) {
            let pair = Pair {
                with: (&limited, subject.with),
                without: (if subject.unlimited { &unlimited } else { &limited }, subject.without),
            };
            let round = pair.measure(settings, seed, number).await.context(subject.what)?;
            eprintln!(
                "Round {number}/{}: {}, {}: {:.0} and {:.0} requests/s",
                settings.rounds,
                kind.name(),
                subject.what,
                round.with.requests_per_second,
                round.without.requests_per_second
            );
            rounds.push(round);
        }
        limited.stop().await?;
        unlimited.stop().await?;
    }
    let costs = subjects.iter().zip(&rounds);
    Ok(costs.filter_map(|(subject, rounds)| Cost::of(subject.what, rounds)).collect())
}

/// A server with limits and one without, each over its own copy of the data.
async fn servers(
    places: &Places,
    storage: &Storage,
    seed: &Seed,
    kind: Kind,
) -> anyhow::Result<[Server; 2]> {
    let limited = storage.data(places, kind.name());
    let unlimited = storage.data(places, &format!("{}-unlimited", kind.name()));
    for data in [&limited, &unlimited] {
        seed.copy_to(storage, data).await?;
    }
    let mut limited = Server::start(places, kind, &limited, Limits::AMPLE)?;
    let mut unlimited = Server::start(places, kind, &unlimited, Limits::NONE)?;
    limited.ready().await?;
    unlimited.ready().await?;
    check::servers(&limited, &unlimited, seed).await.context("not what is to be compared")?;
    Ok([limited, unlimited])
}
