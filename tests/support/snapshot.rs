//! Whole exchanges as text, in which each volatile value is replaced by its type.

use std::sync::LazyLock;

use regex::Regex;

use super::Exchange;

/// Headers that a snapshot shows.
const HEADERS: [&str; 9] = [
    "allow",
    "cache-control",
    "content-type",
    "etag",
    "idempotent-replayed",
    "location",
    "retry-after",
    "www-authenticate",
    "api-version",
];

static VOLATILE: LazyLock<Vec<(Regex, &str)>> = LazyLock::new(|| {
    [
        (r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", "[time]"),
        (r"\beyJ[\w-]+\.[\w-]+\.[\w-]+", "[jwt]"),
        (r"\b(rt|cs)_[\w-]{43}", "[$1 secret]"),
        (r#""(trace_id|traceId)": "[0-9a-f]{32}""#, r#""$1": "[trace id]""#),
        (r"\b(whsec|whpk)_[A-Za-z0-9+/]{43}=", "[$1]"),
        (r"owner\d+@", "[owner]@"),
        (r#""next_cursor": "[\w-]+""#, r#""next_cursor": "[cursor]""#),
        (r#""(after|before)": "[\w-]{20,}""#, r#""$1": "[cursor]""#),
        (r#"cursor(%5D|\])?=[\w-]{20,}"#, "cursor$1=[cursor]"),
        (r#""n": "[^"]+""#, r#""n": "[modulus]""#),
        // An id of any kind. Secrets look alike, so they come first.
        (r"\b([a-z]{2,8})_[0-9A-Za-z]{22}\b", "[$1 id]"),
    ]
    .map(|(pattern, name)| (Regex::new(pattern).unwrap(), name))
    .into()
});

/// The text of an exchange.
pub fn text(exchange: &Exchange) -> String {
    let mut lines = vec![format!("{} {}", exchange.method, exchange.path)];
    lines.extend(exchange.sent.clone());
    lines.push(String::new());
    lines.push(exchange.status.to_string());
    for name in HEADERS {
        lines.extend(exchange.header(name).map(|value| format!("{name}: {value}")));
    }
    if !exchange.text.is_empty() {
        lines.push(String::new());
        let pretty = serde_json::to_string_pretty(&exchange.body).unwrap();
        lines.push(if exchange.body.is_null() { exchange.text.clone() } else { pretty });
    }
    let mut text = lines.join("\n");
    for (pattern, name) in VOLATILE.iter() {
        text = pattern.replace_all(&text, *name).into_owned();
    }
    text
}

/// Compares an exchange with its snapshot. Both placements share one snapshot.
#[macro_export]
macro_rules! snapshot {
    ($name:literal, $exchange:expr) => {{
        let text = $crate::support::snapshot::text(&$exchange);
        insta::with_settings!({
            omit_expression => true,
            prepend_module_to_snapshot => false,
            snapshot_path => concat!(env!("CARGO_MANIFEST_DIR"), "/snapshots"),
        }, {
            insta::assert_snapshot!($name, text);
        })
    }};
}
