//! Prints the bundle, for linters and generators: `cargo run -p contract > openapi.json`.
//! With the argument `lint`, prints what is wrong with it instead, and fails if anything is.

use std::process::ExitCode;

use contract::lint;

fn main() -> ExitCode {
    let bundle = contract::bundle();
    match std::env::args().nth(1).as_deref() {
        None => println!("{bundle:#}"),
        Some("lint") => {
            let mut found = lint::lint(&bundle);
            found.extend(lint::needless(&bundle));
            for violation in &found {
                eprintln!("{violation}");
            }
            if !found.is_empty() {
                return ExitCode::FAILURE;
            }
        }
        Some(_) => {
            eprintln!("Usage: contract [lint]");
            return ExitCode::from(2);
        }
    }
    ExitCode::SUCCESS
}
