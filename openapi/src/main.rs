//! Prints the bundle, for linters and generators: `cargo run -p contract > openapi.json`.

fn main() {
    println!("{:#}", contract::bundle());
}
