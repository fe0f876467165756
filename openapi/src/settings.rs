//! The page `docs/settings.md`: a table of the variables that `spin.toml` declares, made from their
//! comments there. So a setting is described in one place.

use anyhow::{Context, Result, bail};

const HEAD: &str = "\
<!-- Generated from spin.toml by scripts/bless. -->

# Settings

Settings are the variables of `spin.toml`. To set one, put it into the environment in upper case, with
the prefix `SPIN_VARIABLE_`. This works with `scripts/up`, `tenantry up` and Spin:

```sh
SPIN_VARIABLE_LIMIT_READ_PER_MINUTE=600 scripts/up
```

The server does not start if a `SPIN_VARIABLE_…` names no variable, or if a value is not one that the
setting takes. On Spin, which asks no function before the first request, the function then answers 503
and its log says which variable is wrong.

One more variable, `service_name`, stands in the block of each component. The paths of the function are
also served below `/v1/{service_name}`, unless a resource has that name.

| variable | default | meaning |
|---|---|---|
";

/// The variables that one comment describes.
#[derive(Default)]
struct Group {
    comment: Vec<String>,
    /// Names and defaults.
    variables: Vec<(String, String)>,
}

/// The page.
///
/// # Errors
/// A line of `[variables]` is neither a comment nor a variable with a default, or a variable has no
/// comment.
pub fn page(manifest: &str) -> Result<String> {
    let after = manifest.split_once("\n[variables]\n").context("there is no [variables]")?.1;
    let table = after.split("\n[").next().unwrap_or_default();
    let mut groups = Vec::<Group>::new();
    for line in table.lines().filter(|line| !line.is_empty()) {
        if let Some(text) = line.strip_prefix("# ") {
            let is_new = groups.last().is_none_or(|group| !group.variables.is_empty());
            if is_new {
                groups.push(Group::default());
            }
            groups.last_mut().context("a group")?.comment.push(text.to_owned());
        } else {
            let group = groups.last_mut().with_context(|| format!("no comment above {line:?}"))?;
            group.variables.push(variable(line)?);
        }
    }
    let mut page = HEAD.to_owned();
    for Group { comment, variables } in groups {
        let names: Vec<_> = variables.iter().map(|(name, _)| format!("`{name}`")).collect();
        let mut defaults: Vec<_> = variables.iter().map(|(_, default)| shown(default)).collect();
        defaults.dedup();
        let row = [names.join(", "), defaults.join(", "), comment.join(" ").replace('|', "\\|")];
        page.push_str(&format!("| {} |\n", row.join(" | ")));
    }
    Ok(page)
}

/// The name and default of `name = { default = "…" }`.
fn variable(line: &str) -> Result<(String, String)> {
    let found = line.split_once(" = { default = \"");
    let found = found.and_then(|(name, rest)| Some((name, rest.split_once('"')?.0)));
    match found {
        Some((name, default)) => Ok((name.to_owned(), default.to_owned())),
        None => bail!("no variable with a default: {line:?}"),
    }
}

fn shown(default: &str) -> String {
    if default.is_empty() { "none".to_owned() } else { format!("`{default}`") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_share_a_comment() {
        let text = "\n[variables]\n# First,\n# still first.\na = { default = \"1\" }\n\
                    b = { default = \"\", secret = true }\n# Second: a|b.\nc = { default = \"\" }\n\n\
                    [[trigger.http]]\nroute = \"/\"\n";
        let page = page(text).expect("a page");
        let rows =
            "| `a`, `b` | `1`, none | First, still first. |\n| `c` | none | Second: a\\|b. |\n";
        assert!(page.ends_with(rows), "{page}");
        for wrong in ["a = \"1\"", "a = { required = true }", "a = { default = \"1\" }"] {
            let comment = if wrong.contains("default") { "" } else { "# Some.\n" };
            let text = format!("\n[variables]\n{comment}{wrong}\n");
            assert!(super::page(&text).is_err(), "{text}");
        }
    }
}
