//! The first of two passes over an export. An import changes nothing if the file is not whole.

use super::format::{Reader, Value};
use crate::system::progress::Progress;
use anyhow::Context as _;
use migrations::TABLES;
use std::collections::BTreeMap;
use std::path::Path;
use time::OffsetDateTime;

/// The tables that are partitioned in PostgreSQL, with one partition for each month.
const PARTITIONED: [&str; 2] = ["events", "audit_logs"];
/// The years that get partitions. Rows outside of them, which a wrong clock wrote, go to the
/// default partition.
const YEARS: std::ops::Range<i32> = 2000..2100;

/// The contents of the file to import.
pub(super) struct Survey {
    /// The number of rows of each table.
    pub(super) rows: Vec<(&'static str, u64)>,
    /// The size of the file, in bytes.
    pub(super) bytes: u64,
    /// The last number that an event got.
    pub(super) events_seq: i64,
    /// The table, year and month of all partitioned rows, each with a moment in that month
    /// (milliseconds since the epoch).
    pub(super) months: BTreeMap<(&'static str, i32, u8), i64>,
}

impl Survey {
    /// Reads the whole file. Fails if anything is wrong with it.
    pub(super) fn of(file: &Path, progress: &mut Progress) -> anyhow::Result<Self> {
        let mut reader = Reader::open(file)?;
        let size = std::fs::metadata(file);
        let mut survey = Self {
            rows: TABLES.map(|table| (table, 0)).to_vec(),
            bytes: size.with_context(|| format!("{}: cannot be read", file.display()))?.len(),
            events_seq: reader.events_seq,
            months: BTreeMap::new(),
        };
        let mut number: u64 = 0;
        while let Some(row) = reader.next()? {
            let counted = survey.rows.iter_mut().find(|(table, _)| *table == row.table);
            let Some((table, rows)) = counted else {
                return Err(reader.wrong(&format!("there is no table {:?}", row.table)));
            };
            *rows += 1;
            let integer = |name: &str| match row.row.get(name) {
                Some(Value::Integer(number)) => Some(*number),
                _ => None,
            };
            if *table == "events" {
                survey.events_seq = survey.events_seq.max(integer("seq").unwrap_or(0));
            }
            if PARTITIONED.contains(table)
                && let Some(created_at) = integer("created_at")
                && let Ok(time) = OffsetDateTime::from_unix_timestamp(created_at.div_euclid(1000))
                && YEARS.contains(&time.year())
            {
                survey.months.insert((table, time.year(), time.month().into()), created_at);
            }
            number += 1;
            progress.report(|_| format!("Checked {number} rows"));
        }
        Ok(survey)
    }

    /// The number of rows of all tables together.
    pub(super) fn total(&self) -> u64 {
        self.rows.iter().map(|(_, rows)| rows).sum()
    }
}
