//! The rows that a write leaves: the object, its events, and its audit entry.

use super::record::Record;
use crate::contract::Resource;
use crate::write::{Expected, Write};
use crate::{Call, Error, Event, Scope};

impl Resource {
    pub(super) fn insertion(&'static self, record: &Record) -> Write {
        let columns = record.columns().filter(|(field, _)| field.name != "tenant_id");
        let columns = columns.map(|(field, value)| (field.name, value.clone()));
        let (names, values): (Vec<_>, Vec<_>) = columns.chain(record.folded()).unzip();
        let numbers: Vec<String> = (0..names.len()).map(|n| format!("${}", n + 2)).collect();
        let sql = format!(
            "INSERT INTO {} (tenant_id, {}) VALUES ($1, {})",
            self.table,
            names.join(", "),
            numbers.join(", ")
        );
        Write { table: self.table, sql, values, expected: Expected::Rows(1) }
    }

    /// Increments the version; returns the write of all columns that can change.
    pub(super) fn update(&'static self, record: &mut Record) -> Result<Write, Error> {
        record.set(self.column::<i64>("version")?, record.version()? + 1)?;
        record.set(self.column::<i64>("updated_at")?, crate::now())?;
        let fixed = ["id", "tenant_id", "created_at"];
        let columns = record.columns().filter(|(field, _)| !fixed.contains(&field.name));
        let columns = columns.map(|(field, value)| (field.name, value.clone()));
        let (sets, mut values): (Vec<_>, Vec<_>) = columns
            .chain(record.folded())
            .enumerate()
            .map(|(n, (name, value))| (format!("{name} = ${}", n + 2), value))
            .unzip();
        let sql = format!(
            "UPDATE {} SET {} WHERE tenant_id = $1 AND id = ${}",
            self.table,
            sets.join(", "),
            sets.len() + 2
        );
        values.push(record.id()?.into());
        Ok(Write { table: self.table, sql, values, expected: Expected::Rows(1) })
    }

    /// Writes an object that the caller has changed, with its event and audit entry.
    ///
    /// # Errors
    /// `internal-error` of the database.
    pub fn write(
        &'static self,
        call: &Call,
        scope: &Scope<'_>,
        record: &mut Record,
        verb: &str,
    ) -> Result<(), Error> {
        let write = self.update(record)?;
        self.record_change(call, scope, verb, record, write)
    }

    /// Writes an object that the system itself has changed, without a caller. There is an event,
    /// and no audit entry of the change.
    ///
    /// # Errors
    /// `internal-error` of the database.
    pub fn write_as_system(
        &'static self,
        scope: &Scope<'_>,
        record: &mut Record,
        verb: &str,
        source_agent: &'static str,
    ) -> Result<(), Error> {
        let write = self.update(record)?;
        let kind = format!("{}.{verb}", self.name);
        let (subject, data) = (record.id()?, record.public()?);
        let event = Event { kind: &kind, subject, source_agent, data };
        scope.emit_with(event, Some(write)).map(drop)
    }

    /// Writes a change, with its events and its audit entry.
    pub(super) fn record_change(
        &'static self,
        call: &Call,
        scope: &Scope<'_>,
        verb: &str,
        record: &Record,
        change: Write,
    ) -> Result<(), Error> {
        let (kind, subject) = (format!("{}.{verb}", self.name), record.id()?);
        let (source_agent, data) = (call.recorder, record.public()?);
        scope.emit_audited(call, Event { kind: &kind, subject, source_agent, data }, change)
    }
}
