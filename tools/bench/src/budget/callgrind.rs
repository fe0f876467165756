//! Instructions of the server for one request, counted by Callgrind, a tool of Valgrind. The count
//! does not depend on what else the machine does. System calls count as nothing.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context as _, ensure};

use crate::client::Connection;
use crate::data::Seed;
use crate::load::Operation;
use crate::places::Places;
use crate::process::{Kind, Limits, Server};
use crate::storage::Storage;

/// Requests before the counted ones, so that caches are filled.
const WARM: u64 = 50;
/// Counted requests of each operation.
const REQUESTS: u64 = 200;
/// The functions that are served. With more of them, the memory of WebAssembly would not fit into
/// the address space that Valgrind has.
const FUNCTIONS: [&str; 2] = ["auth", "projects"];

/// The count of one operation.
pub(super) struct Count {
    /// Instructions of one request.
    pub(super) instructions: u64,
    /// The same by the part of the program that has them.
    layers: BTreeMap<String, u64>,
}

/// Counts the instructions of one request of each operation.
pub(super) async fn count(
    places: &Places,
    storage: &Storage,
    seed: &Seed,
    operations: &[Operation],
) -> anyhow::Result<Vec<Count>> {
    let data = storage.data(places, "budget-counted");
    seed.copy_to(storage, &data).await?;
    let dumps = data.directory.join("callgrind");
    let _ = fs::remove_dir_all(&dumps);
    fs::create_dir_all(&dumps)?;
    eprintln!("Starting fused in Valgrind, which may take a minute");
    let mut server = Server::start_in(places, Kind::Fused, &data, Limits::AMPLE, |server| {
        around(&server, &dumps)
    })?;
    server.ready().await.context("in Valgrind")?;
    let mut connection = Connection::open(server.address()).await?;
    let mut number = 0;
    let mut send = async |operation: Operation, count: u64| {
        let mut request = Vec::new();
        for _ in 0..count {
            number += 1;
            operation.request(seed, number, &mut request);
            connection.exchange(&request).await?.expect(operation.status())?;
        }
        anyhow::Ok(())
    };
    let mut counts = Vec::new();
    for (at, operation) in operations.iter().enumerate() {
        eprintln!("Counting: {}", operation.name());
        send(*operation, WARM).await?;
        control(&server, &["instrumentation", "on"])?;
        // The first instrumented requests also count the translation of code into Callgrind's.
        send(*operation, WARM).await?;
        control(&server, &["zero"])?;
        send(*operation, REQUESTS).await?;
        control(&server, &["dump"])?;
        control(&server, &["instrumentation", "off"])?;
        let dump = dumps.join(format!("out.{}", at + 1));
        counts.push(Count::read(&dump).with_context(|| dump.display().to_string())?);
    }
    server.stop().await?;
    Ok(counts)
}

/// The command of the server with Callgrind around it. The server has one thread for requests.
fn around(server: &Command, dumps: &Path) -> Command {
    let mut command = Command::new("valgrind");
    command
        .args(["--tool=callgrind", "--instr-atstart=no", "--compress-strings=no"])
        .args(["--compress-pos=no", "--quiet"])
        .arg(format!("--callgrind-out-file={}", dumps.join("out").display()))
        .arg(server.get_program())
        .args(server.get_args())
        .args(["--max-instances", "1"])
        .args(FUNCTIONS.iter().flat_map(|name| ["--component", name]))
        .env("TOKIO_WORKER_THREADS", "1");
    for (name, value) in server.get_envs() {
        match value {
            Some(value) => command.env(name, value),
            None => command.env_remove(name),
        };
    }
    if let Some(directory) = server.get_current_dir() {
        command.current_dir(directory);
    }
    command
}

/// Gives Callgrind a command.
fn control(server: &Server, arguments: &[&str]) -> anyhow::Result<()> {
    let pid = format!("--pid={}", server.id());
    let mut command = Command::new("vgdb");
    let output = command.arg(pid).args(arguments).stdin(Stdio::null()).output().context("vgdb")?;
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "vgdb {}: {}", arguments.join(" "), said.trim());
    Ok(())
}

impl Count {
    fn read(dump: &Path) -> anyhow::Result<Self> {
        Self::parse(&String::from_utf8_lossy(&fs::read(dump)?), REQUESTS)
    }

    /// Reads the text of a dump, which has the instructions of this many requests. Source: "Callgrind
    /// Format Specification" of the Valgrind manual.
    fn parse(text: &str, requests: u64) -> anyhow::Result<Self> {
        let mut layers = BTreeMap::<String, u64>::new();
        let (mut layer, mut is_of_callee, mut all) = (String::new(), false, 0);
        for line in text.lines() {
            if let Some(name) = line.strip_prefix("fn=") {
                layer = layer_of(name);
            } else if line.starts_with("calls=") {
                // The next line has what the called function needs, which counts there.
                is_of_callee = true;
            } else if line
                .starts_with(|first: char| first.is_ascii_digit() || "+-*".contains(first))
            {
                let cost = line.split(' ').nth(1).and_then(|cost| cost.parse::<u64>().ok());
                if !std::mem::take(&mut is_of_callee) {
                    let cost = cost.unwrap_or(0);
                    all += cost;
                    *layers.entry(layer.clone()).or_default() += cost;
                }
            }
        }
        ensure!(all > 0, "it has no costs");
        for count in layers.values_mut() {
            *count /= requests;
        }
        Ok(Self { instructions: all / requests, layers })
    }

    /// The layers, the largest first.
    pub(super) fn table(&self, operation: &str) -> String {
        let mut layers: Vec<_> = self.layers.iter().filter(|(_, count)| **count > 0).collect();
        layers.sort_by_key(|(_, count)| std::cmp::Reverse(**count));
        let mut table = format!("| {operation} | instructions |\n|---|---:|\n");
        for (name, count) in layers {
            let _ = writeln!(table, "| {name} | {count} |");
        }
        let _ = writeln!(table, "| **sum** | **{}** |", self.instructions);
        table
    }
}

/// The part of the program to which a function belongs: its crate, or what stands for it.
fn layer_of(function: &str) -> String {
    if function.starts_with("0x") || function.starts_with("???") {
        return "WebAssembly".to_owned();
    }
    if function.starts_with("sqlite3") || function.starts_with("sqlite") {
        return "SQLite".to_owned();
    }
    // `<a::B as c::D>::e` counts for `a`.
    let name = function.trim_start_matches(['<', '&', '(']).trim_start_matches("dyn ");
    match name.split_once("::") {
        Some((first, _)) if first.chars().all(|c| c.is_alphanumeric() || c == '_') => {
            first.to_owned()
        }
        _ => "C".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn costs_count_where_they_are_made() {
        let dump = "events: Ir\n\nob=/bin/tenantry\nfl=a.rs\nfn=<hyper::A as core::B>::c\n\
            10 40\n+1 20\ncfn=gateway::run\ncalls=7 +5\n* 900\n-2 10\n\n\
            fn=gateway::run\n20 500\nfi=b.rs\n7 100\nfn=0x00007f12\n0 300\n\n\
            fn=sqlite3VdbeExec\n5 60\nfn=memcpy\n0x4 1\n9 9\n\ntotals: 1040\n";
        let count = Count::parse(dump, 10).expect("a count");
        let layers: Vec<_> =
            count.layers.iter().map(|(name, cost)| (name.as_str(), *cost)).collect();
        let expected =
            [("C", 1), ("SQLite", 6), ("WebAssembly", 30), ("gateway", 60), ("hyper", 7)];
        assert_eq!((count.instructions, layers), (104, expected.to_vec()));
        assert!(Count::parse("fn=a\ntotals: 0\n", 10).is_err());
    }
}
