//! The command line of the runner.

mod cli;

use clap::{Args, Parser, Subcommand, ValueEnum};
use cli::{backup, restore};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use tenantry::{Limits, Log, Options, Placement};

/// Requests are many small allocations on one thread that are freed on another.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Runs a bundle of WebAssembly functions behind one gateway.
#[derive(Parser)]
#[command(name = "tenantry", version, after_help = EXAMPLES)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

const EXAMPLES: &str = "\
Examples:
  tenantry up --build                    build all functions, then serve them on port 3000
  tenantry up --component projects       serve one function alone
  tenantry up --gateway composed         run the gateway as WebAssembly, as Spin does
  tenantry up --listen 0.0.0.0:8080 --data /var/lib/tenantry
  SPIN_VARIABLE_LIMIT_READ_PER_MINUTE=600 tenantry up
  tenantry build                         run the build commands of spin.toml

Files:
  spin.toml                   what is served, and what each function may reach
  .tenantry/                  databases, key-value data and caches (--data)";

#[derive(Subcommand)]
enum Command {
    /// Serves the functions of a spin.toml.
    #[command(after_help = EXAMPLES)]
    Up(Up),
    /// Runs the build commands of a spin.toml, each once.
    Build(Manifest),
    /// Copies the embedded database into a file, also while a server is serving it.
    #[command(after_help = backup::EXAMPLES)]
    Backup(backup::Backup),
    /// Makes a backup the embedded database again. The server must not be running.
    #[command(after_help = restore::EXAMPLES)]
    Restore(restore::Restore),
}

#[derive(Args)]
struct Manifest {
    /// The manifest.
    #[arg(short, long, default_value = "spin.toml", value_name = "SPIN.TOML")]
    from: PathBuf,
}

#[derive(Args)]
struct Up {
    #[command(flatten)]
    manifest: Manifest,
    /// Where to listen; port 0 takes a free one.
    #[arg(long, default_value = "127.0.0.1:3000", value_name = "ADDR")]
    listen: SocketAddr,
    /// Where databases, key-value data and caches are kept.
    #[arg(long, default_value = ".tenantry", value_name = "DIR")]
    data: PathBuf,
    /// Where the gateway runs.
    #[arg(long, value_enum, default_value = "fused")]
    gateway: GatewayPlace,
    /// Serve only this component; may be repeated.
    #[arg(long, value_name = "NAME")]
    component: Vec<String>,
    /// A Spin runtime-config file (TOML): other places for stores and databases.
    #[arg(long, value_name = "FILE")]
    runtime_config: Option<PathBuf>,
    /// Build first.
    #[arg(long)]
    build: bool,
    /// Memory of one instance, in MiB.
    #[arg(long, default_value = "128", value_name = "MIB", value_parser = clap::value_parser!(u64).range(1..=4096))]
    memory: u64,
    /// Time a function has for its answer, in seconds.
    #[arg(long, default_value = "30", value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..=3600))]
    timeout: u64,
    /// Live instances of one component.
    #[arg(long, default_value = "256", value_name = "COUNT", value_parser = clap::value_parser!(u64).range(1..=10_000))]
    max_instances: u64,
}

#[derive(Clone, Copy, ValueEnum)]
enum GatewayPlace {
    /// Natively in this process (fastest).
    Fused,
    /// As a WebAssembly component in front of each function, as Spin does.
    Composed,
}

fn main() -> ExitCode {
    match run(Cli::parse().command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("Error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(command: Command) -> anyhow::Result<()> {
    let progress = |line: &str| eprintln!("{line}");
    match command {
        Command::Backup(backup) => backup.run(),
        Command::Restore(restore) => restore.run(),
        Command::Build(manifest) => tenantry::build(&manifest.from, &[], progress),
        Command::Up(up) => {
            if up.build {
                tenantry::build(&up.manifest.from, &up.component, progress)?;
            }
            tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(serve(up))
        }
    }
}

async fn serve(up: Up) -> anyhow::Result<()> {
    let options = Options {
        manifest: up.manifest.from,
        listen: up.listen,
        data: up.data,
        placement: match up.gateway {
            GatewayPlace::Fused => Placement::Fused,
            GatewayPlace::Composed => Placement::Composed,
        },
        components: up.component,
        runtime_config: up.runtime_config,
        variables: Vec::new(),
        log: Log::Stdout,
        limits: Limits {
            memory: usize::try_from(up.memory)? << 20,
            request: std::time::Duration::from_secs(up.timeout),
            max_instances: usize::try_from(up.max_instances)?,
            ..Limits::default()
        },
        progress: Some(|line| eprintln!("{line}")),
    };
    let server = tenantry::up(options).await?;
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
