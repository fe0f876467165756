//! One file for each area: its checks with their clauses, then the requests of a run.

use crate::check::{Area, Check, Stop};
use crate::report::Recorder;
use crate::world::World;

pub(crate) mod cursor;
pub(crate) mod deprecation;
pub(crate) mod etag;
mod exhaustion;
pub(crate) mod idempotency;
mod keys;
mod pair;
pub(crate) mod problem;
pub(crate) mod ratelimit;

/// The checks of an area, in the order of the report.
pub(crate) const fn checks(area: Area) -> &'static [Check] {
    match area {
        Area::Problem => &problem::CHECKS,
        Area::Etag => &etag::CHECKS,
        Area::Cursor => &cursor::CHECKS,
        Area::Idempotency => &idempotency::CHECKS,
        Area::Deprecation => &deprecation::CHECKS,
        Area::Ratelimit => &ratelimit::CHECKS,
    }
}

/// Runs the checks of an area.
pub(crate) async fn run(
    area: Area,
    world: &World,
    exhaust: bool,
    out: &mut Recorder<'_>,
) -> Result<(), Stop> {
    match area {
        Area::Problem => problem::run(world, out).await,
        Area::Etag => etag::run(world, out).await,
        Area::Cursor => cursor::run(world, out).await,
        Area::Idempotency => idempotency::run(world, out).await,
        Area::Deprecation => deprecation::run(world, out).await,
        Area::Ratelimit => ratelimit::run(world, exhaust, out).await,
    }
}
