//! Reading a TOML file so that a mistake is reported in one line: file, line, what is wrong.

use anyhow::Context as _;
use serde::de::DeserializeOwned;
use std::path::Path;

/// Reads `path` into `T`. `what` says what the file is for and how to name another one.
pub(crate) fn read<T: DeserializeOwned>(path: &Path, what: &str) -> anyhow::Result<T> {
    let text = std::fs::read_to_string(path)
        .with_context(|| format!("{}: cannot read {what}", path.display()))?;
    parse(path, &text)
}

/// Reads the text of the file `path` into `T`.
pub(crate) fn parse<T: DeserializeOwned>(path: &Path, text: &str) -> anyhow::Result<T> {
    toml::from_str(text).map_err(|error| {
        let start = error.span().map_or(0, |span| span.start);
        let line = text.get(..start).unwrap_or_default().matches('\n').count() + 1;
        anyhow::anyhow!("{}:{line}: {}", path.display(), error.message())
    })
}
