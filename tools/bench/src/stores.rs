//! The kinds of stores, and the choice of them.

use clap::ValueEnum;
use serde::Serialize;

/// A kind of stores.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Stores {
    /// SQLite and the embedded key-value store.
    Embedded,
    /// PostgreSQL and Redis.
    External,
}

impl Stores {
    /// The name in the report.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Embedded => "embedded",
            Self::External => "external",
        }
    }
}

/// The choice of stores on the command line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Choice {
    /// SQLite and the embedded key-value store.
    Embedded,
    /// PostgreSQL and Redis.
    External,
    /// First the embedded stores, then the external stores.
    All,
}

impl Choice {
    /// The kinds of stores, in the order in which they are measured.
    pub(crate) fn stores(self) -> &'static [Stores] {
        match self {
            Self::Embedded => &[Stores::Embedded],
            Self::External => &[Stores::External],
            Self::All => &[Stores::Embedded, Stores::External],
        }
    }
}
