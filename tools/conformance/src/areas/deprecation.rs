//! Deprecation and sunset: of the operation that the target calls deprecated, and of every answer
//! of the run that has their fields.

use http::Method;

use crate::catalogue::{DEPRECATION, LINK, SUNSET, must, should};
use crate::check::{Check, Stop, Verdict, demand, each, skipped};
use crate::client::Answer;
use crate::fields::{date, link, problem::is_uri_reference};
use crate::report::Recorder;
use crate::target::{Deprecated, fill, unique};
use crate::world::World;

pub(crate) const CHECKS: [Check; 7] = [
    must(
        "deprecation-announced",
        "the deprecated operation has Deprecation",
        DEPRECATION.says("2", "The field tells the client that the resource is, or will be, deprecated."),
    ),
    must(
        "deprecation-behaviour",
        "the deprecated operation still works",
        DEPRECATION.says("5", "Deprecating changes nothing in the behaviour of the resource."),
    ),
    should(
        "deprecation-link",
        "the deprecated operation links to documentation or to its successor",
        DEPRECATION.says("3.1", "A Link with rel=deprecation leads to documentation; sunset (RFC 8594) and successor-version (RFC 5829) tell more."),
    ),
    must(
        "deprecation-syntax",
        "Deprecation is a Date, wherever it was seen",
        DEPRECATION.says("2.1", "The field is an Item of structured fields whose value must be a Date: `@` and Unix seconds."),
    ),
    must(
        "deprecation-sunset",
        "Sunset is an HTTP-date, wherever it was seen",
        SUNSET.says("3", "The value of the field is an HTTP-date, as RFC 9110 section 5.6.7 has it."),
    ),
    must(
        "deprecation-order",
        "Sunset is not before Deprecation",
        DEPRECATION.says("4", "The time in Sunset must not be earlier than the one in Deprecation."),
    ),
    must(
        "deprecation-links",
        "every Link is well-formed and has a relation type and a URI reference",
        LINK.says("3", "A link-value is a URI reference in angle brackets with parameters, of which `rel` must be there."),
    ),
];

pub(crate) async fn run(world: &World, out: &mut Recorder<'_>) -> Result<(), Stop> {
    match &world.target.deprecated {
        Some(deprecated) => announced(world, deprecated, out).await?,
        None => {
            for id in ["deprecation-announced", "deprecation-behaviour", "deprecation-link"] {
                out.note(id, skipped("the target names no [deprecated] operation"));
            }
        }
    }
    if world.server.answers().is_empty()
        && let Some(list) = &world.target.collection
    {
        world.get(&list.path).by(world.first().await?).send().await?;
    }
    let answers = world.server.answers();
    out.note(
        "deprecation-syntax",
        every(&answers, "deprecation", |it| date::deprecation(it).err()),
    );
    out.note("deprecation-sunset", every(&answers, "sunset", |it| date::sunset(it).err()));
    out.note("deprecation-order", order(&answers));
    out.note("deprecation-links", every(&answers, "link", bad_link));
    Ok(())
}

async fn announced(
    world: &World,
    deprecated: &Deprecated,
    out: &mut Recorder<'_>,
) -> Result<(), Stop> {
    let operation = &deprecated.operation;
    let method = Method::from_bytes(operation.method.as_bytes())?;
    let mut ask = world.ask(method, &operation.path).by(world.first().await?);
    if let Some(body) = &operation.body {
        ask = ask.json(&fill(body, &unique()));
    }
    let answer = ask.send().await?;
    out.note("deprecation-announced", present(&answer));
    out.note("deprecation-behaviour", works(&answer));
    let link = match deprecated.link {
        true => documented(&answer),
        false => skipped("the target does not say that it links"),
    };
    out.note("deprecation-link", link);
    Ok(())
}

fn present(answer: &Answer) -> Verdict {
    demand!(answer.joined("deprecation").is_some(), "{} has no Deprecation", answer.asked);
    Ok(())
}

fn works(answer: &Answer) -> Verdict {
    demand!(answer.status < 400, "{}", answer.seen());
    Ok(())
}

fn documented(answer: &Answer) -> Verdict {
    let value = answer.joined("link").unwrap_or_default();
    let links = link::parse(&value).unwrap_or_default();
    let known = ["deprecation", "sunset", "successor-version"];
    let some = known.iter().any(|relation| link::target(&links, relation).is_some());
    demand!(some, "Link `{value}` has none of {known:?}");
    Ok(())
}

/// The verdict on a field over all answers that have it.
fn every(answers: &[Answer], name: &str, wrong: impl Fn(&str) -> Option<String>) -> Verdict {
    let values = answers.iter().filter_map(|it| Some((&it.asked, it.joined(name)?)));
    let values: Vec<_> = values.collect();
    let found =
        values.iter().filter_map(|(asked, value)| Some(format!("{asked}: {}", wrong(value)?)));
    each(values.len(), &format!("no answer had the field {name}"), found.collect())
}

fn order(answers: &[Answer]) -> Verdict {
    let both = answers.iter().filter_map(|it| {
        let deprecated = date::deprecation(it.header("deprecation")?).ok()?;
        Some((&it.asked, deprecated, date::sunset(it.header("sunset")?).ok()?))
    });
    let both: Vec<_> = both.collect();
    let wrong = both.iter().filter(|(_, deprecated, sunset)| sunset < deprecated);
    let wrong = wrong.map(|(asked, deprecated, sunset)| {
        format!("{asked}: Sunset {sunset} is before Deprecation {deprecated}, in Unix seconds")
    });
    each(both.len(), "no answer had both fields in valid form", wrong.collect())
}

fn bad_link(value: &str) -> Option<String> {
    match link::parse(value) {
        Err(wrong) => Some(wrong),
        Ok(links) => {
            let bad = links.iter().find(|link| !is_uri_reference(&link.target));
            bad.map(|link| format!("`{}` is no URI reference", link.target))
        }
    }
}
