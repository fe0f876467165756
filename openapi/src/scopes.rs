//! The scopes (`x-scopes` of openapi/common.yaml): which there are, and the lowest role that holds
//! each. So a scope is declared in one place. Everything else is made from it: the scopes of the
//! security scheme, the schema `Scope`, and the tables of `kit::roles`.

use std::collections::BTreeSet;

use anyhow::{Context, Result, bail, ensure};
use serde_json::{Map, Value, json};

use crate::document::operations;

/// The keys that a row may have.
const KEYS: [&str; 3] = ["role", "description", "unused"];

/// The declared roles and scopes.
pub(crate) struct Declared {
    /// The roles from the highest to the lowest.
    roles: Vec<String>,
    /// The scopes in the order of their names.
    scopes: Vec<Scope>,
}

struct Scope {
    name: String,
    description: String,
    /// The place of the lowest role that holds it, in [`Declared::roles`].
    lowest: usize,
    /// Whether the row says why no operation needs it.
    unused: bool,
}

/// Reads the roles and scopes of common.yaml.
pub(crate) fn declared(common: &Value) -> Result<Declared> {
    let roles = common["x-roles"].as_array().into_iter().flatten();
    let roles: Vec<_> = roles.filter_map(Value::as_str).map(str::to_owned).collect();
    let rows = common["x-scopes"].as_object().context("common.yaml: x-scopes is missing")?;
    let scopes = rows.iter().map(|(name, row)| {
        scope(&roles, name, row).with_context(|| format!("common.yaml: x-scopes: {name}"))
    });
    let mut scopes: Vec<_> = scopes.collect::<Result<_>>()?;
    scopes.sort_by(|one, other| one.name.cmp(&other.name));
    Ok(Declared { roles, scopes })
}

fn scope(roles: &[String], name: &str, row: &Value) -> Result<Scope> {
    let object = row.as_object().context("is not an object")?;
    // `protocol::Grants` could not tell such a name from other grants.
    ensure!(!name.contains([' ', '/']), "a scope has no space and no slash");
    if let Some(key) = object.keys().find(|key| !KEYS.contains(&key.as_str())) {
        bail!("keyword `{key}` is not supported here");
    }
    let description = row["description"].as_str().context("`description` is missing")?;
    let role = row["role"].as_str().unwrap_or_default();
    let lowest = roles.iter().position(|known| known == role);
    let lowest = lowest.with_context(|| {
        format!("`role` names the lowest role that holds it, one of {}", roles.join(", "))
    })?;
    Ok(Scope {
        name: name.to_owned(),
        description: description.to_owned(),
        lowest,
        unused: object.contains_key("unused"),
    })
}

/// Writes the scopes into the document that clients read, in place of `x-scopes` and `x-roles`.
pub(crate) fn write(bundle: &mut Value) -> Result<()> {
    let Declared { scopes, .. } = declared(bundle)?;
    if let Some(bundle) = bundle.as_object_mut() {
        bundle.remove("x-scopes");
        bundle.remove("x-roles");
    }
    let components = &mut bundle["components"];
    components["schemas"]["Scope"] = json!({
        "description": "What a credential may be used for.",
        "type": "string",
        "enum": scopes.iter().map(|scope| &scope.name).collect::<Vec<_>>(),
    });
    let described = scopes.into_iter().map(|scope| (scope.name, scope.description.into()));
    let described: Map<String, Value> = described.collect();
    components["securitySchemes"]["bearer"]["flows"]["clientCredentials"]["scopes"] =
        described.into();
    Ok(())
}

/// Checks that each scope that an operation needs can be held, and that each is needed.
pub(crate) fn check(declared: &Declared, bundle: &Value) -> Result<()> {
    let mut needed = BTreeSet::new();
    for (path, method, operation) in operations(bundle) {
        let choices = operation["security"].as_array().into_iter().flatten();
        let scopes = choices.filter_map(|choice| choice["bearer"].as_array()).flatten();
        for scope in scopes.filter_map(Value::as_str) {
            ensure!(
                declared.scopes.iter().any(|known| known.name == scope),
                "common.yaml: x-scopes has no {scope}, so nobody could call {} {path}; add it \
                 with the lowest role that holds it",
                method.to_uppercase()
            );
            needed.insert(scope);
        }
    }
    for Scope { name, unused, .. } in &declared.scopes {
        match (needed.contains(name.as_str()), unused) {
            (false, false) => bail!(
                "common.yaml: x-scopes: no operation needs {name}; remove it, or say why it is \
                 there (`unused`)"
            ),
            (true, true) => bail!(
                "common.yaml: x-scopes: an operation needs {name}; remove `unused` from its row"
            ),
            _ => {}
        }
    }
    Ok(())
}

/// The scopes as Rust source, the content of `$OUT_DIR/scopes.rs`.
pub(crate) fn source(declared: &Declared) -> String {
    let Declared { roles, scopes } = declared;
    let names: Vec<_> = scopes.iter().map(|scope| scope.name.as_str()).collect();
    let rows = roles.iter().enumerate().map(|(place, role)| {
        let held = scopes.iter().filter(|scope| scope.lowest >= place);
        let held: Vec<_> = held.map(|scope| scope.name.as_str()).collect();
        format!("    ({role:?}, &{held:?}),\n")
    });
    format!(
        "/// All scopes. An owner holds all of them.\n\
         pub const SCOPES: [&str; {}] = {names:?};\n\n\
         /// The roles from the highest to the lowest, as tokens name them, with their scopes.\n\
         const ROLES: [(&str, &[&str]); {}] = [\n{}];\n",
        names.len(),
        roles.len(),
        rows.collect::<String>()
    )
}
