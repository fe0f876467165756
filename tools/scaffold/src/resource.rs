//! The places of a resource.

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
        rust::arms(&text, &names.fill(include_str!("../templates/arms.rs.txt")))
    });
}

/// The table, and the right of the function to it.
fn table(tree: &mut Tree, names: &Names) {
    let number = tree.migrations().len() + 1;
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
        (names.table(), include_str!("../templates/tests/helpers.rs.txt")),
        (format!("list_{}", names.table()), include_str!("../templates/tests/list.rs.txt")),
        (format!("create_{}", names.name()), include_str!("../templates/tests/create.rs.txt")),
        (format!("get_{}", names.name()), include_str!("../templates/tests/get.rs.txt")),
        (format!("replace_{}", names.name()), include_str!("../templates/tests/replace.rs.txt")),
        (format!("update_{}", names.name()), include_str!("../templates/tests/update.rs.txt")),
        (format!("delete_{}", names.name()), include_str!("../templates/tests/delete.rs.txt")),
    ];
    for (module, template) in files {
        tree.create(&format!("{folder}/{module}.rs"), names.fill(template));
        if module != names.table() {
            tree.change(&format!("{folder}/mod.rs"), |text| rust::module(text, &module));
        }
    }
    let rows = names.fill(include_str!("../templates/isolation.rs.txt"));
    tree.change("tests/isolation.rs", |text| {
        let begin = "pub const ROWS: ";
        let (before, table) = text.split_once(begin).ok_or("there is no table `ROWS`")?;
        Ok(format!("{before}{begin}{}", text::before(table, "];\n", &rows)?))
    });
}
