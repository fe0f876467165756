//! The fields of resources: their types and defaults, and the changes of their status.

/// The value of a field if the client gives none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Default {
    /// Null; if the field may not be null, then the client must give it.
    None,
    /// A value, written in JSON.
    Json(&'static str),
    /// The id of the caller.
    Caller,
}

/// The type of a field's value, and how its column stores it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Text; in NFC (K-12).
    Text,
    /// An e-mail address; in NFC and lower case.
    Email,
    /// One of these texts.
    Enum(&'static [&'static str]),
    /// An integer.
    Integer,
    /// A truth value, stored as 0 or 1.
    Boolean,
    /// A time, stored in milliseconds since the Unix epoch; RFC 3339 outside.
    Timestamp,
    /// A list of strings, stored as JSON text.
    List,
    /// An object with names of the client's choice, stored as JSON text.
    Map,
}

/// A change of `status` by an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Transition {
    /// The last segment of its path: `archive`.
    pub action: &'static str,
    /// The states that it starts from.
    pub from: &'static [&'static str],
    /// The state that it ends in.
    pub to: &'static str,
    /// The type of its event: `project.archived`.
    pub event: &'static str,
}
