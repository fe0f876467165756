//! Prints the bundle, for linters and generators: `cargo run -p contract > openapi.json`.
//! `cargo run -p contract errors docs/errors` writes the pages about errors.

use std::path::Path;

use anyhow::{Result, bail};

fn main() -> Result<()> {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        [] => println!("{:#}", contract::bundle()),
        ["errors", folder] => contract::pages::write(Path::new(folder))?,
        _ => bail!("usage: contract [errors <folder>]"),
    }
    Ok(())
}
