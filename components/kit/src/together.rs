//! Writes that do not depend on each other, in one statement where the database can do that.

use crate::sql::SessionRole;
use crate::{Error, Scope, Value, fault_injection};

/// A statement that writes, with its values behind the tenant.
pub(crate) type Write = (String, Vec<Value>);

impl Scope<'_> {
    /// Runs writes to different tables, and returns how many rows each has changed. None of them
    /// sees what the others write. In a transaction on PostgreSQL they are one statement, which
    /// saves the round trips of the others.
    ///
    /// # Errors
    /// As [`Scope::execute`].
    pub(crate) fn execute_together(&self, writes: Vec<Write>) -> Result<Vec<u64>, Error> {
        if !self.database().joins_writes() {
            let one = |(sql, values): Write| self.execute(&sql, values);
            return writes.into_iter().map(one).collect();
        }
        let (mut parts, mut counts, mut all) = (Vec::new(), Vec::new(), Vec::new());
        for (index, (sql, values)) in writes.into_iter().enumerate() {
            let bound = self.bind(&sql, values)?;
            fault_injection::trap_on_request(&sql, &bound);
            let sql = renumbered(&fault_injection::without_tenant_predicate(&sql), all.len());
            parts.push(format!("w{index} AS ({sql} RETURNING 1)"));
            counts.push(format!("(SELECT COUNT(*) FROM w{index})"));
            // The tenant is `$1` of all, and comes once.
            all.extend(bound.into_iter().skip(1));
        }
        let sql = format!("WITH {} SELECT {}", parts.join(", "), counts.join(", "));
        let values = std::iter::once(Value::from(self.tenant())).chain(all).collect();
        let rows = self.database().query(SessionRole::Tenant(self.tenant()), &sql, values)?;
        let row = rows.into_iter().next().ok_or_else(|| Error::internal("no counts"))?;
        row.values().into_iter().map(count).collect()
    }
}

fn count(value: Value) -> Result<u64, Error> {
    match value {
        Value::Integer(count) => Ok(u64::try_from(count).unwrap_or_default()),
        _ => Err(Error::internal("a count is no number")),
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
