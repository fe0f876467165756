//! A function touches only the tables that it owns, and the kit only those that all functions share
//! (`migrations/rights.rs`). The way between functions is the feed.

use std::collections::{BTreeMap, BTreeSet};

use migrations::rights::{KIT, OWNERS};
use syn::buffer::{Cursor, TokenBuffer};
use syn::visit::{self, Visit};
use syn::{Attribute, ItemMod, LitStr, Macro};

use super::components::functions;
use super::files::tracked;
use crate::support::contract::CONTRACT;
use crate::support::server::root;

pure! {
    nobody_touches_tables_of_others() relations_are_declared() a_foreign_table_is_found()
    no_exception_is_left_over()
}

/// How a crate uses a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Access {
    Reads,
    Writes,
}

use Access::{Reads, Writes};

/// A crate, a table that it does not own, what it does with it, and the reason.
type Exception = (&'static str, &'static str, Access, &'static str);

const EXCEPTIONS: [Exception; 12] = [
    (KIT, "events", Writes, "a write and its event are one transaction (docs/adr/0010)"),
    (KIT, "webhook_queues", Writes, "the event makes the queues due in the same transaction"),
    (KIT, "tenants", Writes, "no table: a group of the published limits has this name"),
    ("webhooks", "events", Reads, "the feed is the way between functions"),
    ("events", "tenants", Reads, "a plan may have a retention of its own"),
    ("events", "tenants", Writes, "how far its events are deleted (`events_gone_to` alone)"),
    ("events", "webhook_deliveries", Reads, "the filter `delivery_success` of the feed"),
    (
        "events",
        "webhook_attempts",
        Reads,
        "`GET /events/{id}/attempts`, a page in the feed's paths",
    ),
    ("auth", "tenants", Reads, "a login names its tenant and plan"),
    ("auth", "tenants", Writes, "a registration makes the tenant with its first user"),
    ("auth", "members", Reads, "a token has the roles of the member"),
    ("auth", "members", Writes, "a registration makes the first member with its user"),
];

/// The tables that a text of SQL uses. A text that is just the name of a table is one that a
/// statement is made of, so it counts as a write.
fn tables(text: &str, found: &mut BTreeSet<(&'static str, Access)>) {
    let known = |name: &str| OWNERS.iter().find(|table| table.name == name).map(|it| it.name);
    found.extend(known(text).map(|table| (table, Writes)));
    let words: Vec<_> = text
        .split(|c: char| !c.is_ascii_alphanumeric() && c != '_')
        .filter(|word| !word.is_empty())
        .collect();
    for (at, pair) in words.windows(2).enumerate() {
        let before = at.checked_sub(1).map(|at| words[at]);
        let access = match pair[0] {
            "FROM" if before == Some("DELETE") => Writes,
            "FROM" | "JOIN" => Reads,
            "INTO" | "UPDATE" => Writes,
            _ => continue,
        };
        found.extend(known(pair[1]).map(|table| (table, access)));
    }
}

/// Collects the tables in the string literals of a file, those of tests left out.
#[derive(Default)]
struct Literals(BTreeSet<(&'static str, Access)>);

impl Literals {
    fn of(source: &str) -> BTreeSet<(&'static str, Access)> {
        let mut literals = Self::default();
        literals.visit_file(&syn::parse_file(source).unwrap());
        literals.0
    }

    /// The literals in the tokens of a macro, such as `format!`.
    fn tokens(&mut self, mut at: Cursor<'_>) {
        while !at.eof() {
            if let Some((literal, next)) = at.literal() {
                if let Ok(text) = syn::parse_str::<LitStr>(&literal.to_string()) {
                    tables(&text.value(), &mut self.0);
                }
                at = next;
            } else if let Some((inner, _, _, next)) = at.any_group() {
                self.tokens(inner);
                at = next;
            } else {
                let Some((_, next)) = at.token_tree() else { return };
                at = next;
            }
        }
    }
}

impl<'ast> Visit<'ast> for Literals {
    fn visit_lit_str(&mut self, text: &'ast LitStr) {
        tables(&text.value(), &mut self.0);
    }

    fn visit_macro(&mut self, of: &'ast Macro) {
        self.tokens(TokenBuffer::new2(of.tokens.clone()).begin());
    }

    fn visit_item_mod(&mut self, module: &'ast ItemMod) {
        if module.ident != "tests" {
            visit::visit_item_mod(self, module);
        }
    }

    /// Comments are attributes, too.
    fn visit_attribute(&mut self, _: &'ast Attribute) {}
}

/// The tables that the code of a crate uses and that it does not own.
fn foreign<'s>(
    name: &str,
    sources: impl Iterator<Item = &'s str>,
) -> BTreeSet<(&'static str, Access)> {
    let own: BTreeSet<_> =
        OWNERS.iter().filter(|table| table.owner == name).map(|table| table.name).collect();
    sources.flat_map(Literals::of).filter(|(table, _)| !own.contains(table)).collect()
}

/// The tables of others that each crate uses.
fn all() -> BTreeSet<(String, &'static str, Access)> {
    let files = tracked();
    let mut found = BTreeSet::new();
    for name in functions().into_iter().chain([KIT.to_owned()]) {
        let folder = format!("components/{name}/src");
        let files = files.iter().filter(|path| {
            path.starts_with(&folder)
                && path.extension().is_some_and(|it| it == "rs")
                && !path.components().any(|part| part.as_os_str() == "tests")
                && !path.ends_with("tests.rs")
        });
        let sources: Vec<_> =
            files.filter_map(|path| std::fs::read_to_string(root().join(path)).ok()).collect();
        assert!(!sources.is_empty(), "{folder}");
        let of = foreign(&name, sources.iter().map(String::as_str));
        found.extend(of.into_iter().map(|(table, access)| (name.clone(), table, access)));
        found.extend(shown(&name).into_iter().map(|table| (name.clone(), table, Reads)));
    }
    found
}

/// The tables of others whose rows operations of a function show. Rows that are related to its own
/// rows do not count, because the contract declares the relation.
fn shown(function: &str) -> BTreeSet<&'static str> {
    let Ok(operations) = openapi::load(function) else { return BTreeSet::new() };
    let shapes: Vec<_> = operations.into_iter().filter_map(|it| it.shape).collect();
    let related: BTreeSet<_> =
        shapes.iter().flat_map(|shape| shape.relations).map(|it| it.collection).collect();
    let collections = shapes.iter().map(|shape| shape.collection);
    let tables =
        collections.filter(|it| !related.contains(it)).filter_map(|it| resources().remove(it));
    let foreign =
        |table: &&str| OWNERS.iter().any(|known| known.name == *table && known.owner != function);
    tables.filter(foreign).collect()
}

/// The table of each collection.
fn resources() -> BTreeMap<&'static str, &'static str> {
    let schemas = CONTRACT["components"]["schemas"].as_object().unwrap().values();
    let resources = schemas.map(|schema| &schema["x-resource"]);
    let row = |resource: &'static serde_json::Value| {
        let collection = resource["collection"].as_str()?;
        Some((collection, resource["table"].as_str().unwrap_or(collection)))
    };
    resources.filter_map(row).collect()
}

fn nobody_touches_tables_of_others() {
    for (name, table, access) in all() {
        let excused = EXCEPTIONS
            .iter()
            .any(|(of, which, what, _)| (*of, *which) == (name.as_str(), table) && access <= *what);
        assert!(excused, "{name} {access:?} {table}, which it does not own");
    }
}

/// Each relation leads to a resource with a table.
fn relations_are_declared() {
    let resources = resources();
    assert_eq!(resources.get("users"), Some(&"members"));
    assert!(resources.len() > 5, "{resources:?}");
    assert_eq!(shown("projects"), BTreeSet::new(), "its owners and teams are related");
}

fn no_exception_is_left_over() {
    let all = all();
    for (name, table, access, reason) in EXCEPTIONS {
        assert!(!reason.is_empty());
        assert!(
            all.contains(&(name.to_owned(), table, access)),
            "{name} {access:?} {table}: no more"
        );
    }
}

/// The rule finds each kind of use in made-up code.
fn a_foreign_table_is_found() {
    let find = |source: &str| foreign("projects", [source].into_iter());
    for (source, expected) in [
        (r#"fn f() { q("SELECT 1 FROM users WHERE id = $1") }"#, vec![("users", Reads)]),
        (r#"fn f() { q("SELECT 1 FROM projects p LEFT JOIN users u") }"#, vec![("users", Reads)]),
        (r#"const A: &str = "DELETE FROM clients";"#, vec![("clients", Writes)]),
        (r#"fn f() { q(&format!("UPDATE teams SET {a}")) }"#, vec![("teams", Writes)]),
        ("fn f() { q(\"INSERT \\\n    INTO events (a)\") }", vec![("events", Writes)]),
        (r#"fn f() { sweep.delete("refresh_tokens") }"#, vec![("refresh_tokens", Writes)]),
        (r#"fn f() { q(&format!("{}", x("SELECT 1 FROM users"))) }"#, vec![("users", Reads)]),
    ] {
        assert_eq!(find(source), expected.into_iter().collect(), "{source}");
    }
    for source in [
        r#"fn f() { q("SELECT 1 FROM projects") }"#,
        "/// Reads FROM users.\nfn f() {}",
        r#"mod tests { fn f() { q("DELETE FROM users") } }"#,
        r#"fn f() { q("ON CONFLICT DO UPDATE SET a = 1") }"#,
    ] {
        assert_eq!(find(source), BTreeSet::new(), "{source}");
    }
}
