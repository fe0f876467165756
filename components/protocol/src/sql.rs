//! What a statement of a function says to the runner.

/// A statement that begins with this comment gets its rows without the names of the columns. Each
/// name costs a call of the guest's allocator, and the kit reads columns by their order. On Spin it
/// is a comment, and the names come too.
pub const ROWS_ONLY: &str = "/* rows only */ ";
