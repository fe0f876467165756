//! The command-line program of the suite.

use std::process::ExitCode;

#[tokio::main]
async fn main() -> ExitCode {
    ExitCode::from(conformance::run(std::env::args_os()).await)
}
