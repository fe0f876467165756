//! Which operations are called by the tests of their own files, and which events any test sees. With
//! `TENANTRY_TEST_CALLS` each test process notes them in this folder. When all tests have run,
//! `scripts/test` asks whether one is missing (`coverage.rs`).

use std::cell::Cell;
use std::path::PathBuf;

thread_local! {
    /// The path of the test on this thread: `it::projects::get_project::answers::logic`.
    static TEST: Cell<&'static str> = const { Cell::new("") };
}

/// A test begins on this thread.
pub fn begin(test: &'static str) {
    TEST.set(test);
}

/// The module of an operation's tests: `get_project`.
pub fn module(id: &str) -> String {
    id.replace('-', "_")
}

/// The folder of the notes, if somebody wants them.
pub fn folder() -> Option<PathBuf> {
    std::env::var_os("TENANTRY_TEST_CALLS").map(PathBuf::from)
}

fn note(name: &str) {
    if let Some(folder) = folder() {
        std::fs::write(folder.join(name), TEST.get()).unwrap();
    }
}

/// The running test has called an operation, and was not refused. Calls in tasks of their own do
/// not count, because nobody knows whose they are.
pub fn called(id: &str) {
    if TEST.get().split("::").any(|part| part == module(id)) {
        note(id);
    }
}

/// A test has seen an event of this type.
pub fn seen(kind: &str) {
    note(kind);
}
