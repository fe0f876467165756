//! The words in front of tests: each test has one, and tests that are worth four runs have a word
//! for four.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

pure! { each_test_has_a_word() what_must_run_everywhere_does() the_share_is_kept() }

/// Files about isolation, transactions, receipts, limits, preconditions, revocations or crashes. A
/// file that is added here may not be removed again.
const EVERYWHERE: [&str; 25] = [
    "auth::delete_client",
    "auth::disable_client",
    "auth::enable_client",
    "auth::login::many_networks_guess_no_more",
    "auth::login::no_more_are_free_at_once",
    "auth::revocation",
    "events::feed",
    "events::stream_bounds",
    "events::stream_revoked",
    "gateway::conformance",
    "gateway::idempotency",
    "gateway::limits",
    "gateway::refusals",
    "isolation",
    "projects::conditional",
    "projects::list_projects::refuses_foreign_cursors",
    "projects::pages::a_cursor_belongs_to_its_question",
    "prove::clock",
    "prove::crash",
    "prove::leak",
    "prove::limits",
    "stores::policies",
    "tenants::replace_limit",
    "webhooks::deliveries::concurrent",
    "webhooks::deliveries::order",
];
/// Words of tests that run in both placements and on both stores, if what they need has both.
const FOUR_TIMES: [&str; 4] = ["everywhere", "npm", "clock", "external"];
/// Of a hundred tests with a server, at least this many run in both placements and on both stores.
const SHARE: usize = 20;

/// The tests of this binary, each once, with their words, such as `isolation::every_operation` and
/// `everywhere`. A test without a word has an empty one.
fn words_of<'a>(names: impl Iterator<Item = &'a str>) -> BTreeMap<&'a str, &'a str> {
    let words = BTreeSet::from(crate::support::words::ALL);
    names
        .map(|name| {
            let name = name.strip_suffix("::fused").unwrap_or(name);
            let name = name.strip_suffix("::composed").unwrap_or(name);
            match name.rsplit_once("::").filter(|(_, word)| words.contains(word)) {
                Some(found) => found,
                None => (name, ""),
            }
        })
        .collect()
}

/// The names of all tests, one a line.
pub(crate) fn names() -> String {
    let mut this = Command::new(std::env::current_exe().unwrap());
    let output = this.args(["--list", "--format", "terse"]).output().unwrap();
    let lines = String::from_utf8(output.stdout).unwrap();
    // What scripts/test asks has no word.
    let is_asked = |line: &&str| line.starts_with("support::") || line.contains(LEFT_OUT);
    lines.lines().filter(|line| !is_asked(line)).collect::<Vec<_>>().join("\n")
}

/// What scripts/test asks when all tests have run.
const LEFT_OUT: &str = "coverage::nothing_was_left_out";

fn all(names: &str) -> BTreeMap<&str, &str> {
    words_of(names.lines().filter_map(|line| line.strip_suffix(": test")))
}

fn each_test_has_a_word() {
    let names = names();
    let tests = all(&names);
    assert!(tests.len() > 500, "{}", tests.len());
    let without: Vec<_> = tests.iter().filter(|(_, word)| word.is_empty()).collect();
    assert!(without.is_empty(), "tests/support/words.rs says how to choose: {without:?}");
    let planted = words_of(["a::b", "a::c::logic::fused", "a::d::external"].into_iter());
    assert_eq!(planted, [("a::b", ""), ("a::c", "logic"), ("a::d", "external")].into());
}

fn what_must_run_everywhere_does() {
    let names = names();
    let tests = all(&names);
    for part in EVERYWHERE {
        let of: Vec<_> = tests
            .iter()
            .filter(|(name, _)| {
                name.strip_prefix(part)
                    .is_some_and(|rest| rest.is_empty() || rest.starts_with("::"))
            })
            .collect();
        assert!(!of.is_empty(), "{part} has no test");
        let less: Vec<_> = of.iter().filter(|(_, word)| !FOUR_TIMES.contains(word)).collect();
        assert!(less.is_empty(), "{part} is about what must hold everywhere: {less:?}");
    }
}

fn the_share_is_kept() {
    let names = names();
    let tests = all(&names);
    let count = |chosen: &dyn Fn(&str) -> bool| tests.values().filter(|word| chosen(word)).count();
    let (served, four) = (count(&|word| word != "pure"), count(&|word| word == "everywhere"));
    assert!(four * 100 >= served * SHARE, "{four} of {served} tests run everywhere");
}
