//! The command line of the runner: one file of `cli/` for each command.

mod cli;

use clap::{Parser, Subcommand};
use cli::{backup, build, bundle, doctor, export, import, keys, migrate, restore, unpack, up};
use std::process::ExitCode;

/// mimalloc fits the load: a request makes many small allocations on one thread, and another thread
/// frees them.
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
  tenantry up --build --development      build all functions, then serve them on port 3000
  tenantry build                         run the build commands of spin.toml
  tenantry doctor                        what is wrong, and what to do about it
  tenantry backup monday.db              copy the database while it is served
  tenantry restore monday.db             make that copy the database again
  tenantry export all.jsonl              all data, to move it to PostgreSQL or back

Files:
  spin.toml                   what is served, and what each function may reach; a released
                              program holds one, with its functions
  .tenantry/                  databases, key-value data and caches (--data)

`tenantry COMMAND --help` has more examples.";

#[derive(Subcommand)]
enum Command {
    /// Serves the functions of a spin.toml.
    #[command(after_help = up::EXAMPLES)]
    Up(up::Up),
    /// Runs the build commands of a spin.toml, each once.
    Build(build::Build),
    /// Makes one file of this program and the functions of a spin.toml.
    #[command(after_help = bundle::EXAMPLES)]
    Bundle(bundle::Bundle),
    /// Writes the contract, the migrations and the functions that this program holds into a folder.
    #[command(after_help = unpack::EXAMPLES)]
    Unpack(unpack::Unpack),
    /// Looks at everything that a server needs, and says what to do about what is wrong.
    #[command(after_help = doctor::EXAMPLES)]
    Doctor(doctor::Doctor),
    /// Brings the schema of PostgreSQL up to date.
    #[command(after_help = migrate::EXAMPLES)]
    Migrate(migrate::Migrate),
    /// Prints what Spin needs beside the master key.
    #[command(after_help = keys::EXAMPLES)]
    Keys(keys::Keys),
    /// Copies the embedded database into a file, also while a server is serving it.
    #[command(after_help = backup::EXAMPLES)]
    Backup(backup::Backup),
    /// Makes a backup the embedded database again. The server must not be running.
    #[command(after_help = restore::EXAMPLES)]
    Restore(restore::Restore),
    /// Writes all data of either store into a file that the other one reads as well.
    #[command(after_help = export::EXAMPLES)]
    Export(export::Export),
    /// Puts an export into an empty store, the embedded one or PostgreSQL.
    #[command(after_help = import::EXAMPLES)]
    Import(import::Import),
}

fn main() -> ExitCode {
    let done = match Cli::parse().command {
        Command::Up(up) => up.run(),
        Command::Build(build) => build.run(),
        Command::Bundle(bundle) => bundle.run(),
        Command::Unpack(unpack) => unpack.run(),
        Command::Doctor(doctor) => doctor.run(),
        Command::Migrate(migrate) => migrate.run(),
        Command::Keys(keys) => keys.run(),
        Command::Backup(backup) => backup.run(),
        Command::Restore(restore) => restore.run(),
        Command::Export(export) => export.run(),
        Command::Import(import) => import.run(),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("Error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
