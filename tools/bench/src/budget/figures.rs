//! What was measured, what is allowed, and the difference.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use anyhow::Context as _;
use serde::{Deserialize, Serialize};

/// How much more than the budget is allowed, in percent.
const TOLERANCE: u64 = 3;
/// The same for memory. It depends on how the threads of the start took turns: composed, from 67 to 77 MB.
const MEMORY_TOLERANCE: u64 = 20;

/// The costs, by name.
#[derive(Debug, Default, Serialize, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub(super) struct Figures {
    /// Instructions of one request of each operation, fused, on SQLite.
    pub(super) instructions: BTreeMap<String, u64>,
    /// The size of each function.
    pub(super) wasm_bytes: BTreeMap<String, u64>,
    /// Resident memory of a server at rest with all functions, in each placement.
    pub(super) idle_bytes: BTreeMap<String, u64>,
}

/// The outcome of a comparison.
pub(super) struct Comparison {
    /// All figures, for people.
    pub(super) table: String,
    /// What costs too much.
    pub(super) over: Vec<String>,
}

impl Figures {
    /// Reads the budget.
    pub(super) fn read(file: &Path) -> anyhow::Result<Self> {
        let text = fs::read_to_string(file).with_context(|| file.display().to_string())?;
        serde_json::from_str(&text).with_context(|| file.display().to_string())
    }

    /// Writes these figures as the new budget.
    pub(super) fn write(&self, file: &Path) -> anyhow::Result<()> {
        fs::write(file, serde_json::to_string_pretty(self)? + "\n")
            .with_context(|| file.display().to_string())
    }

    /// Compares these figures with the budget. What has no budget is over it.
    pub(super) fn compare(&self, budget: &Self) -> Comparison {
        let (mut table, mut over) = (String::new(), Vec::new());
        let kinds = [
            ("instructions of one", &self.instructions, &budget.instructions, TOLERANCE),
            ("bytes of", &self.wasm_bytes, &budget.wasm_bytes, TOLERANCE),
            ("bytes of idle", &self.idle_bytes, &budget.idle_bytes, MEMORY_TOLERANCE),
        ];
        let _ = writeln!(table, "| cost | budget | now | change |\n|---|---:|---:|---:|");
        for (kind, figures, allowed, tolerance) in kinds {
            for (name, now) in figures {
                let name = format!("{kind} {name}");
                let allowed = allowed.get(&name[kind.len() + 1..]).copied();
                let change = allowed.map(|allowed| (*now as f64 / allowed as f64 - 1.0) * 100.0);
                let shown = change.map_or("new".to_owned(), |change| format!("{change:+.1} %"));
                let is_over = allowed.is_none_or(|allowed| now * 100 > allowed * (100 + tolerance));
                let allowed = allowed.map(|allowed| allowed.to_string()).unwrap_or_default();
                let _ = writeln!(table, "| {name} | {allowed} | {now} | {shown} |");
                if is_over {
                    over.push(name);
                }
            }
        }
        Comparison { table, over }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn figures(instructions: u64, idle: u64) -> Figures {
        Figures {
            instructions: BTreeMap::from([("point read".to_owned(), instructions)]),
            wasm_bytes: BTreeMap::new(),
            idle_bytes: BTreeMap::from([("fused".to_owned(), idle)]),
        }
    }

    #[test]
    fn what_costs_more_is_named() {
        let budget = figures(1_000, 1_000);
        let over = |now: Figures| now.compare(&budget).over;
        assert_eq!(over(figures(1_030, 1_200)), [""; 0]);
        assert_eq!(
            over(figures(1_031, 1_201)),
            ["instructions of one point read", "bytes of idle fused"]
        );
        assert_eq!(over(figures(500, 500)), [""; 0]);
        let table = figures(1_031, 990).compare(&budget).table;
        assert!(
            table.contains("| instructions of one point read | 1000 | 1031 | +3.1 % |"),
            "{table}"
        );
        assert!(table.contains("| bytes of idle fused | 1000 | 990 | -1.0 % |"), "{table}");
        assert_eq!(figures(1, 1).compare(&Figures::default()).over.len(), 2, "no budget");
    }
}
