//! Application variables and the templates of components over them, resolved once at start.

use crate::manifest::Variable;
use anyhow::{Context as _, bail, ensure};
use indexmap::IndexMap;
use std::collections::HashMap;

/// Application variables with their values.
pub(crate) struct Variables(HashMap<String, String>);

/// Refuses what cannot be a variable's name: it begins with a letter and holds lower-case
/// letters, digits and single underscores.
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
            let setting = format!("SPIN_VARIABLE_{}", name.to_ascii_uppercase());
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
    fn names_follow_spin() {
        for good in ["a", "limit_read", "k2"] {
            assert!(check_name(good).is_ok(), "{good}");
        }
        for bad in ["", "A", "2k", "a__b", "a_", "a-b"] {
            assert!(check_name(bad).is_err(), "{bad}");
        }
    }
}
