//! Refusals: their status, their header fields, and problem details as their body.

use http::Method;

use crate::catalogue::{HTTP, PROBLEM, must, should};
use crate::check::{Check, Stop, Verdict, demand, each, failed, skipped};
use crate::client::Answer;
use crate::fields::problem::{Rule, violations};
use crate::raw;
use crate::report::Recorder;
use crate::target::Case;
use crate::world::World;

pub(crate) const CHECKS: [Check; 10] = [
    must(
        "problem-case",
        "each refusal of the target has its status",
        HTTP.says("15.5", "The 4xx codes tell apart what the client did wrong: 400, 401, 404, 405, 406, 422 have their meanings."),
    ),
    must(
        "problem-media-type",
        "a refusal asked for as problem details is application/problem+json",
        PROBLEM.says("3", "When a problem is serialized as JSON its media type is application/problem+json."),
    ),
    must(
        "problem-members",
        "standard members have their types",
        PROBLEM.says("3.1", "`type`, `title`, `detail` and `instance` are strings and `status` is a number; others must be ignored."),
    ),
    must(
        "problem-status",
        "`status` is that of the answer",
        PROBLEM.says("3.1.2", "Who generates the problem must use the same code in the actual HTTP response."),
    ),
    must(
        "problem-type",
        "`type` and `instance` are URI references",
        PROBLEM.says("3.1.1", "`type` is a string with a URI reference that identifies the problem type."),
    ),
    should(
        "problem-title",
        "there is a `title` for people",
        PROBLEM.says("3.1.3", "`title` is a short summary of the problem type, for people."),
    ),
    should(
        "problem-extensions",
        "names of extension members survive other formats",
        PROBLEM.says("3.2", "Names of extensions should begin with a letter, go on with letters, digits or `_`, and have three characters or more."),
    ),
    must(
        "problem-challenge",
        "a 401 says how to authenticate",
        HTTP.says("11.6.1", "A server that sends a 401 must send WWW-Authenticate with at least one challenge."),
    ),
    must(
        "problem-allow",
        "a 405 says what is allowed, and does not list what it refused",
        HTTP.says("15.5.6", "The server must send Allow in a 405, with the methods that the target supports."),
    ),
    must(
        "problem-head",
        "an answer to HEAD has no body",
        HTTP.says("9.3.2", "HEAD is GET, but the server must not send content in the response."),
    ),
];

pub(crate) async fn run(world: &World, out: &mut Recorder<'_>) -> Result<(), Stop> {
    out.note("problem-head", head(world).await?);
    let Some(problem) = &world.target.problem else {
        out.skip_rest("", "the target has no [problem]");
        return Ok(());
    };
    let mut answers = Vec::new();
    for case in &problem.cases {
        answers.push((case, refused(world, case).await?));
    }
    let expected = |(case, answer): &&(&Case, Answer)| case.status.contains(&answer.status);
    let wrong: Vec<_> = answers.iter().filter(|it| !expected(it)).collect();
    let wrong = wrong.into_iter().map(|(case, answer)| {
        format!("{}: {}, expected {:?}", case.name, answer.seen(), case.status)
    });
    out.note("problem-case", each(answers.len(), "no cases", wrong.collect()));

    // An answer that is not a refusal was reported above.
    let refusals: Vec<_> = answers.iter().filter(|(_, it)| it.status >= 400).collect();
    let typed = |answer: &Answer| {
        let media_type = answer.header("content-type").unwrap_or_default();
        let essence = media_type.split(';').next().unwrap_or_default().trim();
        essence.eq_ignore_ascii_case("application/problem+json")
    };
    let asked: Vec<_> = refusals.iter().filter(|(case, _)| accepts_problems(case)).collect();
    let wrong = asked.iter().filter(|(_, answer)| !typed(answer)).map(|(case, answer)| {
        let media_type = answer.header("content-type").unwrap_or("none");
        format!("{}: Content-Type is {media_type}", case.name)
    });
    let none = "nothing was refused";
    out.note("problem-media-type", each(asked.len(), none, wrong.collect()));
    let problems: Vec<_> = refusals.iter().filter(|(_, answer)| typed(answer)).collect();
    for (id, rule) in [
        ("problem-members", Rule::Members),
        ("problem-status", Rule::Status),
        ("problem-type", Rule::Type),
        ("problem-title", Rule::Title),
        ("problem-extensions", Rule::Extensions),
    ] {
        let wrong = problems.iter().flat_map(|(case, answer)| {
            let found = violations(&answer.body, answer.status).into_iter();
            let found = found.filter(move |(broken, _)| *broken == rule);
            found.map(|(_, text)| format!("{}: {text}", case.name))
        });
        out.note(id, each(problems.len(), "no answer was a problem", wrong.collect()));
    }
    let with = |status| refusals.iter().filter(move |(_, answer)| answer.status == status);
    let wrong = with(401).filter(|(_, answer)| !challenged(answer));
    let wrong = wrong.map(|(case, _)| format!("{}: no valid WWW-Authenticate", case.name));
    out.note("problem-challenge", each(with(401).count(), "no answer was 401", wrong.collect()));
    let wrong = with(405).filter_map(|(case, answer)| match allowed(answer, &case.method) {
        Ok(()) => None,
        Err(wrong) => Some(format!("{}: {wrong}", case.name)),
    });
    out.note("problem-allow", each(with(405).count(), "no answer was 405", wrong.collect()));
    Ok(())
}

fn accept(case: &Case) -> Option<&String> {
    let own = case.headers.iter().find(|(name, _)| name.eq_ignore_ascii_case("accept"));
    own.map(|(_, value)| value)
}

fn accepts_problems(case: &Case) -> bool {
    accept(case).is_none_or(|accept| accept.contains("application/problem+json"))
}

async fn refused(world: &World, case: &Case) -> Result<Answer, Stop> {
    let method = Method::from_bytes(case.method.as_bytes())?;
    let mut ask = world.ask(method, &case.path).text(case.body.as_deref());
    if accept(case).is_none() {
        ask = ask.header("accept", "application/problem+json");
    }
    for (name, value) in &case.headers {
        ask = ask.header(name, value);
    }
    if !case.anonymous {
        ask = ask.by(world.second().await?.unwrap_or(world.first().await?));
    }
    Ok(ask.send().await?)
}

/// Whether the answer has a challenge, which begins with the name of a scheme.
fn challenged(answer: &Answer) -> bool {
    answer.joined("www-authenticate").is_some_and(|challenge| {
        let scheme = challenge.split([' ', ',']).next().unwrap_or_default();
        !scheme.is_empty() && scheme.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
    })
}

/// Checks `Allow`. An empty field is valid: it allows no method.
fn allowed(answer: &Answer, method: &str) -> Result<(), String> {
    let allow = answer.joined("allow").ok_or("no Allow")?;
    if allow.split(',').any(|it| it.trim() == method) {
        return Err(format!("Allow lists {method}, which was refused: {allow}"));
    }
    let token = |it: &str| it.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
    match allow.split(',').all(|it| token(it.trim())) {
        true => Ok(()),
        false => Err(format!("Allow is no list of methods: {allow}")),
    }
}

async fn head(world: &World) -> Result<Verdict, Stop> {
    let Some(list) = &world.target.collection else {
        return Ok(skipped("the target has no [collection]"));
    };
    let ask = world.ask(Method::HEAD, &list.path).by(world.first().await?);
    let Some(answer) = raw::send(ask).await? else {
        return Ok(skipped("only seen without TLS"));
    };
    if answer.status >= 400 {
        return Ok(failed(format!("HEAD {} was answered {}", list.path, answer.status)));
    }
    Ok(bodyless(&answer.body))
}

/// Passes if no bytes followed the head of an answer.
pub(super) fn bodyless(body: &[u8]) -> Verdict {
    demand!(body.is_empty(), "{} bytes followed the empty line", body.len());
    Ok(())
}
