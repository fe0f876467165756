//! Application variables and the components' templates over them. Both are resolved once at start.

use anyhow::{Context as _, bail, ensure};
use indexmap::IndexMap;
use serde::Deserialize;
use std::collections::HashMap;

/// The prefix of variables in the environment.
const SETTING: &str = "SPIN_VARIABLE_";
/// How similar two names must be, from 0 to 1, for one to count as a misspelling of the other.
const ALIKE: f64 = 0.8;

/// An application variable.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Variable {
    /// The value that it has unless it is set from outside.
    pub(crate) default: Option<String>,
    /// Whether it must be set from outside.
    #[serde(default)]
    pub(crate) required: bool,
    /// Whether its value must not be shown.
    #[serde(default)]
    #[expect(dead_code, reason = "this host never shows the value of any variable")]
    secret: bool,
}

/// Application variables with their values.
pub(crate) struct Variables(HashMap<String, String>);

/// Refuses a name that is not valid for a variable. A name begins with a letter and consists of
/// lower-case letters, digits and single underscores.
pub(crate) fn check_name(name: &str) -> anyhow::Result<()> {
    let starts_well = name.starts_with(|first: char| first.is_ascii_lowercase());
    let letter = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    let good =
        starts_well && name.chars().all(letter) && !name.contains("__") && !name.ends_with('_');
    ensure!(
        good,
        "{name:?} is not a variable name: lower-case letters, digits and single underscores"
    );
    Ok(())
}

/// The settings of the environment that nothing reads, for example because of a misspelt name.
/// Returns one sentence, with what to do after a semicolon.
pub(crate) fn unread(
    declared: &IndexMap<String, Variable>,
    environment: impl Iterator<Item = String>,
) -> Option<String> {
    let known: Vec<_> = declared.keys().map(|name| setting(name)).collect();
    // A name that begins with `SPIN_VARIABLES_` was meant as a variable, too.
    let begins =
        |name: &String| name.to_ascii_uppercase().starts_with(SETTING.trim_end_matches('_'));
    let mut names: Vec<_> =
        environment.filter(|name| begins(name) && !known.contains(name)).collect();
    if names.is_empty() {
        return None;
    }
    names.sort();
    let mut near: Vec<_> = names.iter().filter_map(|name| nearest(&known, name)).collect();
    near.dedup();
    let remedy = match near.is_empty() {
        true => "unset it; [variables] of the manifest lists all variables".to_owned(),
        false => format!("did you mean {}?", near.join(", ")),
    };
    Some(format!("{}: the manifest has no such variable; {remedy}", names.join(", ")))
}

fn setting(name: &str) -> String {
    format!("{SETTING}{}", name.to_ascii_uppercase())
}

fn nearest<'a>(known: &'a [String], name: &str) -> Option<&'a str> {
    let bare = |text: &str| text.to_ascii_uppercase().replace("SPIN_VARIABLES_", SETTING);
    let name = bare(name);
    // Compares without the common prefix, which would make all names similar.
    let name = name.strip_prefix(SETTING).unwrap_or(&name);
    let alike = |other: &str| strsim::normalized_damerau_levenshtein(name, &other[SETTING.len()..]);
    let rated = known.iter().map(|other| (alike(other), other.as_str()));
    rated.filter(|(alike, _)| *alike >= ALIKE).max_by(|a, b| a.0.total_cmp(&b.0)).map(|it| it.1)
}

impl Variables {
    /// The value of each declared variable: from `overrides`, else from the environment
    /// (`SPIN_VARIABLE_<NAME>`), else its default.
    pub(crate) fn resolve(
        declared: &IndexMap<String, Variable>,
        overrides: &[(String, String)],
    ) -> anyhow::Result<Self> {
        if let Some((name, _)) = overrides.iter().find(|(name, _)| !declared.contains_key(name)) {
            bail!("[variables] {name}: is set but not declared; correct its name, or declare it");
        }
        let mut values = HashMap::new();
        for (name, variable) in declared {
            let given = overrides.iter().rev().find(|(key, _)| key == name).map(|(_, v)| v.clone());
            let setting = setting(name);
            let value = match given {
                Some(value) => Some(value),
                None => match std::env::var(&setting) {
                    Ok(value) => Some(value),
                    Err(std::env::VarError::NotPresent) => variable.default.clone(),
                    Err(std::env::VarError::NotUnicode(_)) => bail!("{setting} is not valid UTF-8"),
                },
            };
            let value = value.with_context(|| {
                format!("[variables] {name} is required and has no value; set {setting}")
            })?;
            values.insert(name.clone(), value);
        }
        Ok(Self(values))
    }

    /// The value of a declared variable.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// Gives a declared variable another value.
    pub(crate) fn set(&mut self, name: &str, value: String) {
        if let Some(held) = self.0.get_mut(name) {
            *held = value;
        }
    }

    /// Replaces every `{{ name }}` in `template`.
    pub(crate) fn expand(&self, template: &str) -> anyhow::Result<String> {
        let mut text = String::with_capacity(template.len());
        let mut rest = template;
        while let Some((before, after)) = rest.split_once("{{") {
            let (name, after) = after.split_once("}}").with_context(|| {
                format!("template {template:?}: `{{{{` is not closed by `}}}}`")
            })?;
            let name = name.trim();
            let value = self
                .0
                .get(name)
                .with_context(|| format!("template {template:?}: [variables] has no {name:?}"))?;
            text.push_str(before);
            text.push_str(value);
            rest = after;
        }
        text.push_str(rest);
        Ok(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn templates_are_expanded_and_unknown_names_refused() {
        let variables = Variables(HashMap::from([("host".to_owned(), "db.local".to_owned())]));
        let expanded = variables.expand("https://{{ host }}:{{host}}/").expect("known name");
        assert_eq!(expanded, "https://db.local:db.local/");
        assert!(variables.expand("{{ other }}").is_err());
        assert!(variables.expand("{{ host").is_err());
    }

    #[test]
    fn settings_that_nothing_reads_are_told() {
        let variable = || toml::from_str::<Variable>("required = true").expect("a variable");
        let declared = ["postgres_url", "master_key", "development"];
        let declared = declared.map(|name| (name.to_owned(), variable())).into();
        let look = |names: &[&str]| unread(&declared, names.iter().map(|name| (*name).to_owned()));
        assert_eq!(look(&["PATH", "SPIN_VARIABLE_POSTGRES_URL", "SPIN_HOME"]), None);
        for (wrong, right) in [
            ("SPIN_VARIABLE_POSTGERS_URL", "SPIN_VARIABLE_POSTGRES_URL"),
            ("SPIN_VARIABLE_MASTERKEY", "SPIN_VARIABLE_MASTER_KEY"),
            // Spin reads only names in upper case.
            ("SPIN_VARIABLE_master_key", "SPIN_VARIABLE_MASTER_KEY"),
            ("SPIN_VARIABLES_MASTER_KEY", "SPIN_VARIABLE_MASTER_KEY"),
            ("SPIN_VARIABLE_DEVELOPMNET", "SPIN_VARIABLE_DEVELOPMENT"),
        ] {
            let told = format!("{wrong}: the manifest has no such variable; did you mean {right}?");
            assert_eq!(look(&[wrong]), Some(told));
        }
        let told = look(&["SPIN_VARIABLE_SOMETHING_ELSE", "PATH", "SPIN_VARIABLE_A"]);
        let told = told.expect("two that are unknown");
        assert!(told.starts_with("SPIN_VARIABLE_A, SPIN_VARIABLE_SOMETHING_ELSE: "), "{told}");
        assert!(told.contains("; unset it"), "{told}");
    }

    #[test]
    fn names_follow_spin() {
        for good in ["a", "limit_read", "k2"] {
            assert!(check_name(good).is_ok(), "{good}");
        }
        for bad in ["", "A", "2k", "a__b", "a_", "a-b"] {
            assert!(check_name(bad).is_err(), "{bad}");
        }
    }
}
