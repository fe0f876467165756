//! Leases: of several runs of the same work, on any number of hosts, only one works at a time.

use crate::{Error, System, values};

impl System<'_> {
    /// Takes the lease with this name for a time, in milliseconds. Returns whether this run has it
    /// now. If the run dies, then the lease is free again when the time has passed.
    ///
    /// # Errors
    /// `internal-error` or `service-unavailable` of the database.
    pub fn acquire_lease(&self, name: &str, time: i64) -> Result<bool, Error> {
        let moment = self.shared_now()?;
        let taken = self.execute(
            "INSERT INTO clocks (name, moment) VALUES ($1, $2) \
             ON CONFLICT (name) DO UPDATE SET moment = excluded.moment WHERE clocks.moment <= $3",
            values![name, moment.saturating_add(time), moment],
        )?;
        Ok(taken == 1)
    }

    /// Gives the lease back.
    ///
    /// # Errors
    /// As [`System::acquire_lease`].
    pub fn release_lease(&self, name: &str) -> Result<(), Error> {
        let sql = "UPDATE clocks SET moment = 0 WHERE name = $1";
        self.execute(sql, values![name]).map(drop)
    }
}
