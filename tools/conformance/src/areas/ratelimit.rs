//! `RateLimit-Policy`, `RateLimit` and their predecessors, on every answer of the run and on a few
//! requests back to back.

use std::collections::BTreeMap;
use std::time::{SystemTime, UNIX_EPOCH};

use super::exhaustion;
use super::pair::{Pair, pair};
use crate::catalogue::{HTTP, RATELIMIT, STATUS, must, should};
use crate::check::{Check, Stop, Verdict, each};
use crate::client::Answer;
use crate::fields::ratelimit::{Limit, Policy, limits, policies};
use crate::report::Recorder;
use crate::world::World;

pub(crate) const CHECKS: [Check; 15] = [
    must(
        "ratelimit-present",
        "answers have RateLimit-Policy and RateLimit",
        RATELIMIT.says("6", "A server may send the fields; a target with [ratelimit] says that it does."),
    ),
    must(
        "ratelimit-policy-syntax",
        "RateLimit-Policy is a List of Strings with `q` and valid parameters",
        RATELIMIT.says("3.1", "A policy is a String with a required Integer `q`, and may have `qu` (String), `w` (positive Integer) and `pk` (Byte Sequence)."),
    ),
    must(
        "ratelimit-syntax",
        "RateLimit is a List of Strings with `r` and valid parameters",
        RATELIMIT.says("4.1", "A service limit is the name of its policy with a required Integer `r`, and may have `t` (Integer) and `pk` (Byte Sequence), none negative."),
    ),
    must(
        "ratelimit-policy-known",
        "a policy named in RateLimit is one of RateLimit-Policy",
        RATELIMIT.says("4.1", "A service limit item identifies the quota policy that the request falls under."),
    ),
    should(
        "ratelimit-within-quota",
        "no more is left than the policy allots",
        RATELIMIT.says("4.1.1", "`r` is what remains of the quota units of the policy."),
    ),
    should(
        "ratelimit-policy-stable",
        "a policy is the same in all answers",
        RATELIMIT.says("3", "RateLimit-Policy should stay consistent over a sequence of responses; what changes belongs in RateLimit."),
    ),
    must(
        "ratelimit-counts",
        "what is left does not grow between requests faster than the quota is given back",
        RATELIMIT.says("4.1.1", "`r` tells the remaining units of the current window, which requests use up."),
    ),
    must(
        "ratelimit-legacy",
        "X-RateLimit-Limit, -Remaining and -Reset agree with each other and with RateLimit",
        RATELIMIT.says("appendix on fields currently used on the web", "The older fields mean the same: quota, remainder and reset, the latter in seconds or as Unix time."),
    ),
    must(
        "ratelimit-exhausted",
        "who uses the quota up is answered 429",
        STATUS.says("4", "429 tells that the user has sent too many requests in a given time."),
    ),
    must(
        "ratelimit-retry-after",
        "the 429 has a valid Retry-After",
        HTTP.says("10.2.3", "Retry-After is a number of seconds or an HTTP-date."),
    ),
    should(
        "ratelimit-retry-after-reset",
        "Retry-After is not before the reset in RateLimit",
        RATELIMIT.says("6", "Retry-After should not reference a time earlier than the reset parameter."),
    ),
    should(
        "ratelimit-remaining",
        "the 429 says that nothing is left",
        RATELIMIT.says("4.1.1", "`r` is what remains; when the quota is used up, that is 0."),
    ),
    should(
        "ratelimit-problem",
        "the body of the 429 explains it",
        STATUS.says("4", "The representation should explain the condition, and the response may have Retry-After."),
    ),
    must(
        "ratelimit-others",
        "the 429 of one caller does not hit another",
        RATELIMIT.says("2", "A quota partition divides the capacity between clients, so that one does not use up what is another's."),
    ),
    must(
        "ratelimit-retry",
        "a retry after exactly Retry-After is admitted",
        HTTP.says("10.2.3", "Retry-After tells how long the client ought to wait; a time that is too early makes it fail again."),
    ),
];

/// The number of requests back to back.
const BURST: usize = 6;

pub(crate) async fn run(world: &World, exhaust: bool, out: &mut Recorder<'_>) -> Result<(), Stop> {
    let (Some(says), Some(list)) = (&world.target.ratelimit, &world.target.collection) else {
        out.skip_rest("", "the target has no [ratelimit] or no [collection]");
        return Ok(());
    };
    let by = world.second().await?.unwrap_or(world.first().await?);
    let mut burst = Vec::new();
    for _ in 0..BURST {
        burst.push(world.get(&list.path).by(by).send().await?);
    }
    out.note("ratelimit-present", present(&burst));
    exhaustion::run(world, says, exhaust, out).await?;

    let answers = world.server.answers();
    out.note(
        "ratelimit-policy-syntax",
        syntax(&answers, "ratelimit-policy", |it| policies(it).err()),
    );
    out.note("ratelimit-syntax", syntax(&answers, "ratelimit", |it| limits(it).err()));
    let pairs: Vec<_> = answers.iter().filter_map(pair).collect();
    out.note("ratelimit-policy-known", known(&pairs));
    out.note("ratelimit-within-quota", within(&pairs));
    out.note("ratelimit-policy-stable", stable(&pairs));
    out.note("ratelimit-counts", counts(&burst));
    out.note("ratelimit-legacy", legacy(&answers));
    Ok(())
}

fn present(burst: &[Answer]) -> Verdict {
    let lacking = burst.iter().flat_map(|answer| {
        let names = ["RateLimit-Policy", "RateLimit"].into_iter();
        let absent = names.filter(|name| answer.joined(name).is_none());
        absent.map(|name| format!("{} has no {name}", answer.asked))
    });
    each(burst.len(), "no answers", lacking.collect())
}

fn syntax(answers: &[Answer], name: &str, wrong: impl Fn(&str) -> Option<String>) -> Verdict {
    let values: Vec<_> =
        answers.iter().filter_map(|it| Some((&it.asked, it.joined(name)?))).collect();
    let found =
        values.iter().filter_map(|(asked, value)| Some(format!("{asked}: {}", wrong(value)?)));
    each(values.len(), &format!("no answer had the field {name}"), found.collect())
}

const NO_PAIR: &str = "no answer had both fields in valid form";

fn known(pairs: &[Pair<'_>]) -> Verdict {
    let wrong = pairs.iter().flat_map(|(answer, policies, limits)| {
        let strange = limits.iter().filter(|limit| policies.iter().all(|it| it.name != limit.name));
        strange.map(|limit| format!("{}: \"{}\" is in RateLimit only", answer.asked, limit.name))
    });
    each(pairs.len(), NO_PAIR, wrong.collect())
}

fn within(pairs: &[Pair<'_>]) -> Verdict {
    let wrong = pairs.iter().flat_map(|(answer, policies, limits)| {
        limits.iter().filter_map(move |limit| {
            let policy = policies.iter().find(|it| it.name == limit.name)?;
            (limit.remaining > policy.quota).then(|| {
                let Limit { name, remaining, .. } = limit;
                format!("{}: \"{name}\" has {remaining} of {} left", answer.asked, policy.quota)
            })
        })
    });
    each(pairs.len(), NO_PAIR, wrong.collect())
}

fn stable(pairs: &[Pair<'_>]) -> Verdict {
    let mut first: BTreeMap<&str, &Policy> = BTreeMap::new();
    let mut wrong = Vec::new();
    for policy in pairs.iter().flat_map(|(_, policies, _)| policies) {
        let known = *first.entry(&policy.name).or_insert(policy);
        if known != policy {
            wrong.push(format!("{known:?} and {policy:?}"));
        }
    }
    each(pairs.len(), NO_PAIR, wrong)
}

/// Checks consecutive answers of a burst. `r` may grow by the units that a window gives back in
/// that time, and by all units if a window ends.
fn counts(burst: &[Answer]) -> Verdict {
    let pairs: Vec<_> = burst.iter().filter_map(pair).collect();
    let mut last: BTreeMap<&str, (&Answer, &Limit)> = BTreeMap::new();
    let mut wrong = Vec::new();
    for (answer, policies, limits) in &pairs {
        for limit in limits {
            let Some((earlier, before)) = last.insert(&limit.name, (answer, limit)) else {
                continue;
            };
            // At most this time passed between the two moments at which the server counted.
            let elapsed = answer.at.duration_since(earlier.sent).as_secs_f64();
            let policy = policies.iter().find(|it| it.name == limit.name);
            let ended = before.reset.is_some_and(|reset| reset as f64 <= elapsed + 1.0);
            let full = policy.is_some_and(|it| limit.remaining + BURST as i64 >= it.quota);
            let rate = policy.and_then(|it| Some(it.quota as f64 / it.window? as f64));
            let back = (rate.unwrap_or_default() * elapsed).ceil() as i64;
            if limit.remaining > before.remaining + back && !(ended && full) {
                let (name, from, to) = (&limit.name, before.remaining, limit.remaining);
                wrong.push(format!("\"{name}\" went from {from} to {to} in {elapsed:.3} s"));
            }
        }
    }
    each(pairs.len(), NO_PAIR, wrong)
}

fn legacy(answers: &[Answer]) -> Verdict {
    let names = ["x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-reset"];
    let some = answers.iter().filter(|it| names.iter().any(|name| it.headers.contains_key(*name)));
    let some: Vec<_> = some.collect();
    let wrong = some.iter().filter_map(|answer| {
        let number = |name: &str| answer.header(name).and_then(|it| it.parse::<u64>().ok());
        let told = names.map(number);
        let wrong = match told {
            [Some(limit), Some(remaining), Some(reset)] => trio(answer, limit, remaining, reset),
            _ => Some(format!("are not three integers: {told:?}")),
        };
        Some(format!("{}: X-RateLimit-* {}", answer.asked, wrong?))
    });
    each(some.len(), "no answer had X-RateLimit-* fields", wrong.collect())
}

/// The longest time until a reset: a month.
const FAR: u64 = 31 * 86_400;

fn trio(answer: &Answer, limit: u64, remaining: u64, reset: u64) -> Option<String> {
    if remaining > limit {
        return Some(format!("have {remaining} of {limit} left"));
    }
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    // Small numbers are seconds from now. Large ones are a time, which is later than the answer.
    let ahead = answer.at.elapsed().as_secs() + 5;
    let sane = reset <= FAR || (reset + ahead >= now && reset <= now + FAR);
    if !sane {
        return Some(format!("reset at {reset}, now is {now}"));
    }
    let (_, policies, limits) = pair(answer)?;
    let agrees = limits.iter().any(|it| {
        let quota = policies.iter().find(|policy| policy.name == it.name).map(|it| it.quota);
        it.remaining.cast_unsigned() == remaining && quota.map(i64::cast_unsigned) == Some(limit)
    });
    (!agrees).then(|| format!("say {remaining} of {limit}, RateLimit says {limits:?}"))
}
