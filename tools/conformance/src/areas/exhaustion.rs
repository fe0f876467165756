//! The refusals of a caller that has used up its quota, and the answers to other callers.

use std::time::{Duration, Instant};

use http::Method;

use super::pair::pair;
use crate::check::{Stop, Verdict, failed, skipped};
use crate::client::{Answer, Ask, Identity};
use crate::fields::date;
use crate::fields::ratelimit::limits;
use crate::report::Recorder;
use crate::target::{RateLimit, fill, unique};
use crate::world::World;

/// All checks of this file, in the order in which they are judged.
const CHECKS: [&str; 7] = [
    "ratelimit-exhausted",
    "ratelimit-retry-after",
    "ratelimit-retry-after-reset",
    "ratelimit-remaining",
    "ratelimit-problem",
    "ratelimit-others",
    "ratelimit-retry",
];

/// The longest `Retry-After` for which the suite waits.
const LONGEST: Duration = Duration::from_secs(300);

fn skip_rest(out: &mut Recorder<'_>, reason: &str) {
    for id in CHECKS {
        out.skip_rest(id, reason);
    }
}

pub(super) async fn run(
    world: &World,
    says: &RateLimit,
    exhaust: bool,
    out: &mut Recorder<'_>,
) -> Result<(), Stop> {
    let fresh = match says.exhaust || exhaust {
        true => world.fresh().await?,
        false => None,
    };
    let by = match fresh {
        Some(fresh) => fresh,
        // An existing caller's quota belongs to others, so only the user of the suite may decide to
        // use it up.
        None if exhaust => world.first().await?,
        None => {
            skip_rest(out, "uses a quota up; ask for it with --exhaust");
            return Ok(());
        }
    };
    // The other caller must have units left before. Otherwise its 429 would prove nothing.
    if let Some(other) = world.second().await? {
        operation(world, says, other)?.patient().send().await?;
    }
    let Some((sent, refused)) = until_429(world, says, by).await? else {
        let text = format!("no 429 after {} requests", says.at_most);
        out.note("ratelimit-exhausted", failed(text));
        skip_rest(out, "there was no 429");
        return Ok(());
    };
    eprintln!("The quota was used up by request {sent}.");
    out.note("ratelimit-exhausted", Ok(()));
    let told = refused.header("retry-after").ok_or("there is no Retry-After".to_owned());
    let wait = told.and_then(date::retry_after);
    out.note("ratelimit-retry-after", wait.clone().map(drop).or_else(failed));
    out.note("ratelimit-retry-after-reset", not_before_reset(&refused, wait.as_ref().ok()));
    out.note("ratelimit-remaining", nothing_left(&refused));
    out.note("ratelimit-problem", explained(&refused));
    out.note("ratelimit-others", others(world, says).await?);
    let retry = match wait {
        Ok(wait) => again(world, says, by, &refused, wait).await?,
        Err(_) => skipped("there is no valid Retry-After to wait for"),
    };
    out.note("ratelimit-retry", retry);
    Ok(())
}

fn operation<'a>(world: &'a World, says: &RateLimit, by: &Identity) -> anyhow::Result<Ask<'a>> {
    let ask = match (&says.operation, &world.target.collection) {
        (Some(operation), _) => {
            let method = Method::from_bytes(operation.method.as_bytes())?;
            let ask = world.ask(method, &operation.path);
            match &operation.body {
                Some(body) => ask.json(&fill(body, &unique())),
                None => ask,
            }
        }
        (None, Some(list)) => world.creation(list, &unique()),
        (None, None) => anyhow::bail!("the target names no operation with a quota"),
    };
    Ok(ask.header("accept", "application/problem+json, application/json").by(by).impatient())
}

/// The number of the request that was answered 429, and the answer.
async fn until_429(
    world: &World,
    says: &RateLimit,
    by: &Identity,
) -> anyhow::Result<Option<(u32, Answer)>> {
    for number in 1..=says.at_most {
        let answer = operation(world, says, by)?.send().await?;
        if answer.status == 429 {
            return Ok(Some((number, answer)));
        }
        anyhow::ensure!(answer.status < 500, "{}", answer.seen());
    }
    Ok(None)
}

fn not_before_reset(refused: &Answer, wait: Option<&Duration>) -> Verdict {
    let (Some(reset), Some(wait)) = (reset(refused), wait) else {
        return skipped("the 429 has no reset to compare with");
    };
    let wait = wait.as_secs();
    match u64::try_from(reset).is_ok_and(|reset| wait >= reset) {
        true => Ok(()),
        false => failed(format!("Retry-After is {wait} s, the reset is in {reset} s")),
    }
}

fn explained(refused: &Answer) -> Verdict {
    let media_type = refused.header("content-type").unwrap_or("none");
    let words = refused.body.as_object().is_some_and(|members| {
        members.values().any(|value| value.as_str().is_some_and(|text| text.contains(' ')))
    });
    match (media_type.starts_with("application/problem+json"), words) {
        (true, _) | (_, true) => Ok(()),
        _ => failed(format!("Content-Type {media_type}, body `{}`", refused.text)),
    }
}

async fn others(world: &World, says: &RateLimit) -> anyhow::Result<Verdict> {
    let Some(other) = world.second().await? else {
        return Ok(skipped("the target has one identity only"));
    };
    let answer = operation(world, says, other)?.send().await?;
    Ok(match answer.status {
        429 => failed(format!("the other caller: {}", answer.seen())),
        _ => Ok(()),
    })
}

async fn again(
    world: &World,
    says: &RateLimit,
    by: &Identity,
    refused: &Answer,
    wait: Duration,
) -> anyhow::Result<Verdict> {
    if wait > LONGEST {
        return Ok(skipped(format!("Retry-After is {} s, too long for a test", wait.as_secs())));
    }
    eprintln!("Waiting {} s, as Retry-After says.", wait.as_secs());
    let left = (refused.at + wait).saturating_duration_since(Instant::now());
    tokio::time::sleep(left).await;
    let answer = operation(world, says, by)?.send().await?;
    Ok(match answer.status {
        429 => failed(format!("after {} s: {}", wait.as_secs(), answer.seen())),
        _ => Ok(()),
    })
}

/// The latest reset of a policy without remaining units. If the 429 lacks the fields, then there is
/// nothing to compare with.
fn reset(answer: &Answer) -> Option<i64> {
    let (_, _, limits) = pair(answer)?;
    let empty = limits.iter().filter(|limit| limit.remaining == 0);
    empty.filter_map(|limit| limit.reset).max()
}

/// Whether the answer says that some policy has no units left.
fn nothing_left(answer: &Answer) -> Verdict {
    let Some(value) = answer.joined("ratelimit") else {
        return skipped("the 429 has no RateLimit");
    };
    match limits(&value) {
        Ok(limits) if limits.iter().any(|limit| limit.remaining == 0) => Ok(()),
        _ => failed(format!("the 429 has RateLimit: {value}")),
    }
}
