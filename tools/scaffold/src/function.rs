//! The places of a function. What every function has is copied from `projects`.

use crate::names::Names;
use crate::tree::Tree;
use crate::{rust, text};

/// The function that the others are copied from.
const MODEL: &str = "projects";

/// Writes a function without operations. The resource adds them.
pub(crate) fn write(tree: &mut Tree, names: &Names, description: &str) {
    let name = names.function.as_str();
    crate_files(tree, name, description);
    manifest(tree, name, description);
    lock(tree, name);
    contract(tree, name, description);
    tree.change("migrations/rights.rs", |text| rust::lists(text, MODEL, name));
    tree.change("tests/main.rs", |text| rust::module(text, name));
    tree.create(&format!("tests/{name}/mod.rs"), format!("mod {};\n", names.table()));
    // A test calls a path of each function. It names the functions that it knows.
    tree.try_change("tests/stores/roles.rs", |text| {
        let row = format!("(\"{MODEL}\", \"/api/v1/{MODEL}\"),");
        text::copied(text, &[&row], |line| {
            line.replace(&row, &format!("(\"{name}\", \"/api/v1/{}\"),", names.collection))
        })
    });
    documents(tree, name, description);
}

fn crate_files(tree: &mut Tree, name: &str, description: &str) {
    for file in ["Cargo.toml", "build.rs", "src/contract.rs"] {
        let text = tree.read(&format!("components/{MODEL}/{file}")).replace(MODEL, name);
        tree.create(&format!("components/{name}/{file}"), text);
    }
    let model = tree.read(&format!("components/{MODEL}/src/lib.rs"));
    let call = model.lines().find(|line| line.starts_with("kit::function!(")).unwrap_or_default();
    let values = [("description", description), ("function", name), ("macro", call)];
    let lib = text::filled(include_str!("../templates/lib.rs.txt"), &values);
    tree.create(&format!("components/{name}/src/lib.rs"), lib);
}

/// The block of the component, and its variables.
fn manifest(tree: &mut Tree, name: &str, description: &str) {
    tree.change("spin.toml", |text| {
        let header = format!("[component.{MODEL}]");
        let is_other =
            |line: &str| line.starts_with('[') && !line.starts_with(&format!("[component.{MODEL}"));
        let block = text::block(text, &header, is_other)?.replace(MODEL, name);
        let described = block.lines().map(|line| match line.starts_with("description = ") {
            true => format!("description = {:?}", description.trim_end_matches('.')),
            false => line.to_owned(),
        });
        let block = described.collect::<Vec<_>>().join("\n");
        let text = variables(text, name)?;
        Ok(format!("{}\n\n{block}\n", text.trim_end()))
    });
}

/// Adds the variables of the function's own PostgreSQL role after those of the other functions.
fn variables(text: &str, name: &str) -> Result<String, String> {
    let last = text.lines().rfind(|line| line.starts_with("postgres_reader_url_"));
    let last = last.ok_or("there is no variable postgres_reader_url_…")?;
    let (_, value) = last.split_once(" = ").ok_or("a variable has no value")?;
    let own = ["postgres_url", "postgres_reader_url"].map(|it| format!("\n{it}_{name} = {value}"));
    let (before, after) = text.split_once(last).ok_or("the variable is not there")?;
    Ok(format!("{before}{last}{}{after}", own.concat()))
}

/// The crate in Cargo.lock, so that builds with `--locked` go on.
fn lock(tree: &mut Tree, name: &str) {
    tree.change("Cargo.lock", |text| {
        let header = format!("[[package]]\nname = \"{MODEL}\"\n");
        let block = text::block(text, &header, str::is_empty)?;
        let block = block.split("\n\n").next().unwrap_or_default().replacen(MODEL, name, 1);
        let names = text.lines().filter_map(|line| line.strip_prefix("name = ")?.split('"').nth(1));
        let next = names.into_iter().find(|other| *other > name);
        let next = next.ok_or("no crate comes after it")?;
        text::before(text, &format!("[[package]]\nname = \"{next}\"\n"), &(block + "\n\n"))
    });
}

fn contract(tree: &mut Tree, name: &str, description: &str) {
    tree.create(&format!("openapi/{name}.yaml"), format!("# {description}\npaths:\ncomponents:\n"));
    tree.change("openapi/common.yaml", |text| {
        let quoted = description.replace('\'', "''");
        let row = format!("  - {{ name: {name}, description: '{quoted}' }}\n");
        let key = |line: &str| {
            Some(line.trim().strip_prefix("- { name: ")?.split(',').next()?.to_owned())
        };
        text::sorted(text, &["tags"], key, &[row])
    });
}

/// Documents that list the functions.
fn documents(tree: &mut Tree, name: &str, description: &str) {
    tree.try_change("ARCHITECTURE.md", |text| {
        let model =
            text::block(text, &format!("- `{MODEL}` — "), |line| line.starts_with("- `"))?;
        text::before(text, model, &format!("- `{name}` — {}\n", lower(description)))
    });
    // The page of settings is made of spin.toml. Its row has the variables in the same order.
    tree.try_change("docs/settings.md", |text| {
        let at = text.rfind("`postgres_reader_url_").ok_or("no variables")?;
        let end = at + 1 + text[at + 1..].find('`').ok_or("no variables")? + 1;
        let own = format!(", `postgres_url_{name}`, `postgres_reader_url_{name}`");
        Ok(format!("{}{own}{}", &text[..end], &text[end..]))
    });
}

/// A sentence that goes on after a dash.
fn lower(sentence: &str) -> String {
    let mut rest = sentence.chars();
    rest.next()
        .map_or_else(String::new, |first| first.to_lowercase().collect::<String>() + rest.as_str())
}
