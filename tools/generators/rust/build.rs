//! Generates the client of `target/generators/openapi.json`, as the command line of openapi-to-rust
//! does. Its library alone needs a third of the crates. The client is written beside `main.rs`,
//! because its modules cannot be included from elsewhere.

use openapi_to_rust::{CodeGenerator, GeneratorConfig, SchemaAnalyzer, spec_source};
use std::path::PathBuf;

type Failed = Box<dyn std::error::Error>;

fn main() -> Result<(), Failed> {
    let contract = "../openapi.json";
    println!("cargo::rerun-if-changed={contract}");
    let contract = serde_json::from_str(&std::fs::read_to_string(contract)?)?;
    spec_source::validate_oas_document(&contract)?;
    let mut config = GeneratorConfig {
        output_dir: PathBuf::from("src/generated"),
        module_name: "api".to_owned(),
        enable_async_client: true,
        enable_sse_client: false,
        tracing_enabled: false,
        ..GeneratorConfig::default()
    };
    config.apply_spec_server_default(&contract);
    let mut analysis = SchemaAnalyzer::new(contract)?.analyze()?;
    let generator = CodeGenerator::new(config);
    let made = generator.generate_all(&mut analysis)?;
    Ok(generator.write_files(&made)?)
}
