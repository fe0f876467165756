//! Reads the settings of the gateway, which are Spin variables of the component. Each concern reads
//! its own, once, when the gateway is loaded.

use std::fmt::Display;
use std::str::FromStr;

use crate::platform::Platform;

/// The variables of a platform. An empty variable counts as one that is not set.
///
/// The errors are sentences for the operator. They name the variable and its wrong value.
pub(crate) struct Settings<'a, P>(pub(crate) &'a P);

impl<P: Platform> Settings<'_, P> {
    /// The text of a variable, or `default`.
    pub(crate) async fn text(&self, name: &str, default: &str) -> String {
        match self.0.variable(name).await {
            Some(value) if !value.is_empty() => value,
            _ => default.to_owned(),
        }
    }

    /// Whether a variable has a text that is not blank.
    pub(crate) async fn is_set(&self, name: &str) -> bool {
        !self.text(name, "").await.trim().is_empty()
    }

    /// A whole number of at least `least`.
    pub(crate) async fn number(&self, name: &str, default: u32, least: u32) -> Result<u32, String> {
        let text = self.text(name, &default.to_string()).await;
        match text.parse() {
            Ok(number) if number >= least => Ok(number),
            _ => {
                Err(format!("variable {name}: '{text}' is not a whole number of at least {least}"))
            }
        }
    }

    /// A value of a type of its own; `None` if the variable is not set.
    pub(crate) async fn value<T: FromStr<Err: Display>>(
        &self,
        name: &str,
    ) -> Result<Option<T>, String> {
        let text = self.text(name, "").await;
        (!text.is_empty()).then(|| parsed(name, &text)).transpose()
    }

    /// Values that are separated by commas.
    pub(crate) async fn list<T: FromStr<Err: Display>>(
        &self,
        name: &str,
    ) -> Result<Vec<T>, String> {
        let text = self.text(name, "").await;
        let items = text.split(',').map(str::trim).filter(|item| !item.is_empty());
        items.map(|item| parsed(name, item)).collect()
    }
}

fn parsed<T: FromStr<Err: Display>>(name: &str, text: &str) -> Result<T, String> {
    text.parse().map_err(|why| format!("variable {name}: '{text}' {why}"))
}
