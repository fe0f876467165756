//! Values of columns.

use kit::Internal;

/// Reads the roles of a member. Rows have them as an enumeration, tokens in lower case (K-7, K-36).
pub(crate) fn roles(json: &str) -> kit::Result<Vec<String>> {
    serde_json::from_str(&json.to_ascii_lowercase()).internal()
}
