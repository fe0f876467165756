//! The word at the head of a test says what it needs: in how many placements of the gateway it
//! runs, on which stores, and what else must be there. Choose the smallest word that would still
//! see the fault that the test is about.
//!
//! | word | placements | stores | for |
//! |---|---|---|---|
//! | `pure!` | none | none | files and texts; no server runs |
//! | `logic!` | fused | embedded | rules of a resource, bodies, formats of answers, documents |
//! | `transport!` | both | embedded | the gateway and the host on the wire, whatever is stored |
//! | `storage!` | fused | both | results of SQL or key-value stores: order, text, search, plans |
//! | `everywhere!` | both | both | isolation, atomicity, receipts, limits, preconditions, crashes |
//! | `embedded!` | both | embedded | features that only the embedded stores have |
//! | `external!` | both | PostgreSQL and Redis | features of these, or servers of a test's own |
//! | `npm!` | both | both | Node, npm and Python with a package of theirs |
//! | `clock!` | both | both | libfaketime, which turns the clock of a server |
//! | `spin!` | none | PostgreSQL and Redis | a Spin, which `SPIN_BIN` names |
//!
//! The word is the last or last but one part of a test's name
//! (`projects::get_project::answers_the_project::logic::fused`), and `scripts/test` chooses tests
//! by it. If the needs of a word are missing on this machine, `scripts/test` leaves its tests out,
//! and prints their number.
//!
//! A block contains tests of one kind, and a file has as many blocks as it needs. There are two
//! kinds of blocks, with test bodies or with names of functions:
//!
//! ```ignore
//! logic! {
//!     /// `app` is the server that most tests share.
//!     async fn answers_the_project(app) { … }
//! }
//!
//! // These are functions of the file. A function with a placement starts a server of its own. A
//! // function without one runs once for each kind of stores. Those of `pure!` are not `async`.
//! everywhere! { survives(placement) hosts_agree() }
//! ```

use super::{clock, packages, stores};

/// All words.
pub const ALL: [&str; 10] = [
    "pure",
    "logic",
    "transport",
    "storage",
    "everywhere",
    "embedded",
    "external",
    "npm",
    "clock",
    "spin",
];

macro_rules! pure {
    ($($name:ident())*) => {
        $(mod $name {
            #[test]
            fn pure() {
                super::$name();
            }
        })*
    };
}

macro_rules! logic {
    ($($tests:tt)*) => { tests! { logic [fused Fused] $($tests)* } };
}

macro_rules! transport {
    ($($tests:tt)*) => { tests! { transport [fused Fused composed Composed] $($tests)* } };
}

macro_rules! storage {
    ($($tests:tt)*) => { tests! { storage [fused Fused] $($tests)* } };
}

macro_rules! everywhere {
    ($($tests:tt)*) => { tests! { everywhere [fused Fused composed Composed] $($tests)* } };
}

macro_rules! embedded {
    ($($tests:tt)*) => { tests! { embedded [fused Fused composed Composed] $($tests)* } };
}

macro_rules! external {
    ($($tests:tt)*) => { tests! { external [fused Fused composed Composed] $($tests)* } };
}

macro_rules! npm {
    ($($tests:tt)*) => { tests! { npm [fused Fused composed Composed] $($tests)* } };
}

macro_rules! clock {
    ($($tests:tt)*) => { tests! { clock [fused Fused composed Composed] $($tests)* } };
}

macro_rules! spin {
    ($($tests:tt)*) => { tests! { spin [] $($tests)* } };
}

/// Makes the tests of a block: each is a module with its name, and contains its word.
macro_rules! tests {
    ($word:ident $placements:tt $($(#[$meta:meta])* async fn $name:ident($app:ident) $body:block)*) => {
        $($(#[$meta])*
        mod $name {
            #[allow(unused_imports)]
            use super::*;

            async fn run(placement: $crate::support::Placement) {
                let $app = $crate::support::shared(placement);
                $body
            }

            placed! { $word $placements run(placement) }
        })*
    };
    ($word:ident $placements:tt $($name:ident($($placement:ident)?))*) => {
        $(mod $name {
            use super::$name as run;

            placed! { $word $placements run($($placement)?) }
        })*
    };
}

/// Makes a test for each of its placements, or a single one if it has none.
macro_rules! placed {
    ($word:ident [$($place:ident $placement:ident)*] $run:ident(placement)) => {
        mod $word {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $place() {
                $crate::support::calls::begin(module_path!());
                $crate::support::words::check(stringify!($word));
                super::$run($crate::support::Placement::$placement).await;
            })*
        }
    };
    ($word:ident $placements:tt $run:ident()) => {
        #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn $word() {
            $crate::support::calls::begin(module_path!());
            $crate::support::words::check(stringify!($word));
            $run().await;
        }
    };
}

/// If somebody runs a test by its name with the wrong stores, the failure says which ones it needs.
pub fn check(word: &str) {
    let external = stores::external();
    assert!(
        external || !matches!(word, "external" | "spin"),
        "this is about PostgreSQL and Redis: TENANTRY_TEST_STORES=external"
    );
    assert!(!external || word != "embedded", "this is about the embedded stores");
}

/// Not a test: prints a line `missing WORD: REASON` for each of these words whose tests cannot
/// run on this machine.
#[test]
#[ignore = "what scripts/test asks before it runs tests"]
fn missing() {
    for word in std::env::var("TENANTRY_TEST_WORDS").unwrap().split(' ') {
        let there = match word {
            "npm" => packages::all(),
            "clock" => clock::library().map(drop),
            "spin" => std::env::var("SPIN_BIN").map(drop).map_err(|_| "SPIN_BIN names none".into()),
            _ => Ok(()),
        };
        if let Err(reason) = there {
            println!("\nmissing {word}: {reason}");
        }
    }
}
