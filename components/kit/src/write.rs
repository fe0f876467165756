//! Statements that write, before they run (`together.rs`).

use std::cell::RefCell;

use protocol::metadata::DueWork;

use crate::Value;

/// A statement that writes one table.
pub(crate) struct Write {
    pub(crate) table: &'static str,
    /// `$1` is the tenant.
    pub(crate) sql: String,
    /// The values behind the tenant.
    pub(crate) values: Vec<Value>,
    pub(crate) expected: Expected,
}

/// How many rows a statement changes.
#[derive(Clone, Copy)]
pub(crate) enum Expected {
    /// Exactly this many. Everything else is a fault of ours.
    Rows(u64),
    /// Any number. If it changes some, then a function has work.
    Wakes(DueWork),
}

/// Writes that wait for the next statement of their scope, or for the end of its transaction.
#[derive(Default)]
pub(crate) struct Waiting(RefCell<Vec<Write>>);

impl Waiting {
    /// Whether one of them writes this table.
    pub(crate) fn has(&self, table: &str) -> bool {
        self.0.borrow().iter().any(|write| write.table == table)
    }

    pub(crate) fn add(&self, writes: Vec<Write>) {
        self.0.borrow_mut().extend(writes);
    }

    /// All of them, which wait no longer.
    pub(crate) fn take(&self) -> Vec<Write> {
        self.0.take()
    }
}
