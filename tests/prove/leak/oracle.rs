//! The oracle: it decides what no tenant may ever be told.

use std::sync::LazyLock;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use migrations::TABLES;
use regex::Regex;

use super::draft::Draft;
use super::tenant::Tenant;
use crate::support::Exchange;

/// Tables whose rows belong to no tenant. The rows of all others name theirs.
const ABOVE_TENANTS: [&str; 7] = [
    "clocks",
    "limit_overrides",
    "secrets",
    "sign_in_networks",
    "signing_keys",
    // A tenant itself, and people, who may be members of several.
    "tenants",
    "users",
];

/// A fault that the oracle found.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Finding {
    /// A text of one tenant reached the other.
    Leak(String),
    /// An object of the other tenant was answered otherwise than one that does not exist.
    Difference(String),
    /// An error of the server that the request did not ask for.
    Fault(String),
}

/// Status, headers and body.
pub(super) fn text(answer: &Exchange) -> String {
    let headers = answer
        .headers
        .iter()
        .map(|(name, value)| format!("{name}: {}\n", String::from_utf8_lossy(value.as_bytes())));
    format!("{}\n{}\n{}", answer.status, headers.collect::<String>(), answer.text)
}

/// A text, together with everything that can be decoded from it: cursors and tokens are JSON in
/// base64.
fn unfolded(text: &str) -> String {
    static ENCODED: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"[A-Za-z0-9_-]{16,}").unwrap());
    let mut all = text.replace("%5B", "[").replace("%5D", "]").replace("%3A", ":");
    for piece in ENCODED.find_iter(text) {
        // A piece of another length is not base64, or has other text in front of it.
        if let Ok(bytes) = URL_SAFE_NO_PAD.decode(piece.as_str()) {
            all.push('\n');
            all.push_str(&String::from_utf8_lossy(&bytes));
        }
    }
    all
}

/// Finds everything in an answer that belongs to the other tenant and that the request did not say
/// itself.
pub(super) fn answer(draft: &Draft, answer: &Exchange, other: &Tenant) -> Vec<Finding> {
    let (request, status) = (draft.text(), answer.status);
    let leaks = other.own_in(&unfolded(&text(answer))).into_iter();
    let leaks = leaks.filter(|secret| !request.contains(secret));
    let mut found: Vec<_> =
        leaks.map(|secret| Finding::Leak(format!("{secret} in {status} to {draft:?}"))).collect();
    // A 503 is allowed, because all instances may be busy.
    if status == 500 && !draft.asks_for_a_trap() || status > 500 && status != 503 {
        found.push(Finding::Fault(format!("{draft:?}: {}", text(answer))));
    }
    found
}

/// Compares the answer about an object of the other tenant with the one about an object that never
/// existed. Returns the difference, if there is one.
pub(super) fn twins(
    draft: &Draft,
    foreign: &Exchange,
    missing: &Exchange,
    id: &str,
) -> Option<Finding> {
    // A trap or a busy server may affect either answer at any time.
    if foreign.status >= 500 || missing.status >= 500 {
        return None;
    }
    let (one, two) =
        (comparable(foreign, draft.foreign.as_deref().unwrap()), comparable(missing, id));
    (one != two).then(|| Finding::Difference(format!("{draft:?}\n{one}\n{two}")))
}

/// The part of an answer that does not depend on the caller and on the id that was asked for.
fn comparable(answer: &Exchange, id: &str) -> String {
    /// Trace ids, both plain and as UUIDs, and times.
    static VOLATILE: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"[0-9a-f]{32}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|\d{4}-[\d-]+T[\d:.]+Z")
            .unwrap()
    });
    let mut headers: Vec<_> = answer
        .headers
        .iter()
        .filter(|(name, _)| {
            // The remaining units of a limit become fewer with each request.
            !name.as_str().starts_with("x-")
                && !name.as_str().starts_with("ratelimit")
                && !["date", "content-length", "traceparent", "b3"].contains(&name.as_str())
        })
        .map(|(name, value)| format!("{name}: {value:?}"))
        .collect();
    headers.sort();
    let all = format!("{} {headers:?} {}", answer.status, answer.text).replace(id, "[id]");
    VOLATILE.replace_all(&all, "[…]").into_owned()
}

/// Checks the log: a line about one tenant has nothing of the other, and no line has a text from a
/// body.
pub(super) fn log(lines: &[String], tenants: &[Tenant; 2]) -> Vec<Finding> {
    let mut found = Vec::new();
    for line in lines {
        let json: serde_json::Value = serde_json::from_str(line).unwrap_or_default();
        for (me, other) in [(0, 1), (1, 0)] {
            let is_mine = json["tenant_id"] == tenants[me].owner.tenant();
            if is_mine && !tenants[other].own_in(line).is_empty() || tenants[me].writes(line) {
                found.push(Finding::Leak(format!("the log: {line}")));
            }
        }
    }
    found
}

/// Checks the stored rows: a row of one tenant has nothing that the other has written. A receipt has
/// an answer, which may repeat what its request said.
pub(super) fn rows(app: &crate::support::App, tenants: &[Tenant; 2]) -> Vec<Finding> {
    let mut found = Vec::new();
    for (me, other) in [(0, 1), (1, 0)] {
        for table in TABLES.iter().filter(|table| !ABOVE_TENANTS.contains(table)) {
            let id = tenants[me].owner.tenant();
            for row in app.rows(&format!("SELECT * FROM {table} WHERE tenant_id = '{id}'")) {
                let secrets = tenants[other].own_in(&row.join("\n")).into_iter();
                let repeats = |secret: &String| {
                    *table == "idempotency_receipts" && tenants[me].has_said(secret)
                };
                for secret in secrets.filter(|secret| !repeats(secret)) {
                    found.push(Finding::Leak(format!("{secret} in {table}: {row:?}")));
                }
            }
        }
    }
    found
}
