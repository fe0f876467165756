//! One file for each area: its checks with their clauses, then the requests of a run.

use crate::check::{Area, Stop};
use crate::report::Recorder;
use crate::world::World;

pub(crate) mod cursor;
pub(crate) mod deprecation;
pub(crate) mod etag;
mod exhaustion;
pub(crate) mod idempotency;
mod keys;
pub(crate) mod problem;
pub(crate) mod ratelimit;

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
