//! Black-box conformance of an HTTP API with the conventions that it uses and that have no public
//! suite: idempotency keys, rate-limit fields, deprecation, problem details, cursors, ETags.
//!
//! `catalogue.rs` names the specifications. `areas/` has the checks with their clauses and their
//! requests. `fields/` has the syntax of header fields. `target.rs` is the description of an API,
//! and `world.rs` is that API as the checks see it. `client.rs` and `raw.rs` send the requests, and
//! `report.rs` prints the results.

mod areas;
mod catalogue;
mod check;
mod cli;
mod client;
mod fields;
mod raw;
mod report;
mod target;
#[cfg(test)]
mod tests;
mod world;

use std::ffi::OsString;
use std::io::Write as _;
use std::path::Path;

use anyhow::Context;
use clap::{Parser, ValueEnum};

use check::{Area, Level};
use cli::Cli;
use report::{Outcome, Report};
use target::Target;
use world::World;

/// Runs the command with these arguments, the first of which is its name. Returns its exit status:
/// 0 if all MUST checks pass, 1 if some do not, 2 for wrong use or no server.
pub async fn run(arguments: impl IntoIterator<Item = OsString>) -> u8 {
    let cli = match Cli::try_parse_from(arguments) {
        Ok(cli) => cli,
        Err(told) => {
            let _ = told.print();
            return u8::try_from(told.exit_code()).unwrap_or(2);
        }
    };
    if cli.list {
        said(&list());
        return 0;
    }
    match ask(&cli).await {
        Ok(report) => u8::from(report.count(Outcome::Failed) > 0),
        Err(error) => {
            eprintln!("Error: {error:#}");
            2
        }
    }
}

async fn ask(cli: &Cli) -> anyhow::Result<Report> {
    let areas = cli.areas();
    anyhow::ensure!(!areas.is_empty(), "--only and --skip leave no area");
    let text = match &cli.target {
        Some(file) => std::fs::read_to_string(file)
            .with_context(|| format!("{} cannot be read", file.display()))?,
        None => target::TENANTRY.to_owned(),
    };
    let target = Target::parse(&text).context("the target is not valid")?;
    let extra = cli.header.iter().map(|line| world::split(line)).collect::<Result<_, _>>()?;
    let world = World::new(cli.base_url.as_deref().unwrap_or_default(), target, extra)?;
    reachable(&world).await?;
    let report = judge(&world, &areas, cli.strict, cli.exhaust).await;
    match cli.json.as_deref() {
        Some(file) if file == Path::new("-") => {
            eprint!("{}", report.text());
            said(&report.json());
        }
        Some(file) => {
            std::fs::write(file, report.json())
                .with_context(|| format!("{} cannot be written", file.display()))?;
            said(&report.text());
        }
        None => said(&report.text()),
    }
    Ok(report)
}

/// Runs the areas.
async fn judge(world: &World, areas: &[Area], strict: bool, exhaust: bool) -> Report {
    let mut report = Report::new(&world.server.base, &world.target.name, strict);
    for area in areas {
        let mut recorder = report.area(*area, areas::checks(*area));
        let result = areas::run(*area, world, exhaust, &mut recorder).await;
        recorder.end(result);
    }
    report
}

/// Checks that there is any answer at all. The checks judge its content.
async fn reachable(world: &World) -> anyhow::Result<()> {
    let url = reqwest::Url::parse(&world.server.base)
        .with_context(|| format!("`{}` is no URL", world.server.base))?;
    match url.scheme() {
        "http" => {}
        "https" if cfg!(feature = "tls") => {}
        "https" => anyhow::bail!("this build has no TLS; build it with `--features tls`"),
        other => anyhow::bail!("`{other}` is not a scheme that is spoken here"),
    }
    let sent = world.server.http.get(url).send().await;
    sent.with_context(|| format!("{} is not reachable", world.server.base)).map(drop)
}

/// Every check with its clause.
fn list() -> String {
    let checks = Area::value_variants().iter().flat_map(|area| areas::checks(*area));
    let lines = checks.map(|check| {
        let level = if check.level == Level::Must { "MUST" } else { "SHOULD" };
        let clause = &check.clause;
        let (name, address) = (clause.name(), clause.address());
        format!(
            "{}  {level}\n  {}\n  {name}: {}\n  {address}\n",
            check.id, check.title, clause.says
        )
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// Prints a text. If the reader closes the pipe early, as `head` does, this is not a failure.
fn said(text: &str) {
    let _ = std::io::stdout().write_all(text.as_bytes());
}
