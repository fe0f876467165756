//! Prints the contract or checks it, for linters and generators:
//!
//! - `cargo run -p openapi > openapi.json` prints the bundle;
//! - `cargo run -p openapi native` prints the bundle with the native form only, for generators;
//! - `cargo run -p openapi lint` prints all violations of the rules, and fails if there are any;
//! - `cargo run -p openapi errors docs/errors` writes the pages about errors;
//! - `cargo run -p openapi settings spin.toml` prints the page about the settings.

use std::fs;
use std::path::Path;
use std::process::ExitCode;

use anyhow::Result;
use openapi::{lint, pages, settings};

fn main() -> Result<ExitCode> {
    let bundle = openapi::bundle();
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        [] => println!("{bundle:#}"),
        ["native"] => println!("{:#}", openapi::native_bundle()),
        ["lint"] => {
            let mut found = lint::lint(&bundle);
            found.extend(lint::unused_exceptions(&bundle));
            for violation in &found {
                eprintln!("{violation}");
            }
            if !found.is_empty() {
                return Ok(ExitCode::FAILURE);
            }
        }
        ["errors", folder] => pages::write(Path::new(folder))?,
        ["settings", manifest] => print!("{}", settings::page(&fs::read_to_string(manifest)?)?),
        _ => {
            eprintln!("Usage: contract [native | lint | errors <folder> | settings <manifest>]");
            return Ok(ExitCode::from(2));
        }
    }
    Ok(ExitCode::SUCCESS)
}
