//! Conditional requests (RFC 9110 section 13): a strong validator from the row's version,
//! `If-None-Match` for what a client has already, `If-Match` against lost updates.

use sha2::{Digest, Sha256};

use super::record::Record;
use crate::{Call, Code, Error, problem};

/// The entity tag of a version. One that shows related objects too tells by a digest of
/// all of it whether any of them changed.
pub(super) fn tag(record: &Record, expanded: Option<&[u8]>) -> String {
    let version = record.integer("version");
    match expanded {
        None => format!("\"v{version}\""),
        Some(body) => {
            let digest = Sha256::digest(body);
            let hex: String = digest[..8].iter().map(|byte| format!("{byte:02x}")).collect();
            format!("\"v{version}-{hex}\"")
        }
    }
}

/// Whether the client has this already (RFC 9110 section 13.1.2: compared weakly).
pub(super) fn is_known(call: &Call, tag: &str) -> bool {
    let known =
        |text: &str| tags(text).any(|one| one == "*" || one.trim_start_matches("W/") == tag);
    call.header("if-none-match").is_some_and(known)
}

/// Refuses a write to another version than the client knows: 428 when the contract wants
/// to be told, 412 when it is another (RFC 9110 section 13.1.1: compared strongly), 409 for a
/// `version` in the body (K-52).
pub(super) fn check(call: &Call, record: &Record) -> Result<(), Error> {
    let version = record.integer("version");
    let is_current = |one: &str| {
        let named = one.strip_prefix("\"v").and_then(|rest| rest.strip_suffix('"'));
        let named = named.map(|text| text.split_once('-').map_or(text, |(version, _)| version));
        one == "*" || named.and_then(|text| text.parse().ok()) == Some(version)
    };
    let current = || ("etag".to_owned(), tag(record, None));
    match call.header("if-match") {
        Some(text) if !tags(text).any(is_current) => {
            return Err(Error {
                context: vec![current()],
                ..problem(
                    Code::PreconditionFailed,
                    "The object was changed since; read it again and repeat the change on what it is now.",
                )
            });
        }
        _ => {}
    }
    let named = call.document().get("version").and_then(serde_json::Value::as_number);
    match named.and_then(crate::validate::integer) {
        Some(named) if named != version => Err(Error {
            context: vec![current()],
            ..problem(Code::Conflict, "`version` is not that of the object now; read it again.")
        }),
        _ => Ok(()),
    }
}

/// Refuses a write that does not say which version it means where the contract wants it.
pub(super) fn require(call: &Call) -> Result<(), Error> {
    if call.operation.if_match && call.header("if-match").is_none() {
        return Err(problem(
            Code::PreconditionRequired,
            "Send If-Match with the ETag that you read, so that nobody's change is overwritten unseen.",
        ));
    }
    Ok(())
}

/// The entity tags of a header. None of ours has a comma.
fn tags(text: &str) -> impl Iterator<Item = &str> {
    text.split(',').map(str::trim).filter(|tag| !tag.is_empty())
}
