//! Conditional requests: an unmodified representation is not sent again, and no update is lost.

use anyhow::Context;
use futures_util::future::try_join_all;
use http::Method;
use serde_json::Value;

use super::problem::bodyless;
use crate::catalogue::{HTTP, must, should};
use crate::check::{Check, Stop, Verdict, demand, failed, skipped};
use crate::client::{Answer, Identity};
use crate::fields::etag::parse;
use crate::raw;
use crate::report::Recorder;
use crate::target::{Collection, Update, fill, unique};
use crate::world::{World, escape};

pub(crate) const CHECKS: [Check; 12] = [
    must(
        "etag-present",
        "a read has an ETag",
        HTTP.says("8.8.3", "A server should send an ETag for what it can tell a version of; without one nothing here can be asked."),
    ),
    must(
        "etag-syntax",
        "the ETag is an entity-tag",
        HTTP.says("8.8.3", "An entity-tag is an opaque quoted string, with `W/` before it when it is weak."),
    ),
    should(
        "etag-head",
        "HEAD has the ETag of GET",
        HTTP.says("9.3.2", "The server should send the same header fields in answer to HEAD as it would to GET."),
    ),
    must(
        "etag-not-modified",
        "If-None-Match with the current tag is answered 304",
        HTTP.says("13.1.2", "When the condition is false for GET or HEAD, the server must answer 304."),
    ),
    must(
        "etag-304",
        "the 304 has the ETag and no body",
        HTTP.says("15.4.5", "A 304 has no content, and must have the ETag that the 200 would have had."),
    ),
    must(
        "etag-list",
        "lists, weak tags and `*` match in If-None-Match, other tags do not",
        HTTP.says("13.1.2", "Tags are compared weakly; the condition is false if any tag of the list matches, or for `*` if anything exists."),
    ),
    must(
        "etag-changes",
        "another version has another ETag",
        HTTP.says("8.8.1", "A strong validator changes whenever the content of a 200 to GET would change."),
    ),
    must(
        "etag-stale",
        "If-Match with an old tag is answered 412 and changes nothing",
        HTTP.says("13.1.1", "When the condition is false the server must not perform the method; it may answer 412."),
    ),
    must(
        "etag-weak",
        "a weak tag in If-Match never matches",
        HTTP.says("13.1.1", "If-Match must be evaluated with the strong comparison, for which no weak tag is equal to another."),
    ),
    must(
        "etag-match",
        "If-Match with the current tag, alone or in a list, lets the update through",
        HTTP.says("13.1.1", "The condition is true if any of the listed tags matches the tag of what is there."),
    ),
    must(
        "etag-any",
        "If-Match with `*` lets the update of what exists through",
        HTTP.says("13.1.1", "For `*` the condition is true if there is a current representation."),
    ),
    must(
        "etag-race",
        "of updates at the same time with the same If-Match exactly one wins",
        HTTP.says("13.1.1", "If-Match is there to prevent lost updates: who comes second no longer matches and must not be performed."),
    ),
];

/// An object, and the ways to read and change it.
struct Object<'a> {
    world: &'a World,
    by: &'a Identity,
    list: &'a Collection,
    path: String,
    update: &'a Update,
}

impl Object<'_> {
    async fn read(&self, if_none_match: Option<&str>) -> anyhow::Result<Answer> {
        let mut ask = self.world.get(&self.path).by(self.by);
        if let Some(tags) = if_none_match {
            ask = ask.header("if-none-match", tags);
        }
        ask.send().await
    }

    async fn tag(&self) -> anyhow::Result<String> {
        let read = self.read(None).await?.succeeded()?;
        read.header("etag").map(str::to_owned).context("the ETag is gone")
    }

    async fn change(&self, if_match: &str, unique: &str) -> anyhow::Result<Answer> {
        let method = Method::from_bytes(self.update.method.as_bytes())?;
        let body = fill(&self.update.body, unique);
        let ask =
            self.world.ask(method, &self.path).by(self.by).typed(&self.update.media_type, &body);
        ask.header("if-match", if_match).send().await
    }

    /// The current state of the object, without the envelope of the answer.
    async fn state(&self) -> anyhow::Result<Value> {
        let read = self.read(None).await?.succeeded()?;
        let object = read.body.pointer(&self.list.object).cloned();
        object.with_context(|| format!("no object at {}: {}", self.list.object, read.text))
    }
}

pub(crate) async fn run(world: &World, out: &mut Recorder<'_>) -> Result<(), Stop> {
    let (Some(list), Some(update)) = (&world.target.collection, &world.target.update) else {
        out.skip_rest("", "the target has no [collection] or no [update]");
        return Ok(());
    };
    let by = world.second().await?.unwrap_or(world.first().await?);
    let object = Object { world, by, list, path: create(world, list, by).await?, update };
    let read = object.read(None).await?.succeeded()?;
    let Some(first) = read.header("etag").map(str::to_owned) else {
        out.note("etag-present", failed(format!("{} has no ETag", read.asked)));
        out.skip_rest("", "there is no ETag");
        return Ok(());
    };
    out.note("etag-present", Ok(()));
    let parsed = parse(&first).map(|(opaque, weak)| (opaque.to_owned(), weak));
    let (opaque, weak) = match parsed {
        Ok(parsed) => parsed,
        Err(wrong) => {
            out.note("etag-syntax", failed(wrong));
            out.skip_rest("", "the ETag cannot be sent back");
            return Ok(());
        }
    };
    out.note("etag-syntax", Ok(()));
    out.note("etag-head", head(&object, &first).await?);
    let same = object.read(Some(&first)).await?;
    out.note("etag-not-modified", expect(&same, same.status == 304, "304"));
    out.note("etag-304", not_modified(&object, &same, &first).await?);
    out.note("etag-list", listed(&object, &opaque).await?);

    if weak {
        out.skip_rest("", "the ETag is weak, which If-Match never matches");
        return Ok(());
    }
    let changed = object.change(&first, &unique()).await?;
    let second = object.tag().await?;
    out.note("etag-changes", changes(&object, &changed, &first, &second).await?);
    let old = if first == second { "\"of-no-version\"" } else { &first };
    out.note("etag-stale", refused(&object, old).await?);
    let tag = format!("W/{}", object.tag().await?);
    out.note("etag-weak", refused(&object, &tag).await?);
    let tags = format!("\"of-no-version\", {}", object.tag().await?);
    let listed = object.change(&tags, &unique()).await?;
    let both = changed.success() && listed.success();
    let seen = if changed.success() { &listed } else { &changed };
    out.note("etag-match", expect(seen, both, "a success"));
    let any = object.change("*", &unique()).await?;
    out.note("etag-any", expect(&any, any.success(), "a success"));
    out.note("etag-race", race(&object).await?);
    Ok(())
}

async fn create(world: &World, list: &Collection, by: &Identity) -> anyhow::Result<String> {
    let id = world.create(list, by, &unique()).await?;
    Ok(format!("{}/{}", list.path, escape(&id)))
}

fn expect(answer: &Answer, kept: bool, expected: &str) -> Verdict {
    demand!(kept, "{}, expected {expected}", answer.seen());
    Ok(())
}

async fn head(object: &Object<'_>, tag: &str) -> anyhow::Result<Verdict> {
    let ask = object.world.ask(Method::HEAD, &object.path).by(object.by);
    let answer = ask.send().await?;
    let seen = answer.header("etag");
    Ok(expect(&answer, seen == Some(tag), &format!("ETag {tag} and not {seen:?}")))
}

async fn not_modified(object: &Object<'_>, same: &Answer, tag: &str) -> anyhow::Result<Verdict> {
    if same.status != 304 {
        return Ok(skipped("there was no 304"));
    }
    if same.header("etag") != Some(tag) {
        return Ok(failed(format!("the 304 has the ETag {:?}", same.header("etag"))));
    }
    let ask = object.world.get(&object.path).by(object.by).header("if-none-match", tag);
    Ok(match raw::send(ask).await? {
        Some(answer) => bodyless(&answer.body),
        None => Ok(()),
    })
}

async fn listed(object: &Object<'_>, opaque: &str) -> anyhow::Result<Verdict> {
    let cases = [
        (format!("W/{opaque}"), 304),
        (opaque.to_owned(), 304),
        (format!("\"of-no-version\", {opaque}"), 304),
        ("*".to_owned(), 304),
        ("\"of-no-version\"".to_owned(), 200),
    ];
    for (tags, status) in cases {
        let answer = object.read(Some(&tags)).await?;
        if answer.status != status {
            let seen = answer.status;
            return Ok(failed(format!("If-None-Match: {tags} was answered {seen}, not {status}")));
        }
    }
    Ok(Ok(()))
}

async fn changes(
    object: &Object<'_>,
    changed: &Answer,
    first: &str,
    second: &str,
) -> anyhow::Result<Verdict> {
    if !changed.success() {
        return Ok(skipped("there is no other version: see etag-match"));
    }
    if first == second {
        return Ok(failed(format!("the ETag is {first} before and after an update")));
    }
    let answer = object.read(Some(first)).await?;
    Ok(expect(&answer, answer.success(), "the new version for the old tag"))
}

/// Checks that an update with this tag is refused, and that nothing is changed.
async fn refused(object: &Object<'_>, tag: &str) -> anyhow::Result<Verdict> {
    let before = object.state().await?;
    let answer = object.change(tag, &unique()).await?;
    if answer.status != 412 {
        return Ok(failed(format!("If-Match: {tag}: {}, expected 412", answer.seen())));
    }
    let after = object.state().await?;
    Ok(match before == after {
        true => Ok(()),
        false => failed(format!("a 412 changed {before} to {after}")),
    })
}

async fn race(object: &Object<'_>) -> anyhow::Result<Verdict> {
    let tag = object.tag().await?;
    let texts: Vec<_> = (0..object.update.racers).map(|_| unique()).collect();
    let changes = texts.iter().map(|text| object.change(&tag, text));
    let answers = try_join_all(changes).await?;
    let winners: Vec<_> = answers.iter().zip(&texts).filter(|(it, _)| it.success()).collect();
    if winners.len() != 1 {
        let (won, all) = (winners.len(), answers.len());
        return Ok(failed(format!("{won} of {all} updates with If-Match: {tag} were done")));
    }
    if let Some(other) = answers.iter().find(|it| !it.success() && it.status != 412) {
        return Ok(failed(format!("{}, expected 412", other.seen())));
    }
    let state = object.state().await?.to_string();
    Ok(match state.contains(winners[0].1) {
        true => Ok(()),
        false => failed(format!("the update that was told 2xx is not there: {state}")),
    })
}
