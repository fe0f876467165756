//! What is written into a database, whichever it is.

/// The projects to write: their tenant, their number and their time.
pub(super) struct Plan<'a> {
    pub(super) tenant: &'a str,
    pub(super) owner: &'a str,
    pub(super) count: u64,
    /// The time of the run, in milliseconds since the Unix epoch.
    pub(super) now: i64,
}

/// The key that seals the cursors of every server, so that each server reads those of the others.
pub(super) const CURSOR_KEY: &str = "the cursors of the benchmark, whichever server makes them";
/// The number of rows after which the progress is printed.
pub(super) const TOLD: u64 = 250_000;
