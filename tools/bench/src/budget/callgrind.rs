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
    /// Those of the functions of this repository, by file. It is empty if the runner was built
    /// without the lines of its code.
    files: BTreeMap<String, u64>,
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

    /// Reads the text of a dump, which has the instructions of this many requests. Source:
    /// "Callgrind Format Specification" of the Valgrind manual.
    fn parse(text: &str, requests: u64) -> anyhow::Result<Self> {
        let mut layers = BTreeMap::<String, u64>::new();
        let mut files = BTreeMap::<String, u64>::new();
        let (mut layer, mut is_of_callee, mut all) = (String::new(), false, 0);
        // The file of the function, and that of the code that the compiler put into it.
        let (mut file, mut inlined) = (None, None);
        for line in text.lines() {
            if let Some(name) = line.strip_prefix("fn=") {
                layer = layer_of(name);
            } else if let Some(path) = line.strip_prefix("fl=") {
                (file, inlined) = (file_of(path), None);
            } else if let Some(path) = line.strip_prefix("fi=").or(line.strip_prefix("fe=")) {
                inlined = file_of(path);
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
                    // Code of a library counts for the file whose function has it.
                    if let Some(file) = inlined.or(file) {
                        *files.entry(file.to_owned()).or_default() += cost;
                    }
                }
            }
        }
        ensure!(all > 0, "it has no costs");
        for count in layers.values_mut().chain(files.values_mut()) {
            *count /= requests;
        }
        Ok(Self { instructions: all / requests, layers, files })
    }

    /// The layers and the files, the largest first.
    pub(super) fn table(&self, operation: &str) -> String {
        let mut table = rows(operation, &self.layers);
        let _ = writeln!(table, "| **sum** | **{}** |", self.instructions);
        if !self.files.is_empty() {
            table.push('\n');
            table.push_str(&rows(&format!("{operation}, by file"), &self.files));
        }
        table
    }
}

fn rows(title: &str, counts: &BTreeMap<String, u64>) -> String {
    let mut counts: Vec<_> = counts.iter().filter(|(_, count)| **count > 0).collect();
    counts.sort_by_key(|(_, count)| std::cmp::Reverse(**count));
    let mut table = format!("| {title} | instructions |\n|---|---:|\n");
    for (name, count) in counts {
        let _ = writeln!(table, "| {name} | {count} |");
    }
    table
}

/// The path of a file within this repository; `None` for all others.
fn file_of(path: &str) -> Option<&str> {
    let is_registry = path.contains("/registry/") || path.contains("/rustc/");
    let at = path.find("components/").or_else(|| path.find("host/src/"))?;
    (!is_registry).then(|| &path[at..])
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
        assert!(count.files.is_empty(), "of a build without lines");
        assert!(Count::parse("fn=a\ntotals: 0\n", 10).is_err());
    }

    #[test]
    fn library_code_counts_for_the_file_that_has_it() {
        let dump = "fl=/w/components/gateway/src/etag.rs\nfn=gateway::etag::of\n1 10\n\
            fi=/rustc/0/library/core/src/str.rs\n2 20\nfe=/w/host/src/log.rs\n3 40\n\
            fe=/w/components/gateway/src/etag.rs\n4 50\n\
            fl=/home/registry/src/hyper/host/src/a.rs\nfn=hyper::a\n5 80\n";
        let count = Count::parse(dump, 10).expect("a count");
        let files: Vec<_> = count.files.iter().map(|(name, cost)| (name.as_str(), *cost)).collect();
        assert_eq!(files, [("components/gateway/src/etag.rs", 8), ("host/src/log.rs", 4)]);
    }
}
