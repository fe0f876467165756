//! `Idempotency-Key` on the creation of the collection: one key, one execution, one answer.

use futures_util::future::try_join_all;
use serde_json::Value;

use super::keys::{self, Keys, quoted};
use crate::catalogue::{FIELDS, HTTP, IDEMPOTENCY, must, should};
use crate::check::{Check, Stop, Verdict, demand, failed, skipped};
use crate::client::Answer;
use crate::report::Recorder;
use crate::target::{fill, unique};
use crate::world::{World, split};

pub(crate) const CHECKS: [Check; 16] = [
    must(
        "idempotency-first",
        "the first request with a key is executed once",
        IDEMPOTENCY.says("2.6", "A key that was not seen before: the request is processed as usual."),
    ),
    must(
        "idempotency-replay",
        "a retry gets the status and the body of the first answer",
        IDEMPOTENCY.says("2.6", "A retry after completion is answered with the result of the completed operation."),
    ),
    must(
        "idempotency-once",
        "the retry made nothing",
        IDEMPOTENCY.says("2.6", "The server enforces that a key it has seen is not executed again."),
    ),
    must(
        "idempotency-marker",
        "the retry is marked as a replay, the first answer is not",
        IDEMPOTENCY.says("2.5.2", "The resource publishes how its idempotency works and keeps to it; a marker is such a promise."),
    ),
    must(
        "idempotency-reuse",
        "another body with the same key is answered 422 and makes nothing",
        IDEMPOTENCY.says("2.7", "A key that is reused with another payload is answered 422."),
    ),
    should(
        "idempotency-problem",
        "the refusal is a problem that leads to documentation",
        IDEMPOTENCY.says("2.7", "The body of the error, or a Link with rel=describedby, leads to the documentation."),
    ),
    must(
        "idempotency-concurrent",
        "equal requests at the same time make one object; the others get its answer or 409",
        IDEMPOTENCY.says("2.6", "A retry before the original request is completed is answered with a conflict, not executed."),
    ),
    should(
        "idempotency-wait",
        "a 409 says in Retry-After when to ask again",
        HTTP.says("10.2.3", "Retry-After tells how long to wait before a follow-up request."),
    ),
    must(
        "idempotency-scope",
        "the key of one caller gives another caller nothing of the first one's answer",
        IDEMPOTENCY.says("5", "The look-up key is composed with what only the server knows of the client, so that nobody reads answers by guessing keys."),
    ),
    should(
        "idempotency-corrected",
        "a request that was refused before execution may be corrected with its key",
        IDEMPOTENCY.says("2.7", "Clients correct a refused request and retry it; what was not executed needs no new key."),
    ),
    must(
        "idempotency-quoted",
        "a key as String of structured fields is understood",
        IDEMPOTENCY.says("2.1", "The field is an Item whose value must be a String, so the key stands in quotes."),
    ),
    must(
        "idempotency-bare",
        "a key without quotes is understood, where the target says so",
        IDEMPOTENCY.says("2.5.2", "The resource publishes how its idempotency works; taking keys without quotes goes beyond section 2.1."),
    ),
    must(
        "idempotency-missing",
        "an operation that requires a key answers 400 without one",
        IDEMPOTENCY.says("2.7", "When the documented operation requires the field and it is missing, the answer is 400."),
    ),
    must(
        "idempotency-malformed",
        "a malformed key is no server error",
        FIELDS.says("4.2", "A field that does not parse is ignored as a whole, or the message is treated as malformed."),
    ),
    should(
        "idempotency-malformed-refused",
        "a malformed key is answered 400 and makes nothing",
        IDEMPOTENCY.says("5", "The key is validated against its published format before the request is processed; ignoring it would lose the protection silently."),
    ),
    should(
        "idempotency-expiry",
        "the contract tells how long keys are kept",
        IDEMPOTENCY.says("2.3", "The resource should define when keys expire and publish it in its documentation."),
    ),
];

pub(crate) async fn run(world: &World, out: &mut Recorder<'_>) -> Result<(), Stop> {
    let (Some(list), Some(says)) = (&world.target.collection, &world.target.idempotency) else {
        out.skip_rest("", "the target has no [collection] or no [idempotency]");
        return Ok(());
    };
    let keys = Keys { world, list, says, by: world.first().await? };
    retry(&keys, out).await?;
    concurrent(&keys, out).await?;
    out.note("idempotency-scope", scope(&keys).await?);
    out.note("idempotency-corrected", corrected(&keys).await?);
    out.note("idempotency-quoted", keys::form(&keys, quoted).await?);
    let bare = match says.bare {
        true => keys::form(&keys, str::to_owned).await?,
        false => skipped("the target does not say that it takes keys without quotes"),
    };
    out.note("idempotency-bare", bare);
    out.note("idempotency-missing", keys::missing(&keys).await?);
    keys::malformed(&keys, out).await?;
    out.note("idempotency-expiry", keys::expiry(world).await?);
    Ok(())
}

/// Sends the first request, its retry, and the same key with another body.
async fn retry(keys: &Keys<'_>, out: &mut Recorder<'_>) -> Result<(), Stop> {
    let (key, text) = (quoted(&unique()), unique());
    let first = keys.create(&key, &text).await?;
    if !first.success() {
        out.note("idempotency-first", failed(first.seen()));
        return Err(Stop("the first request failed".into()));
    }
    out.note("idempotency-first", made(keys.count(&text).await?, "one request"));
    let again = keys.create(&key, &text).await?;
    out.note("idempotency-replay", replays(keys, &first, &again));
    out.note("idempotency-once", made(keys.count(&text).await?, "a request and its retry"));
    out.note("idempotency-marker", marked(keys, &first, &again)?);

    let other = unique();
    let reuse = keys
        .creation(&key, &other)
        .header("accept", "application/problem+json")
        .by(keys.by)
        .send()
        .await?;
    let made = keys.count(&other).await?;
    out.note("idempotency-reuse", refused(&reuse, made));
    out.note("idempotency-problem", documented(&reuse));
    Ok(())
}

fn made(count: usize, by: &str) -> Verdict {
    demand!(count == 1, "{by} made {count} objects");
    Ok(())
}

fn replays(keys: &Keys<'_>, first: &Answer, again: &Answer) -> Verdict {
    demand!(again.status == first.status, "{} first, then {}", first.status, again.seen());
    // Whitespace and the order of members are not part of the result.
    let result = |answer: &Answer| {
        let mut body = answer.body.clone();
        for pointer in &keys.says.volatile {
            body.pointer_mut(pointer).map(Value::take);
        }
        body
    };
    let same = match first.body {
        Value::Null => first.text == again.text,
        _ => result(first) == result(again),
    };
    demand!(same, "first {}, then {}", first.text, again.text);
    Ok(())
}

fn marked(keys: &Keys<'_>, first: &Answer, again: &Answer) -> anyhow::Result<Verdict> {
    let Some(marker) = &keys.says.marker else { return Ok(skipped("the target names no marker")) };
    let (name, value) = split(marker)?;
    let has =
        |answer: &Answer| answer.header(&name).is_some_and(|it| it.eq_ignore_ascii_case(&value));
    Ok(match (has(first), has(again)) {
        (false, true) => Ok(()),
        (true, _) => failed(format!("the first answer has `{marker}`")),
        (false, false) => failed(format!("the retry has no `{marker}`")),
    })
}

fn refused(reuse: &Answer, made: usize) -> Verdict {
    demand!(reuse.status == 422, "{}, expected 422", reuse.seen());
    demand!(made == 0, "the refused request made {made} objects");
    Ok(())
}

fn documented(reuse: &Answer) -> Verdict {
    if reuse.status < 400 {
        return skipped("there was no refusal");
    }
    let link = crate::fields::link::parse(&reuse.joined("link").unwrap_or_default());
    let link = link.is_ok_and(|links| crate::fields::link::target(&links, "describedby").is_some());
    let typed = reuse.at("/type").is_some_and(|it| it != "about:blank" && !it.is_empty());
    let media_type = reuse.header("content-type").unwrap_or("none");
    let problem = media_type.starts_with("application/problem+json");
    demand!(link || (problem && typed), "Content-Type {media_type}, body {}", reuse.text);
    Ok(())
}

async fn concurrent(keys: &Keys<'_>, out: &mut Recorder<'_>) -> Result<(), Stop> {
    let (key, text) = (quoted(&unique()), unique());
    let requests = (0..keys.says.concurrent.max(2)).map(|_| keys.create(&key, &text));
    let answers = try_join_all(requests).await?;
    // A request that was told to wait gets the result now, so the count below is final.
    let last = keys.create(&key, &text).await?;
    let count = keys.count(&text).await?;
    out.note("idempotency-concurrent", one_of(keys, &answers, &last, count));
    let conflicts: Vec<_> = answers.iter().filter(|it| it.status == 409).collect();
    let wrong = conflicts.iter().filter(|it| it.retry_after().is_none());
    let wrong = wrong.map(|it| format!("{} without a valid Retry-After", it.seen())).collect();
    out.note(
        "idempotency-wait",
        crate::check::each(conflicts.len(), "no request was answered 409", wrong),
    );
    Ok(())
}

fn one_of(keys: &Keys<'_>, answers: &[Answer], last: &Answer, count: usize) -> Verdict {
    demand!(count == 1, "{} equal requests made {count} objects", answers.len());
    demand!(last.success(), "the retry behind them: {}", last.seen());
    for answer in answers {
        let same = answer.success() && keys.id(answer) == keys.id(last);
        demand!(same || answer.status == 409, "{}, expected a replay or 409", answer.seen());
    }
    Ok(())
}

async fn scope(keys: &Keys<'_>) -> anyhow::Result<Verdict> {
    let Some(other) = keys.world.second().await? else {
        return Ok(skipped("the target has one identity only"));
    };
    let (key, text) = (quoted(&unique()), unique());
    let first = keys.create(&key, &text).await?.succeeded()?;
    let answer = keys.creation(&key, &text).by(other).send().await?;
    let id = keys.id(&first).unwrap_or_default();
    Ok(match answer.text.contains(&id) && !id.is_empty() {
        true => failed(format!("the other caller was told of {id}: {}", answer.seen())),
        false => Ok(()),
    })
}

async fn corrected(keys: &Keys<'_>) -> anyhow::Result<Verdict> {
    let Some(invalid) = &keys.list.invalid else {
        return Ok(skipped("the target names no `invalid` body"));
    };
    let (key, text) = (quoted(&unique()), unique());
    let ask = keys.world.ask(http::Method::POST, &keys.list.path).json(&fill(invalid, &text));
    let refused = ask.header("idempotency-key", &key).by(keys.by).send().await?;
    if !(400..500).contains(&refused.status) {
        return Ok(failed(format!("the invalid body: {}, expected 4xx", refused.seen())));
    }
    let answer = keys.create(&key, &text).await?;
    Ok(match answer.success() && keys.count(&text).await? == 1 {
        true => Ok(()),
        false => failed(format!("after {}: {}", refused.status, answer.seen())),
    })
}
