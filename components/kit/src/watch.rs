//! Watches: among several runs of the same work, on any number of hosts, one waits for the others.

use crate::{Error, System, values};

impl System<'_> {
    /// Takes the watch with this name for a time, in milliseconds. Returns whether this run has it
    /// now. If the run dies, then the watch is free again when the time has passed.
    ///
    /// # Errors
    /// `internal-error` or `service-unavailable` of the database.
    pub fn take_watch(&self, name: &str, time: i64) -> Result<bool, Error> {
        let moment = self.shared_now()?;
        let taken = self.execute(
            "INSERT INTO clocks (name, moment) VALUES ($1, $2) \
             ON CONFLICT (name) DO UPDATE SET moment = excluded.moment WHERE clocks.moment <= $3",
            values![name, moment.saturating_add(time), moment],
        )?;
        Ok(taken == 1)
    }

    /// Gives the watch back.
    ///
    /// # Errors
    /// As [`System::take_watch`].
    pub fn give_watch_back(&self, name: &str) -> Result<(), Error> {
        let sql = "UPDATE clocks SET moment = 0 WHERE name = $1";
        self.execute(sql, values![name]).map(drop)
    }
}
