//! The servers: child processes that start in the same way and end with this one.

use std::fs::{self, File};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail, ensure};

use crate::client::Connection;
pub(crate) use crate::kind::Kind;
pub(crate) use crate::launch::Limits;
use crate::places::Places;
use crate::storage::Data;
use crate::stores::Stores;
use crate::{launch, machine};

/// The longest time until a server is ready.
const PATIENCE: Duration = Duration::from_secs(120);
/// The interval at which readiness is checked.
const ASK: Duration = Duration::from_millis(1);

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
        Self::start_in(places, kind, data, limits, |command| command)
    }

    /// The same with another command around that of the server, such as a profiler.
    pub(crate) fn start_in(
        places: &Places,
        kind: Kind,
        data: &Data,
        limits: Limits,
        around: impl FnOnce(Command) -> Command,
    ) -> anyhow::Result<Self> {
        // The port was free a moment ago, and nothing else is started in between.
        let address = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?;
        let mut command = around(launch::command(places, kind, data, limits, address)?);
        let errors = data.directory.with_extension("log");
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(File::create(&errors)?);
        let started = Instant::now();
        let child = command.spawn().with_context(|| format!("{:?}", command.get_program()))?;
        Ok(Self { kind, stores: data.stores(), child, address, started, errors })
    }

    /// Waits for the first 200 that tells that the server is ready. Returns the time since the process was started.
    pub(crate) async fn ready(&mut self) -> anyhow::Result<Duration> {
        let target = self.kind.ready();
        let request = format!("GET {target} HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n");
        while self.started.elapsed() < PATIENCE {
            if let Ok(mut connection) = Connection::open(self.address).await
                && let Ok(answer) = connection.exchange(request.as_bytes()).await
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

    /// The id of its process.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// The CPU time of all its threads and processes so far.
    pub(crate) fn cpu_time(&self) -> Duration {
        machine::cpu_time(self.child.id()).unwrap_or_default()
    }

    /// Asks the server to end, and waits until it has written everything.
    pub(crate) async fn stop(mut self) -> anyhow::Result<()> {
        let pid = self.child.id().to_string();
        let asked =
            Command::new("kill").args(["-s", self.kind.end(), &pid]).status().context("kill")?;
        ensure!(asked.success(), "{} (process {pid}) cannot be asked to end", self.kind.name());
        let ended = tokio::task::spawn_blocking(move || self.child.wait().map(drop));
        tokio::time::timeout(PATIENCE, ended).await.context("it does not end")???;
        Ok(())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        for pid in machine::children(self.child.id()) {
            let _ = Command::new("kill").args(["-s", "KILL", &pid.to_string()]).status();
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
