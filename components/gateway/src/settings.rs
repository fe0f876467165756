//! Reads the settings of the gateway, which are Spin variables of the component. Each concern reads
//! its own, once, when the gateway is loaded. The defaults are those of `spin.toml`, for manifests
//! that leave a variable out (`tests/rules/settings.rs` compares them).

use std::fmt::Display;
use std::ops::RangeInclusive;
use std::str::FromStr;

use protocol::setting;

use crate::platform::Platform;

/// The variables of a platform. A blank variable counts as one that is not set.
///
/// The errors are sentences for the operator. They name the variable and its wrong value.
pub(crate) struct Settings<'a, P>(pub(crate) &'a P);

impl<P: Platform> Settings<'_, P> {
    async fn given(&self, name: &str) -> Option<String> {
        self.0.variable(name).await.filter(|text| !text.trim().is_empty())
    }

    /// The text of a variable, or `default`.
    pub(crate) async fn text(&self, name: &str, default: &str) -> String {
        self.given(name).await.unwrap_or_else(|| default.to_owned())
    }

    /// Whether a variable has a text that is not blank.
    pub(crate) async fn is_set(&self, name: &str) -> bool {
        self.given(name).await.is_some()
    }

    /// A whole number within the range.
    pub(crate) async fn number(
        &self,
        name: &str,
        default: u32,
        range: RangeInclusive<u32>,
    ) -> Result<u32, String> {
        let given = self.given(name).await.unwrap_or_else(|| default.to_string());
        setting::number(name, Some(given), range)
    }

    /// A value of a type of its own; `None` if the variable is not set.
    pub(crate) async fn value<T: FromStr<Err: Display>>(
        &self,
        name: &str,
    ) -> Result<Option<T>, String> {
        setting::value(name, self.given(name).await)
    }

    /// Values that are separated by commas.
    pub(crate) async fn list<T: FromStr<Err: Display>>(
        &self,
        name: &str,
    ) -> Result<Vec<T>, String> {
        setting::list(name, self.given(name).await)
    }
}
