//! The command line of the runner. Each command has a file in `cli/`.

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
  tenantry doctor                        find problems, and say how to solve them
  tenantry backup monday.db              copy the database; the server may be running
  tenantry restore monday.db             restore the database from that copy
  tenantry export all.jsonl              write all data to a file, to move to another store

Files:
  spin.toml                   the routes, and the resources that each function may reach; a
                              released program contains one, with its functions
  .tenantry/                  databases, key-value data and caches (--data)

`tenantry COMMAND --help` has more examples.";

#[derive(Subcommand)]
enum Command {
    /// Serves the functions of a spin.toml.
    #[command(after_help = up::EXAMPLES)]
    Up(up::Up),
    /// Runs the build commands of a spin.toml. Each distinct command runs once.
    Build(build::Build),
    /// Makes a single file that contains this program and the functions of a spin.toml.
    #[command(after_help = bundle::EXAMPLES)]
    Bundle(bundle::Bundle),
    /// Writes the contract, the migrations and the functions of this program into a folder.
    #[command(after_help = unpack::EXAMPLES)]
    Unpack(unpack::Unpack),
    /// Checks everything that a server needs, and says how to solve the problems that it finds.
    #[command(after_help = doctor::EXAMPLES)]
    Doctor(doctor::Doctor),
    /// Updates the schema of PostgreSQL.
    #[command(after_help = migrate::EXAMPLES)]
    Migrate(migrate::Migrate),
    /// Prints the variables that Spin needs beside the master key.
    #[command(after_help = keys::EXAMPLES)]
    Keys(keys::Keys),
    /// Copies the embedded database into a file. The server may be running.
    #[command(after_help = backup::EXAMPLES)]
    Backup(backup::Backup),
    /// Restores the embedded database from a backup. The server must not be running.
    #[command(after_help = restore::EXAMPLES)]
    Restore(restore::Restore),
    /// Writes all data of either store into a file, which either store can import.
    #[command(after_help = export::EXAMPLES)]
    Export(export::Export),
    /// Writes an export into an empty store, which is the embedded one or PostgreSQL.
    #[command(after_help = import::EXAMPLES)]
    Import(import::Import),
    /// Compiles the WebAssembly of its input to machine code. `tenantry up` calls it.
    #[command(hide = true)]
    Compile,
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
        Command::Compile => host::compile(std::io::stdin().lock(), std::io::stdout().lock()),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("Error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
