//! Lists the migrations of this folder and the tables that they make. So a migration is a file, and
//! nothing else.

#![allow(unreachable_pub, reason = "the library has these modules too, with public items")]

mod dialect;
mod schema;

use std::path::Path;
use std::{env, fs, process};

fn main() {
    println!("cargo::rerun-if-changed=.");
    if let Err(error) = write() {
        println!("cargo::error=migrations/{error}");
        process::exit(1);
    }
}

fn write() -> Result<(), String> {
    let folder = env::var("CARGO_MANIFEST_DIR").map_err(|error| error.to_string())?;
    let folder = Path::new(&folder);
    let unreadable = |error: std::io::Error| format!(": cannot be read: {error}");
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).map_err(unreadable)? {
        let name = entry.map_err(unreadable)?.file_name();
        files.push(name.to_string_lossy().into_owned());
    }
    let names = schema::in_order(files)?;
    let text = |name: &String| fs::read_to_string(folder.join(name).with_extension("sql"));
    let texts = names.iter().map(text).collect::<Result<Vec<_>, _>>().map_err(unreadable)?;
    let tables = schema::tables(&texts).map_err(|error| format!("*.sql: {error}"))?;
    let rows = names.iter().map(|name| {
        let file = format!("concat!(env!(\"CARGO_MANIFEST_DIR\"), \"/{name}.sql\")");
        format!("    Migration {{ name: {name:?}, text: include_str!({file}) }},\n")
    });
    let source = format!(
        "/// All migrations, oldest first. The version of a schema is the number of its migrations.\n\
         pub const ALL: [Migration; {}] = [\n{}];\n\n\
         /// The tables with data, which an export contains. Each comes after the tables that it\n\
         /// refers to. `schema_migrations` is left out, because it belongs to the schema.\n\
         pub const TABLES: [&str; {}] = {tables:#?};\n",
        names.len(),
        rows.collect::<String>(),
        tables.len(),
    );
    let out = env::var("OUT_DIR").map_err(|error| error.to_string())?;
    fs::write(Path::new(&out).join("migrations.rs"), source).map_err(|error| error.to_string())
}
