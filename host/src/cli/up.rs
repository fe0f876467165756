//! `tenantry up`

use super::{DataArgs, Manifest, progress};
use host::{Connections, Limits, Log, Options, Placement};
use std::net::SocketAddr;
use std::time::Duration;

pub(crate) const EXAMPLES: &str = "\
The command serves until it gets SIGTERM or SIGINT (Ctrl-C). Requests in flight finish first.

--development is for a developer's own machine. The server answers only programs on this machine.
The public master key of the manifest is allowed, and webhooks may go to plain HTTP on this
machine. If other machines could reach the server, then it does not start.

An instance is large if it has much more memory than at its start. Most large instances hash
passwords. If --max-large instances are large already, then others that would become large wait.

Examples:
  tenantry up --build --development      build all functions, then serve them on port 3000,
                                         only to programs on this machine
  tenantry up --component projects       serve only one function
  tenantry up --gateway composed         run the gateway as WebAssembly, as Spin does
  tenantry up --listen 0.0.0.0:8080 --data /var/lib/tenantry
  SPIN_VARIABLE_LIMIT_READ_PER_MINUTE=600 tenantry up

Files:
  spin.toml                   the routes, and the resources that each function may reach; a
                              released program contains one, with its functions
  .tenantry/                  databases, key-value data and caches (--data)";

#[derive(clap::Args)]
pub(crate) struct Up {
    #[command(flatten)]
    manifest: Manifest,
    /// The address to listen on; port 0 takes a free port.
    #[arg(long, default_value = "127.0.0.1:3000", value_name = "ADDR")]
    listen: SocketAddr,
    #[command(flatten)]
    data_args: DataArgs,
    /// How the gateway runs.
    #[arg(long, value_enum, default_value = "fused")]
    gateway: Gateway,
    /// Serve only this component; may be repeated.
    #[arg(long, value_name = "NAME")]
    component: Vec<String>,
    /// Serve only programs on this machine, for a developer (see below).
    #[arg(long)]
    development: bool,
    /// Run the build commands first.
    #[arg(long)]
    build: bool,
    /// Maximum memory of one instance, in MiB.
    #[arg(long, default_value = "128", value_name = "MIB", value_parser = clap::value_parser!(u64).range(1..=4096))]
    memory: u64,
    /// Maximum time until a function answers, in seconds.
    #[arg(long, default_value = "30", value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..=3600))]
    timeout: u64,
    /// Maximum number of live instances of one component.
    #[arg(long, default_value = "256", value_name = "COUNT", value_parser = clap::value_parser!(u64).range(1..=10_000))]
    max_instances: u64,
    /// Maximum number of open connections.
    #[arg(long, default_value = "10000", value_name = "COUNT", value_parser = clap::value_parser!(u64).range(1..=1_000_000))]
    max_connections: u64,
    /// Maximum open connections of one address (IPv6: of a /64), except those of trusted proxies.
    #[arg(long, default_value = "1000", value_name = "COUNT", value_parser = clap::value_parser!(u64).range(1..=1_000_000))]
    max_connections_per_address: u64,
    /// Maximum memory of all instances, in MiB. Default: a quarter of the machine's memory.
    #[arg(long, value_name = "MIB", value_parser = clap::value_parser!(u64).range(64..))]
    total_memory: Option<u64>,
    /// Maximum large instances of one component (see below). Default: half of the cores.
    #[arg(long, value_name = "COUNT", value_parser = clap::value_parser!(u64).range(1..=10_000))]
    max_large: Option<u64>,
    /// Maximum number of open streams of one component.
    #[arg(long, default_value = "128", value_name = "COUNT", value_parser = clap::value_parser!(u64).range(0..=10_000))]
    max_streams: u64,
    /// Maximum number of open streams of one tenant.
    #[arg(long, default_value = "32", value_name = "COUNT", value_parser = clap::value_parser!(u64).range(0..=10_000))]
    max_tenant_streams: u64,
    /// Maximum number of open streams of one person, machine client or API key.
    #[arg(long, default_value = "8", value_name = "COUNT", value_parser = clap::value_parser!(u64).range(0..=10_000))]
    max_caller_streams: u64,
}

#[derive(Clone, Copy, clap::ValueEnum)]
enum Gateway {
    /// Natively in this process (fastest).
    Fused,
    /// As a WebAssembly component in front of each function, as Spin does.
    Composed,
}

impl Up {
    pub(crate) fn run(self) -> anyhow::Result<()> {
        if self.build {
            host::build(&self.manifest.source()?, &self.component, progress)?;
        }
        let options = self.options()?;
        tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(serve(options))
    }

    fn options(self) -> anyhow::Result<Options> {
        let mut limits = Limits {
            memory: usize::try_from(self.memory)? << 20,
            request: Duration::from_secs(self.timeout),
            max_instances: usize::try_from(self.max_instances)?,
            connections: Connections {
                total: usize::try_from(self.max_connections)?,
                per_address: usize::try_from(self.max_connections_per_address)?,
                ..Connections::default()
            },
            max_streams: usize::try_from(self.max_streams)?,
            max_tenant_streams: usize::try_from(self.max_tenant_streams)?,
            max_caller_streams: usize::try_from(self.max_caller_streams)?,
            ..Limits::default()
        };
        if let Some(mebibytes) = self.total_memory {
            limits.total_memory = usize::try_from(mebibytes)? << 20;
        }
        if let Some(count) = self.max_large {
            limits.max_large = usize::try_from(count)?;
        }
        let mut options = Options {
            listen: self.listen,
            data: self.data_args.data,
            placement: match self.gateway {
                Gateway::Fused => Placement::Fused,
                Gateway::Composed => Placement::Composed,
            },
            components: self.component,
            development: self.development,
            runtime_config: self.data_args.runtime_config,
            log: Log::Stdout,
            compiler: host::program().ok(),
            limits,
            progress: Some(progress),
            ..Options::default()
        };
        self.manifest.choose(&mut options)?;
        Ok(options)
    }
}

async fn serve(options: Options) -> anyhow::Result<()> {
    let server = host::up(options).await?;
    println!("\nServing http://{}", server.address());
    println!("Available Routes:");
    for route in server.routes() {
        let kind = if route.wildcard { " (wildcard)" } else { "" };
        println!("  {}: http://{}{}{kind}", route.component, server.address(), route.path);
    }
    stop_signal().await?;
    eprintln!("Shutting down: requests in flight finish first");
    server.shutdown().await
}

/// Waits for SIGTERM or SIGINT.
async fn stop_signal() -> std::io::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut term = signal(SignalKind::terminate())?;
    let mut int = signal(SignalKind::interrupt())?;
    tokio::select! {
        _ = term.recv() => {}
        _ = int.recv() => {}
    }
    Ok(())
}
