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
    // A function migrates SQLite only. So it has the statements for SQLite, without the comments.
    let is_function = env::var("CARGO_CFG_TARGET_ARCH").is_ok_and(|target| target == "wasm32");
    let rows = names.iter().zip(&texts).map(|(name, text)| {
        let text = match is_function {
            true => format!("{:?}", for_sqlite(text)),
            false => {
                format!("include_str!(concat!(env!(\"CARGO_MANIFEST_DIR\"), \"/{name}.sql\"))")
            }
        };
        format!("    Migration {{ name: {name:?}, text: {text} }},\n")
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

/// The text of a migration, reduced to the statements for SQLite.
fn for_sqlite(text: &str) -> String {
    let statements = dialect::statements(text, dialect::Dialect::Sqlite).into_iter();
    statements.map(|statement| statement + ";\n").collect()
}
