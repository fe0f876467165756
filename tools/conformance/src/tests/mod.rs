//! The suite runs against a small correct API, and against the same API with one fault.
#![allow(clippy::unwrap_used, reason = "a test that panics has failed")]

mod api;
mod etags;
mod faults;
mod keys;
mod quotas;
mod server;

use std::collections::BTreeSet;

use clap::ValueEnum;
use futures_util::future::join_all;

use crate::areas;
use crate::check::Area;
use crate::report::{Outcome, Report};
use crate::target::{TENANTRY, Target};
use crate::world::World;
use faults::Fault;

/// The description of the API of these tests, with every part that a description may have.
const NOTES: &str = include_str!("notes.toml");

async fn report(fault: Option<Fault>, areas: &[Area]) -> Report {
    let base = server::start(fault).await;
    let world = World::new(&base, Target::parse(NOTES).unwrap(), Vec::new()).unwrap();
    crate::judge(&world, areas, false, false).await
}

fn area_of(id: &str) -> Area {
    let name = id.split('-').next().unwrap();
    Area::from_str(name, false).unwrap_or_else(|_| panic!("{id} does not begin with an area"))
}

/// An API that keeps all clauses passes all checks, and nothing is skipped.
#[tokio::test]
async fn a_correct_api_passes() {
    let report = report(None, Area::value_variants()).await;
    let lines = report.checks.iter().filter(|line| line.outcome != Outcome::Passed);
    let lines: Vec<_> = lines.map(|line| format!("{}: {}", line.check.id, line.reason)).collect();
    assert_eq!(lines, Vec::<String>::new());
    let json: serde_json::Value = serde_json::from_str(&report.json()).unwrap();
    assert_eq!(json["summary"]["passed"], report.checks.len());
    assert_eq!(json["checks"][0]["outcome"], "passed");
    assert!(json["checks"][0]["clause"]["url"].as_str().unwrap().contains("#section-"));
}

/// Each fault fails the check that is meant for it.
#[tokio::test(flavor = "multi_thread")]
async fn a_fault_fails_its_check() {
    let runs = Fault::ALL.iter().map(async |(fault, id)| {
        let report = report(Some(*fault), &[area_of(id)]).await;
        let line = report.checks.iter().find(|line| line.check.id == *id).unwrap();
        let caught = matches!(line.outcome, Outcome::Failed | Outcome::Warned)
            && !line.reason.starts_with("could not be tried");
        let clause = report.text().contains(&line.check.clause.address());
        (!(caught && clause)).then(|| format!("{fault:?}: {id} {:?} {}", line.outcome, line.reason))
    });
    let missed: Vec<_> = join_all(runs).await.into_iter().flatten().collect();
    assert_eq!(missed, Vec::<String>::new());
}

/// There is a fault for every check, because a check that cannot fail proves nothing.
#[test]
fn every_check_can_fail() {
    let areas = Area::value_variants().iter();
    let all: Vec<_> = areas
        .flat_map(|area| areas::checks(*area).iter().map(move |check| (*area, check.id)))
        .collect();
    for (area, id) in &all {
        assert_eq!(area_of(id), *area, "{id}");
    }
    let ids: BTreeSet<_> = all.iter().map(|(_, id)| *id).collect();
    assert_eq!(ids.len(), all.len(), "an id is there twice");
    assert_eq!(ids, Fault::ALL.iter().map(|(_, id)| *id).collect());
}

/// A part that a description leaves out is skipped with a reason, and no request is sent for it.
#[tokio::test]
async fn parts_that_are_left_out_are_skipped() {
    let world = World::new("http://127.0.0.1:9", Target::parse("name = 'x'").unwrap(), Vec::new());
    let report = crate::judge(&world.unwrap(), Area::value_variants(), false, false).await;
    assert_eq!(report.count(Outcome::Skipped), report.checks.len());
    assert!(report.checks.iter().all(|line| !line.reason.is_empty()));
}

/// The built-in description is valid. The error of an invalid one says what is wrong.
#[test]
fn descriptions() {
    Target::parse(TENANTRY).unwrap();
    for (wrong, told) in [
        ("name = 'x'\nnmae = 'y'", "unknown field"),
        ("name = '{{env:NO_SUCH_VARIABLE}}'", "NO_SUCH_VARIABLE"),
        ("name = 'x'\n[collection]\npath='/a'\nbody={}\nid='id'\nitems='/i'", "JSON Pointer"),
    ] {
        let error = Target::parse(wrong).err().unwrap();
        assert!(format!("{error:#}").contains(told), "{error:#}");
    }
}
