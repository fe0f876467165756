//! Facts about this machine and its processes, from `/proc`. On systems other than Linux they are
//! empty.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use serde::Serialize;

use crate::places::Places;

/// The ticks of a second in `/proc/<pid>/stat`: `USER_HZ`, which is 100 on every Linux.
const TICKS: u64 = 100;

/// The packages whose versions are reported.
const PACKAGES: [&str; 9] = [
    "deadpool-postgres",
    "hyper",
    "jwt-simple",
    "libsqlite3-sys",
    "redis",
    "rusqlite",
    "tokio",
    "tokio-postgres",
    "wasmtime",
];

/// The machine.
#[derive(Serialize)]
pub(crate) struct Machine {
    /// The model of the processor.
    pub(crate) cpu: String,
    /// The number of processors that this process may use.
    pub(crate) cores: usize,
    /// The release of the kernel.
    pub(crate) kernel: String,
    /// The load average of the machine when the measurement began.
    pub(crate) load_average: String,
}

impl Machine {
    /// Reads the facts.
    pub(crate) fn look() -> Self {
        let read = |path: &str| fs::read_to_string(path).unwrap_or_default().trim().to_owned();
        let cpuinfo = read("/proc/cpuinfo");
        let model = cpuinfo.lines().filter_map(|line| line.split_once(':'));
        let model =
            model.filter(|(key, _)| key.trim() == "model name").map(|(_, name)| name.trim());
        let load = read("/proc/loadavg");
        Self {
            cpu: model.map(str::to_owned).next().unwrap_or_else(|| "unknown".to_owned()),
            cores: std::thread::available_parallelism().map_or(1, usize::from),
            kernel: read("/proc/sys/kernel/osrelease"),
            load_average: load.split(' ').take(3).collect::<Vec<_>>().join(" "),
        }
    }
}

/// The CPU time of a process and of those that it has started, user and system.
pub(crate) fn cpu_time(pid: u32) -> Option<Duration> {
    let others: Duration = children(pid).into_iter().filter_map(own_cpu_time).sum();
    Some(own_cpu_time(pid)? + others)
}

/// The memory of a process that is in RAM, in bytes.
pub(crate) fn resident(pid: u32) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.trim().strip_suffix(" kB")?.parse::<u64>().ok().map(|kibibytes| kibibytes * 1024)
}

/// The processes that a process has started and that still run. Spin serves in such a one.
pub(crate) fn children(pid: u32) -> Vec<u32> {
    let listed = fs::read_to_string(format!("/proc/{pid}/task/{pid}/children"));
    listed.unwrap_or_default().split_whitespace().filter_map(|pid| pid.parse().ok()).collect()
}

fn own_cpu_time(pid: u32) -> Option<Duration> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name of the program, in parentheses, may contain spaces.
    let mut fields = stat.rsplit_once(')')?.1.split_whitespace().skip(11);
    let ticks: u64 = fields.next()?.parse::<u64>().ok()? + fields.next()?.parse::<u64>().ok()?;
    Some(Duration::from_millis(ticks * 1000 / TICKS))
}

/// The versions of what was measured, and of what it was built with.
pub(crate) fn versions(places: &Places, peers: bool) -> Vec<(String, String)> {
    let Places { workspace, host, spin, pocketbase, .. } = places;
    let said = |program: &Path, arguments: &[&str]| {
        let output = Command::new(program).args(arguments).current_dir(workspace).output().ok()?;
        Some(String::from_utf8_lossy(&output.stdout).trim().to_owned())
    };
    let mut versions = vec![
        ("tenantry".to_owned(), said(host, &["--version"])),
        ("rustc".to_owned(), said(Path::new("rustc"), &["--version"])),
        ("commit".to_owned(), said(Path::new("git"), &["describe", "--always", "--dirty"])),
    ];
    if let Some(spin) = spin {
        versions.push(("spin".to_owned(), said(spin, &["--version"])));
    }
    if peers {
        versions.push(("pocketbase".to_owned(), said(pocketbase, &["--version"])));
    }
    let lock = fs::read_to_string(workspace.join("Cargo.lock")).unwrap_or_default();
    for name in PACKAGES {
        let package =
            lock.split("[[package]]").find(|p| p.contains(&format!("\nname = \"{name}\"\n")));
        let version =
            package.and_then(|package| package.split("version = \"").nth(1)?.split('"').next());
        versions.push((name.to_owned(), version.map(str::to_owned)));
    }
    versions.into_iter().map(|(name, version)| (name, version.unwrap_or_default())).collect()
}
