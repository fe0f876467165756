//! Conditional requests (RFC 9110 section 13). The version of the row is the strong validator, and
//! preconditions of writes prevent lost updates. The gateway evaluates the preconditions of reads,
//! because it knows the representation.

use std::time::{Duration, UNIX_EPOCH};

use sha2::{Digest, Sha256};

use super::record::Record;
use crate::{Call, Code, Error};

/// The entity tag of a version. If the answer shows only a part of the object, or related objects
/// too, then the tag also has a digest of the whole answer (`chosen`).
pub(super) fn tag(record: &Record, chosen: Option<&[u8]>) -> Result<String, Error> {
    let version = record.version()?;
    Ok(match chosen {
        None => format!("\"v{version}\""),
        Some(body) => {
            let digest = Sha256::digest(body);
            format!("\"v{version}-{}\"", hex::encode(&digest[..8]))
        }
    })
}

/// Refuses a write if the object is not in the version that the client means. The order is that of
/// RFC 9110 section 13.2.2: 412 for the preconditions in the headers, then 409 for a `version` in
/// the body (K-52). [`require`] gives the 428.
pub(super) fn check(call: &Call, record: &Record) -> Result<(), Error> {
    let version = record.version()?;
    let current = || Ok::<_, Error>(("etag".to_owned(), tag(record, None)?));
    let holds = match (call.header("if-match"), call.header("if-unmodified-since")) {
        (Some(text), _) => tags(text).any(|one| one == "*" || names(one, version)),
        (None, Some(text)) => !is_newer(record.updated_at()?, text),
        (None, None) => true,
    };
    let weakly = |one: &str| one == "*" || names(one.strip_prefix("W/").unwrap_or(one), version);
    let unwanted = call.header("if-none-match").is_some_and(|text| tags(text).any(weakly));
    if !holds || unwanted {
        return Err(Error {
            context: vec![current()?],
            ..Error::new(
                Code::PreconditionFailed,
                "The object is not in the version that the request names; read it again, and \
                 repeat the change on the current version.",
            )
        });
    }
    let named = call.document().get("version").and_then(serde_json::Value::as_number);
    match named.and_then(crate::validate::integer) {
        Some(named) if named != version => Err(Error {
            context: vec![current()?],
            ..Error::new(
                Code::Conflict,
                "`version` is not the current version of the object; read it again.",
            )
        }),
        _ => Ok(()),
    }
}

/// Whether a strong tag is a tag of this version: with or without a digest.
fn names(one: &str, version: i64) -> bool {
    let named = one.strip_prefix("\"v").and_then(|rest| rest.strip_suffix('"'));
    let Some(named) = named else { return false };
    let (number, digest) = named.split_once('-').map_or((named, None), |(a, b)| (a, Some(b)));
    let is_digest = |text: &str| text.len() == 16 && text.bytes().all(|b| b.is_ascii_hexdigit());
    number == version.to_string() && digest.is_none_or(is_digest)
}

/// Whether the object was changed after a date, compared in whole seconds. A text that is not a
/// date is ignored.
fn is_newer(updated_at: i64, date: &str) -> bool {
    let Ok(date) = httpdate::parse_http_date(date) else { return false };
    let seconds = u64::try_from(updated_at / 1000).unwrap_or_default();
    UNIX_EPOCH + Duration::from_secs(seconds) > date
}

/// Refuses a write without `If-Match` (428) if the contract requires the header.
pub(super) fn require(call: &Call) -> Result<(), Error> {
    if call.operation.if_match && call.header("if-match").is_none() {
        return Err(Error::new(
            Code::PreconditionRequired,
            "Send If-Match with the ETag that you read, so that nobody's change is overwritten unseen.",
        ));
    }
    Ok(())
}

/// The entity tags of a header. None of our tags has a comma.
fn tags(text: &str) -> impl Iterator<Item = &str> {
    text.split(',').map(str::trim).filter(|tag| !tag.is_empty())
}
