//! Servers in processes of their own, which a test can kill and freeze.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use serde::{Deserialize, Serialize};

use super::server::{self, OPERATOR, UNLIMITED};
use super::{App, Placement, signing_key};

const SETTING: &str = "TENANTRY_TEST_SERVER";

/// The settings with which a server starts.
#[derive(Clone, Serialize, Deserialize)]
pub struct Setting {
    pub data: PathBuf,
    pub composed: bool,
    /// The functions to serve. Empty means all of them.
    pub components: Vec<String>,
    /// Variables that override the unlimited ones.
    pub variables: Vec<(String, String)>,
    /// A file that replaces the stores of the data directory.
    pub runtime_config: Option<PathBuf>,
    /// The port. 0 takes a free one.
    pub port: u16,
    /// A manifest that replaces the one of the repository.
    pub manifest: Option<PathBuf>,
    /// The file of a clock that a test turns.
    pub clock: Option<PathBuf>,
    /// A bound for the memory of all guests that replaces the default, in bytes.
    pub total_memory: Option<usize>,
}

impl Setting {
    /// A server of all functions, with the data in `data`.
    pub fn new(data: &Path, placement: Placement) -> Self {
        Self {
            data: data.to_path_buf(),
            composed: placement == Placement::Composed,
            components: Vec::new(),
            variables: Vec::new(),
            runtime_config: None,
            port: 0,
            manifest: None,
            clock: None,
            total_memory: None,
        }
    }
}

/// Not a test: this is the server process of the tests that kill it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "the server of the tests that kill it"]
async fn server_process() {
    let Ok(setting) = std::env::var(SETTING) else { return };
    let setting: Setting = serde_json::from_str(&setting).unwrap();
    let placement = if setting.composed { Placement::Composed } else { Placement::Fused };
    let variables = setting.variables.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    let manifest = setting.manifest.as_ref().map(|file| std::fs::read_to_string(file).unwrap());
    // A manifest of a test may declare fewer variables.
    let known = |name: &str| manifest.as_ref().is_none_or(|text| text.contains(name));
    let unlimited = UNLIMITED.iter().copied().filter(|(name, _)| known(name));
    let variables: Vec<_> = unlimited.chain(variables).collect();
    let mut options = match &setting.runtime_config {
        Some(_) => server::plain_options(placement, &setting.data, &variables),
        None => server::options(placement, &setting.data, &variables),
    };
    options.runtime_config = setting.runtime_config.or(options.runtime_config);
    options.manifest = setting.manifest.unwrap_or(options.manifest);
    options.components = setting.components;
    options.listen.set_port(setting.port);
    if let Some(bytes) = setting.total_memory {
        options.limits.total_memory = bytes;
    }
    let (app, server) = server::start(options).await;
    println!("listening {}", app.base);
    // No other process can read this log, and some tests measure the memory of this one.
    let log = app.log.clone();
    tokio::spawn(async move {
        loop {
            tokio::time::sleep(std::time::Duration::from_millis(100)).await;
            log.lock().clear();
        }
    });
    // On a request to end, it ends as `tenantry up` does.
    let mut stop =
        tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()).unwrap();
    stop.recv().await;
    server.shutdown().await.unwrap();
}

/// The linear memory of all instances of a component, in bytes, from `/metrics`.
pub async fn memory(app: &App, component: &str) -> usize {
    let authorization = format!("Bearer {OPERATOR}");
    let headers = [("authorization", authorization.as_str())];
    let metrics = app.anon().try_send(http::Method::GET, "/metrics", &headers, None).await.unwrap();
    let name = format!("tenantry_guest_memory_bytes{{component=\"{component}\"}} ");
    let value = metrics.text.lines().find_map(|line| line.strip_prefix(&name));
    value.unwrap_or_else(|| panic!("{name}: {}", metrics.text)).parse().unwrap()
}

/// A server process that does not outlive a failed test.
pub struct Process {
    child: Child,
    pub app: App,
}

impl Process {
    /// Starts a server and waits until it is ready.
    pub fn spawn(setting: &Setting) -> Self {
        let mut command = Command::new(std::env::current_exe().unwrap());
        if let Some(clock) = &setting.clock {
            super::clock::wind(&mut command, clock);
        }
        let mut child = command
            .args(["support::process::server_process", "--exact", "--ignored", "--nocapture"])
            .env("TENANTRY_TEST_RUN", super::stores::run())
            .env(signing_key::VARIABLE, signing_key::columns())
            .env(SETTING, serde_json::to_string(setting).unwrap())
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let base = lines
            .find_map(|line| {
                line.unwrap().split_once("listening ").map(|(_, base)| base.to_owned())
            })
            .expect("the server starts");
        // The output must be read, because a process that writes to a full pipe blocks.
        std::thread::spawn(move || lines.for_each(drop));
        let app = App { base, log: Default::default(), data: setting.data.clone() };
        Self { child, app }
    }

    /// The resident memory of the process, in bytes.
    pub fn resident(&self) -> usize {
        self.status("VmRSS:")
    }

    /// The largest resident memory so far, in bytes.
    pub fn peak(&self) -> usize {
        self.status("VmHWM:")
    }

    /// Resets the largest resident memory (`proc_pid_clear_refs(5)`).
    pub fn forget_peak(&self) {
        std::fs::write(format!("/proc/{}/clear_refs", self.child.id()), "5").unwrap();
    }

    fn status(&self, name: &str) -> usize {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap();
        let kilobytes: usize = line.trim().strip_suffix(" kB").unwrap().trim().parse().unwrap();
        kilobytes << 10
    }

    /// Kills the process (SIGKILL).
    pub fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Asks the process to end (SIGTERM), and waits until it has.
    pub fn stop(&mut self) {
        self.signal("TERM");
        assert!(self.child.wait().unwrap().success());
    }

    /// Freezes the process (SIGSTOP): its connections stay, and it does nothing.
    pub fn freeze(&self) {
        self.signal("STOP");
    }

    /// Continues the process (SIGCONT).
    pub fn thaw(&self) {
        self.signal("CONT");
    }

    fn signal(&self, name: &str) {
        let mut kill = Command::new("kill");
        kill.args([format!("-{name}"), self.child.id().to_string()]);
        assert!(kill.status().unwrap().success());
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
