//! The places of a resource.

use std::fs;

use crate::names::Names;
use crate::tree::Tree;
use crate::{rust, text};

/// Prepares a function that exists for one more resource.
pub(crate) fn add(tree: &mut Tree, names: &Names) {
    let module = names.table();
    tree.change(&format!("tests/{}/mod.rs", names.function), |text| rust::module(text, &module));
}

/// Writes the resource.
pub(crate) fn write(tree: &mut Tree, names: &Names) {
    contract(tree, names);
    handlers(tree, names);
    table(tree, names);
    routes(tree, names);
    tests(tree, names);
}

/// The operations with their schemas, the scopes, and the events.
fn contract(tree: &mut Tree, names: &Names) {
    let (paths, schemas) =
        (include_str!("../templates/paths.yaml"), include_str!("../templates/schemas.yaml"));
    let (examples, responses) =
        (include_str!("../templates/examples.yaml"), include_str!("../templates/responses.yaml"));
    tree.change(&format!("openapi/{}.yaml", names.function), |text| {
        let text = text::append(text, &["paths"], &names.fill(paths))?;
        let text = text::append(&text, &["components", "schemas"], &names.fill(schemas))?;
        let text = text::append(&text, &["components", "examples"], &names.fill(examples))?;
        text::append(&text, &["components", "responses"], &names.fill(responses))
    });
    tree.change("openapi/common.yaml", |text| {
        let rows = [
            "  '{{collection}}:read': { role: viewer, description: Read {{words}}. }\n",
            "  '{{collection}}:write': { role: engineer, description: 'Create, change and delete {{words}}.' }\n",
        ];
        let key = |line: &str| Some(line.strip_prefix("  '")?.split('\'').next()?.to_owned());
        text::sorted(text, &["x-scopes"], key, &rows.map(|row| names.fill(row)))
    });
    tree.change("openapi/events.yaml", |text| {
        let rows = [("created", "made"), ("deleted", "deleted"), ("updated", "changed")];
        let rows = rows.map(|(event, done)| {
            let row = "  {{name}}.EVENT: { version: 1, summary: {{A}} {{word}} was DONE., of: {{Type}} }\n";
            names.fill(row).replace("EVENT", event).replace("DONE", done)
        });
        let key = |line: &str| {
            let key = line.strip_prefix("  ")?.split(':').next()?;
            (!key.starts_with([' ', '#'])).then(|| key.to_owned())
        };
        text::sorted(text, &["x-events"], key, &rows)
    });
}

fn handlers(tree: &mut Tree, names: &Names) {
    tree.change(&format!("components/{}/src/lib.rs", names.function), |text| {
        let text = rust::import(text, "contract", &names.constant())?;
        let text = rust::import(&text, "kit", "no_rule")?;
        rust::arms(&text, &names.fill(include_str!("../templates/arms.rs")))
    });
}

/// The table, and the right of the function to it.
fn table(tree: &mut Tree, names: &Names) {
    let number = migrations(tree).len() + 1;
    let sql = names.fill(include_str!("../templates/migration.sql"));
    tree.create(&format!("migrations/{number:04}_{}.sql", names.table()), sql);
    tree.change("migrations/rights.rs", |text| {
        text::copied(text, &["(\"projects\", ", "table(\"projects\", "], |line| {
            let table = line.replacen("\"projects\"", &format!("{:?}", names.table()), 1);
            let (before, rest) = table.split_at(table.find(',').unwrap_or_default());
            before.to_owned() + &rest.replace("\"projects\"", &format!("{:?}", names.function))
        })
    });
}

/// The paths of the migrations.
pub(crate) fn migrations(tree: &Tree) -> Vec<String> {
    let folder = fs::read_dir(tree.root().join("migrations")).into_iter().flatten().flatten();
    let names = folder.map(|entry| entry.file_name().to_string_lossy().into_owned());
    let is_migration =
        |name: &String| name.starts_with(|c: char| c.is_ascii_digit()) && name.ends_with(".sql");
    let mut paths: Vec<_> =
        names.filter(is_migration).map(|it| format!("migrations/{it}")).collect();
    paths.sort();
    paths
}

fn routes(tree: &mut Tree, names: &Names) {
    tree.change("spin.toml", |text| {
        let routes = ["api/v1", "v1"].map(|version| {
            names.fill(&format!(
                "[[trigger.http]]\nroute = \"/{version}/{{{{collection}}}}/...\"\ncomponent = \"{{{{function}}}}\"\n\n"
            ))
        });
        text::before(text, "[[trigger.http]]\nroute = \"/...\"\n", &routes.concat())
    });
}

fn tests(tree: &mut Tree, names: &Names) {
    let folder = format!("tests/{}", names.function);
    let files = [
        (names.table(), include_str!("../templates/tests/helpers.rs")),
        (format!("list_{}", names.table()), include_str!("../templates/tests/list.rs")),
        (format!("create_{}", names.name()), include_str!("../templates/tests/create.rs")),
        (format!("get_{}", names.name()), include_str!("../templates/tests/get.rs")),
        (format!("replace_{}", names.name()), include_str!("../templates/tests/replace.rs")),
        (format!("update_{}", names.name()), include_str!("../templates/tests/update.rs")),
        (format!("delete_{}", names.name()), include_str!("../templates/tests/delete.rs")),
    ];
    for (module, template) in files {
        tree.create(&format!("{folder}/{module}.rs"), names.fill(template));
        if module != names.table() {
            tree.change(&format!("{folder}/mod.rs"), |text| rust::module(text, &module));
        }
    }
    let rows = names.fill(include_str!("../templates/isolation.rs"));
    tree.change("tests/isolation.rs", |text| {
        let begin = "pub const ROWS: ";
        let (before, table) = text.split_once(begin).ok_or("there is no table `ROWS`")?;
        Ok(format!("{before}{begin}{}", text::before(table, "];\n", &rows)?))
    });
}
