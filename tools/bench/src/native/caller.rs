//! Who sends a request.

/// The caller of a request, as its token names it.
pub(super) struct Caller {
    pub(super) tenant: String,
    pub(super) id: String,
    pub(super) scopes: Vec<String>,
    /// A hash of the subject, for the log.
    pub(super) hash: String,
    /// How long the token is believed, in milliseconds since the Unix epoch.
    pub(super) until: u64,
}
