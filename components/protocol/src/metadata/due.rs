//! Work that a write has made due.

const WORK_DUE: &str = "x-work-due";

/// A function with work that a write can make due at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DueWork {
    /// A received webhook waits to be brought into the feed.
    Integrations,
    /// A queue of deliveries is due.
    Webhooks,
}

impl DueWork {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::Integrations, Self::Webhooks];

    /// The name of the function.
    pub fn function(self) -> &'static str {
        match self {
            Self::Integrations => "integrations",
            Self::Webhooks => "webhooks",
        }
    }

    /// The path of the operation that does the work.
    pub fn path(self) -> &'static str {
        match self {
            Self::Integrations => "/internal/work/integrations",
            Self::Webhooks => "/internal/work/webhooks",
        }
    }
}

/// The header of an answer behind which work is due. Its value names the function.
pub fn work_due(due: DueWork) -> (String, String) {
    (WORK_DUE.to_owned(), due.function().to_owned())
}

/// Removes the headers of [`work_due`]. Returns the functions that they named.
pub fn take_work_due(headers: &mut Vec<(String, String)>) -> Vec<DueWork> {
    let mut found = Vec::new();
    headers.retain(|(name, value)| {
        let is_note = name.eq_ignore_ascii_case(WORK_DUE);
        if is_note {
            found.extend(DueWork::ALL.into_iter().find(|due| due.function() == value));
        }
        !is_note
    });
    found
}
