//! The servers: child processes that start in the same way and end with this one.

use std::fs::{self, File};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail, ensure};
use serde::Serialize;

use crate::client::Connection;
use crate::external::CONNECTIONS;
use crate::machine;
use crate::places::Places;
use crate::storage::Data;
use crate::stores::Stores;

/// The longest time until a server is ready.
const PATIENCE: Duration = Duration::from_secs(120);
/// The interval at which readiness is checked.
const ASK: Duration = Duration::from_millis(1);
/// The kind of server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Kind {
    /// The baseline.
    Native,
    /// The gateway in the runner.
    Fused,
    /// The gateway as WebAssembly.
    Composed,
}

impl Kind {
    /// All kinds, in the order in which they are measured.
    pub(crate) const ALL: [Self; 3] = [Self::Native, Self::Fused, Self::Composed];

    /// The name in the report.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Native => "native",
            Self::Fused => "fused",
            Self::Composed => "composed",
        }
    }
}

/// The limits of a server, as the values of its variables.
#[derive(Clone, Copy)]
pub(crate) struct Limits {
    /// The limit for an identity and class.
    class: &'static str,
    /// The limit for an address. If there are limits, that of the class is the tighter one, as by
    /// default.
    address: &'static str,
}

impl Limits {
    /// Limits that refuse no request, because the cost of counting is measured. The burst is large.
    /// The limit a minute is small, so that a bucket is not full again after each request, because
    /// a full bucket would be forgotten.
    pub(crate) const AMPLE: Self =
        Self { class: "6;burst=100000000", address: "6;burst=200000000" };
    /// Limits that refuse the third request.
    pub(crate) const TIGHT: Self = Self { class: "6;burst=2", ..Self::AMPLE };
    /// No limits, so that nothing is counted.
    pub(crate) const NONE: Self = Self { class: "0", address: "0" };
}

/// A running server. If it is dropped, it is killed.
pub(crate) struct Server {
    /// The kind of the server.
    pub(crate) kind: Kind,
    /// The kind of its stores.
    pub(crate) stores: Stores,
    child: Child,
    address: SocketAddr,
    started: Instant,
    errors: PathBuf,
}

impl Server {
    /// Starts a server that works on `data`.
    pub(crate) fn start(
        places: &Places,
        kind: Kind,
        data: &Data,
        limits: Limits,
    ) -> anyhow::Result<Self> {
        let Limits { class, address: of_address } = limits;
        // The port was free a moment ago, and nothing else is started in between.
        let address = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?;
        let mut command = match kind {
            Kind::Native => {
                let mut command = Command::new(std::env::current_exe()?);
                command.args(["serve-native", "--limit", class, "--address-limit", of_address]);
                command
            }
            Kind::Fused | Kind::Composed => {
                let mut command = Command::new(&places.host);
                command.args(["up", "--development", "--gateway", kind.name()]);
                command
            }
        };
        command.args(["--listen", &address.to_string()]).arg("--data").arg(&data.directory);
        command.current_dir(&places.workspace);
        for (name, _) in std::env::vars_os() {
            let text = name.to_string_lossy();
            // With `RUST_BACKTRACE` every error value of the runtime walks its stack.
            if text.starts_with("SPIN_VARIABLE_") || text.ends_with("_BACKTRACE") {
                command.env_remove(name);
            }
        }
        let limits = [("READ", class), ("WRITE", class), ("AUTH", class), ("IP", of_address)];
        for (name, limit) in limits {
            command.env(format!("SPIN_VARIABLE_LIMIT_{name}_PER_MINUTE"), limit);
        }
        match (&data.shared, kind) {
            (None, _) => {}
            (Some(shared), Kind::Native) => {
                command.args(["--postgres-url", &shared.postgres_url]);
                command.args(["--connections", &CONNECTIONS.to_string()]);
                command.args(["--redis-url", &shared.redis_url]);
                command.args(["--redis-prefix", &shared.redis_prefix]);
            }
            (Some(shared), Kind::Fused | Kind::Composed) => {
                command.env("SPIN_VARIABLE_POSTGRES_URL", &shared.postgres_url);
                command.env("SPIN_VARIABLE_POSTGRES_HOST", &shared.postgres_host);
                let config = shared.runtime_config(&data.directory)?;
                command.arg("--runtime-config").arg(config);
            }
        }
        let errors = data.directory.with_extension("log");
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(File::create(&errors)?);
        let started = Instant::now();
        let child = command.spawn().with_context(|| format!("{:?}", command.get_program()))?;
        Ok(Self { kind, stores: data.stores(), child, address, started, errors })
    }

    /// Waits for the first 200 of `/readyz`. Returns the time since the process was started.
    pub(crate) async fn ready(&mut self) -> anyhow::Result<Duration> {
        let request = b"GET /readyz HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n";
        while self.started.elapsed() < PATIENCE {
            if let Ok(mut connection) = Connection::open(self.address).await
                && let Ok(answer) = connection.exchange(request).await
                && answer.status == 200
            {
                return Ok(self.started.elapsed());
            }
            if let Some(status) = self.child.try_wait()? {
                let said = fs::read_to_string(&self.errors).unwrap_or_default();
                bail!("{} ended with {status}:\n{}", self.kind.name(), said.trim_end());
            }
            tokio::time::sleep(ASK).await;
        }
        bail!(
            "{} was not ready after {PATIENCE:?}; see {}",
            self.kind.name(),
            self.errors.display()
        )
    }

    /// The address on which the server listens.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// The CPU time of all its threads so far.
    pub(crate) fn cpu_time(&self) -> Duration {
        machine::cpu_time(self.child.id()).unwrap_or_default()
    }

    /// Asks the server to end, and waits until it has written everything.
    pub(crate) async fn stop(mut self) -> anyhow::Result<()> {
        let pid = self.child.id().to_string();
        let asked = Command::new("kill").args(["-s", "TERM", &pid]).status().context("kill")?;
        ensure!(asked.success(), "{} (process {pid}) cannot be asked to end", self.kind.name());
        let ended = tokio::task::spawn_blocking(move || self.child.wait().map(drop));
        tokio::time::timeout(PATIENCE, ended).await.context("it does not end")???;
        Ok(())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
