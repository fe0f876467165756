//! The lifecycle table (`api_lifecycle`, see docs/versioning.md): what is deprecated, and when it ends.

use serde::Deserialize;

/// The rows of the lifecycle table.
pub(crate) struct Table(pub(crate) Vec<Deprecation>);

impl Table {
    /// Reads the setting `api_lifecycle`; blank text is an empty table.
    ///
    /// # Errors
    /// What is wrong with it.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        #[derive(Deserialize)]
        struct Document {
            deprecations: Vec<Deprecation>,
        }
        if text.is_empty() {
            return Ok(Self(Vec::new()));
        }
        let document: Document = serde_json::from_str(text).map_err(|why| why.to_string())?;
        Ok(Self(document.deprecations))
    }
}

/// A row of the lifecycle table. The gateway has checked it.
#[derive(Deserialize)]
pub(crate) struct Deprecation {
    pub(crate) major: u32,
    pub(crate) operation: Option<String>,
    announced_at: Option<String>,
    pub(crate) deprecated_at: String,
    pub(crate) sunset_at: String,
    pub(crate) guide: String,
    pub(crate) successor: Option<u32>,
}

impl Deprecation {
    /// The key of the notice. It makes sure that each row gives one notice, however often it is
    /// published.
    pub(crate) fn key(&self) -> String {
        let operation = self.operation.as_deref().unwrap_or("*");
        format!("deprecation:v{}:{operation}:{}", self.major, self.sunset_at)
    }

    pub(crate) fn announced_at(&self) -> i64 {
        let day = self.announced_at.as_deref().unwrap_or(&self.deprecated_at);
        midnight(day).unwrap_or(i64::MAX)
    }
}

/// The beginning of a day, in milliseconds since the Unix epoch.
pub(crate) fn midnight(day: &str) -> Option<i64> {
    kit::milliseconds(&format!("{day}T00:00:00Z"))
}
