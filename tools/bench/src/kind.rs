//! The kinds of servers.

use serde::Serialize;

/// A kind of server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Kind {
    /// The baseline.
    Native,
    /// The gateway in the runner.
    Fused,
    /// The gateway as WebAssembly.
    Composed,
    /// The same functions on Spin itself.
    Spin,
    /// Another product, which serves rows of SQLite by rules.
    PocketBase,
}

impl Kind {
    /// The kinds that every run compares.
    pub(crate) const ALWAYS: [Self; 3] = [Self::Native, Self::Fused, Self::Composed];

    /// The name in the report.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Native => "native",
            Self::Fused => "fused",
            Self::Composed => "composed",
            Self::Spin => "spin",
            Self::PocketBase => "pocketbase",
        }
    }

    /// The signal that asks the server to end. Spin passes the interrupt on to the process that
    /// serves.
    pub(crate) fn end(self) -> &'static str {
        match self {
            Self::Spin => "INT",
            Self::Native | Self::Fused | Self::Composed | Self::PocketBase => "TERM",
        }
    }

    /// The target whose 200 tells that the server is ready.
    pub(crate) fn ready(self) -> &'static str {
        match self {
            Self::Native | Self::Fused | Self::Composed | Self::Spin => "/readyz",
            Self::PocketBase => "/api/health",
        }
    }
}
