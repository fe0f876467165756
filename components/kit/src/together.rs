//! Writes that do not depend on each other. PostgreSQL runs them as one statement, which saves round
//! trips.

use crate::sql::SessionRole;
use crate::write::{Expected, Waiting, Write};
use crate::{Error, Scope, Value, fault_injection};

impl Scope<'_> {
    /// Writes to different tables. None of the writes sees what the others write. In a transaction
    /// of [`crate::Call::write`] on PostgreSQL they wait: a statement of this scope that comes
    /// later runs them first, and the end of the transaction runs them with the receipt. So their
    /// errors come later, too.
    ///
    /// # Errors
    /// As [`Scope::execute`]; `internal-error` if they change other numbers of rows than expected.
    pub(crate) fn write_together(&self, writes: Vec<Write>) -> Result<(), Error> {
        if !self.database().joins_writes() {
            return writes.into_iter().try_for_each(|write| {
                let changed = self.execute(&write.sql, write.values)?;
                self.check(&write.sql, write.expected, changed)
            });
        }
        let Some(waiting) = self.waiting() else { return self.join(writes) };
        if writes.iter().any(|write| waiting.has(write.table)) {
            self.flush()?;
        }
        waiting.add(writes);
        Ok(())
    }

    /// Runs the writes that wait.
    ///
    /// # Errors
    /// As [`Scope::write_together`].
    pub(crate) fn flush(&self) -> Result<(), Error> {
        match self.waiting().map(Waiting::take) {
            Some(writes) if !writes.is_empty() => self.join(writes),
            _ => Ok(()),
        }
    }

    /// Runs writes as one statement.
    fn join(&self, writes: Vec<Write>) -> Result<(), Error> {
        let (mut parts, mut counts, mut all) = (Vec::new(), Vec::new(), Vec::new());
        let mut expected = Vec::new();
        for (index, write) in writes.into_iter().enumerate() {
            let bound = self.bind(&write.sql, write.values)?;
            let sql = fault_injection::without_tenant_predicate(&write.sql);
            parts.push(format!("w{index} AS ({} RETURNING 1)", renumbered(&sql, all.len())));
            counts.push(format!("(SELECT COUNT(*) FROM w{index})"));
            // The tenant is `$1` of all, and comes once.
            all.extend(bound.into_iter().skip(1));
            expected.push(write.expected);
        }
        let sql = format!("WITH {} SELECT {}", parts.join(", "), counts.join(", "));
        let values: Vec<_> = std::iter::once(Value::from(self.tenant())).chain(all).collect();
        let traps = fault_injection::asks_for_trap(&sql, &values);
        let rows = self.database().query(SessionRole::Tenant(self.tenant()), &sql, values)?;
        fault_injection::trap_if(traps);
        let row = rows.into_iter().next().ok_or_else(|| Error::internal("no counts"))?;
        let counts = row.values().into_iter().zip(expected);
        counts.into_iter().try_for_each(|(value, expected)| match value {
            Value::Integer(changed) => {
                self.check(&sql, expected, u64::try_from(changed).unwrap_or_default())
            }
            _ => Err(Error::internal("a count is no number")),
        })
    }

    fn check(&self, sql: &str, expected: Expected, changed: u64) -> Result<(), Error> {
        match expected {
            Expected::Rows(rows) if rows != changed => {
                Err(Error::internal(format!("{changed} rows, and not {rows}, changed by: {sql}")))
            }
            Expected::Wakes(due) if changed > 0 => {
                self.wake(due);
                Ok(())
            }
            Expected::Rows(_) | Expected::Wakes(_) => Ok(()),
        }
    }
}

/// The statement with its parameters behind `$1` moved by `by`.
fn renumbered(sql: &str, by: usize) -> String {
    let mut parts = sql.split('$');
    let mut text = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let end = part.find(|c: char| !c.is_ascii_digit()).unwrap_or(part.len());
        let (number, rest) = part.split_at(end);
        let moved = number.parse::<usize>().map(|number| number + if number > 1 { by } else { 0 });
        // A dollar sign without a number stays, and the database refuses it.
        let number = moved.map(|number| number.to_string()).unwrap_or_default();
        text.push_str(&format!("${number}{rest}"));
    }
    text
}
