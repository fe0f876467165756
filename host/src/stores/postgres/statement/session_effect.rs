//! The state that statements leave in a session.

/// What a statement may leave behind in its session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum SessionEffect {
    /// Nothing that outlives the transaction.
    Nothing,
    /// Settings, locks, cursors, channels or temporary tables, which can be reset.
    Session,
    /// State that cannot be reset without losing the prepared statements, or that is not known.
    Unknown,
}
