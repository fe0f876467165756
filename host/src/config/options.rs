//! The options of [`crate::up`].

use crate::config::bundle::Bundle;
use crate::system::clock::Clock;
use crate::system::log::Log;
use crate::system::machine;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

/// Where the gateway runs (see ARCHITECTURE.md).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Placement {
    /// The gateway library runs natively and calls the component's typed export.
    #[default]
    Fused,
    /// `gateway.wasm` is composed with the route component, as Spin does it.
    Composed,
}

/// The resources that one guest, and all guests together, may use.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Linear memory of one instance, in bytes.
    pub memory: usize,
    /// Linear memory of all instances together, in bytes. Idle instances may have half of it.
    pub total_memory: usize,
    /// How many instances of one component may be large at the same time, that is, have much more
    /// memory than at their start. Most of them hash passwords. Others wait for `max_queue_wait`.
    pub max_large: usize,
    /// The limit for each of three times: from the call of a component to its answer, for
    /// background work after the answer, and for receiving a request body.
    pub request: Duration,
    /// How long a streaming response may stay open.
    pub stream: Duration,
    /// Live instances of one component; each handles one request at a time.
    pub max_instances: usize,
    /// How many of these instances may be held by streaming responses.
    pub max_streams: usize,
    /// How many streams one tenant may hold, so that no tenant takes them all from the others.
    pub max_tenant_streams: usize,
    /// How many streams one caller may hold. A caller is a person, a machine client, a key, or an
    /// address if no credential is needed.
    pub max_caller_streams: usize,
    /// How long a request waits for a free instance before it is answered with 503.
    pub max_queue_wait: Duration,
    /// How long a shutdown waits for requests in flight.
    pub grace: Duration,
    /// The limits of client connections.
    pub connections: Connections,
}

/// The resources that clients may hold of a server, and how slow they may be.
#[derive(Clone, Debug)]
pub struct Connections {
    /// Open connections. A tenth more is allowed for addresses that have few connections. The
    /// number is lowered if the process may not open that many files.
    pub total: usize,
    /// Open connections of one address (IPv6: of a /64). Connections of trusted proxies are not
    /// counted.
    pub per_address: usize,
    /// Time for the head of a request, and idle time before the next request of a kept-alive
    /// connection.
    pub head: Duration,
    /// How long a body may arrive at any rate. After that it must arrive at a kilobyte a second at
    /// least.
    pub body_grace: Duration,
    /// How long a client may take no byte of its answer.
    pub stall: Duration,
    /// Memory of all request bodies, in bytes. Answers that clients have not taken yet may hold as
    /// much again.
    pub body_bytes: usize,
    /// The same for one address.
    pub body_bytes_per_address: usize,
}

impl Default for Connections {
    fn default() -> Self {
        Self {
            total: 10_000,
            per_address: 1000,
            head: Duration::from_secs(30),
            body_grace: Duration::from_secs(20),
            stall: Duration::from_secs(30),
            body_bytes: 256 << 20,
            body_bytes_per_address: 32 << 20,
        }
    }
}

impl Default for Limits {
    fn default() -> Self {
        let memory = 128 << 20;
        // The rest is for the stores, for bodies of clients, and for other processes of the
        // machine.
        let total_memory = machine::memory() / 4;
        // Hashing a password keeps a core busy. Half of the cores stay free for other requests.
        let max_large = (machine::cores() / 2).min(total_memory / 2 / memory).max(1);
        Self {
            memory,
            total_memory,
            max_large,
            request: Duration::from_secs(30),
            stream: Duration::from_secs(3600),
            max_instances: 256,
            max_streams: 128,
            max_tenant_streams: 32,
            max_caller_streams: 8,
            max_queue_wait: Duration::from_secs(2),
            grace: Duration::from_secs(10),
            connections: Connections::default(),
        }
    }
}

/// How to bring a bundle up.
#[derive(Clone, Debug)]
pub struct Options {
    /// The `spin.toml`.
    pub manifest: PathBuf,
    /// The bundle of the running file. If it is set, then it is served instead of `manifest`.
    pub bundle: Option<Bundle>,
    /// Where to listen; port 0 takes a free one.
    pub listen: SocketAddr,
    /// The directory of databases, key-value data and caches. It is made if it does not exist.
    pub data: PathBuf,
    /// The file of the program `tenantry`, which then compiles functions in processes of their own. If
    /// it is not set, then this process compiles them and keeps some of the memory of that.
    pub compiler: Option<PathBuf>,
    /// Where the gateway runs.
    pub placement: Placement,
    /// The components to serve; empty means all.
    pub components: Vec<String>,
    /// A Spin runtime-config file.
    pub runtime_config: Option<PathBuf>,
    /// Values of application variables. They override `SPIN_VARIABLE_*` of the environment.
    pub variables: Vec<(String, String)>,
    /// Whether this is the machine of a developer. Only there may the public master key be used.
    pub development: bool,
    /// Whether a server that only this machine reaches counts as a developer's without being told
    /// so. It does so only as long as no master key is set.
    pub assume_development: bool,
    /// Where log lines go.
    pub log: Log,
    /// Limits of the guests.
    pub limits: Limits,
    /// Gets one line for each step of `up` (composing, compiling).
    pub progress: Option<fn(&str)>,
    /// A clock for the functions, for tests; `None` means the machine's clock.
    pub clock: Option<Clock>,
    /// Whether the server calls `POST /internal/tick` by itself.
    pub ticker: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            manifest: PathBuf::from(crate::config::bundle::MANIFEST),
            bundle: None,
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 3000)),
            data: PathBuf::from(".tenantry"),
            compiler: None,
            placement: Placement::default(),
            components: Vec::new(),
            runtime_config: None,
            variables: Vec::new(),
            development: false,
            assume_development: false,
            log: Log::Stdout,
            limits: Limits::default(),
            progress: None,
            clock: None,
            ticker: true,
        }
    }
}

impl Options {
    pub(crate) fn report_progress(&self, line: &str) {
        if let Some(progress) = self.progress {
            progress(line);
        }
    }
}
