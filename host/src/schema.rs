//! Which schema this release knows.

/// The number of migrations that the functions of this release apply (`migrations/`). A
/// database with a higher version belongs to a newer release.
pub const SCHEMA_VERSION: i64 = 4;
