//! The values of custom headers, which hold credentials. Each value is sealed by itself under the
//! master key, and opened only for a delivery.
//!
//! A sealed value begins with [`SEALED`], which no valid header value can contain. Rows from before
//! this rule hold values in clear. Such values are sealed when the row is next written, or when
//! something is next sent to the endpoint.

use kit::{Error, Internal as _, MASK, Record, Seal};
use serde_json::{Map, Value as Json};

use crate::contract::endpoint;
use crate::headers::{HeaderViolation, check_all, pointer};
use crate::violation::violation;

/// The first character of a sealed value: a control character, which no header value may have.
const SEALED: &str = "\u{1}";

fn headers(endpoint: &Record) -> kit::Result<Map<String, Json>> {
    endpoint.get(endpoint::HEADERS)
}

fn name(endpoint: &Record, header: &str) -> kit::Result<String> {
    Ok(format!("header:{}:{}", endpoint.get(endpoint::ID)?, header.to_ascii_lowercase()))
}

fn seal_one(seal: &Seal, endpoint: &Record, header: &str, value: &str) -> kit::Result<Json> {
    Ok(format!("{SEALED}{}", seal.seal(&name(endpoint, header)?, value.as_bytes())?).into())
}

fn open_one(seal: &Seal, endpoint: &Record, header: &str, kept: &str) -> kit::Result<String> {
    match kept.strip_prefix(SEALED) {
        Some(sealed) => String::from_utf8(seal.open(&name(endpoint, header)?, sealed)?).internal(),
        None => Ok(kept.to_owned()),
    }
}

/// Seals the header values that a client has written. If the client sends the mask, which is what
/// responses show, then the stored value stays. If the client sends the same value again, then the
/// stored form stays too, so that a write without a change changes nothing.
///
/// # Errors
/// `validation-failed` for a mask where no value is stored, and for headers that cannot stand
/// together.
pub(crate) fn seal_values(
    seal: &Seal,
    before: Option<&Record>,
    endpoint: &mut Record,
) -> kit::Result<()> {
    let (old, new) = (before.map_or(Ok(Map::new()), headers)?, headers(endpoint)?);
    // Headers that this write does not change are not the fault of the client that writes.
    let mut found: Vec<HeaderViolation> = if new == old { Vec::new() } else { check_all(&new) };
    let mut values = Map::new();
    for (header, value) in &new {
        let value = value.as_str().unwrap_or_default();
        let kept = old.iter().find(|(known, _)| known.eq_ignore_ascii_case(header));
        let kept = kept.and_then(|(_, kept)| kept.as_str());
        let stays = kept.filter(|kept| value == MASK || value == *kept);
        let plain = match (stays, kept) {
            (Some(sealed), _) if sealed.starts_with(SEALED) => {
                values.insert(header.clone(), sealed.into());
                continue;
            }
            (Some(plain), _) => plain,
            (None, _) if value == MASK => {
                let message =
                    "Is the mask of a stored value, but no value is stored; write the value.";
                found.push((pointer(header), message));
                continue;
            }
            (None, Some(kept)) if open_one(seal, endpoint, header, kept)? == value => {
                values.insert(header.clone(), kept.into());
                continue;
            }
            (None, _) => value,
        };
        values.insert(header.clone(), seal_one(seal, endpoint, header, plain)?);
    }
    if !found.is_empty() {
        let found = found.into_iter().map(|(pointer, message)| violation(pointer, message));
        return Err(Error::violations(found.collect()));
    }
    endpoint.set(endpoint::HEADERS, values)
}

/// The headers of a delivery, with their values opened.
///
/// # Errors
/// As [`Seal::open`].
pub(crate) fn open(seal: &Seal, endpoint: &Record) -> kit::Result<Vec<(String, String)>> {
    let headers = headers(endpoint)?;
    let open = |(header, kept): (&String, &Json)| {
        let value = open_one(seal, endpoint, header, kept.as_str().unwrap_or_default())?;
        Ok((header.clone(), value))
    };
    headers.iter().map(open).collect()
}

/// The headers of a row with values in clear, in the form with all values sealed. `None` if all are
/// sealed already.
///
/// # Errors
/// `internal-error` if there is no randomness.
pub(crate) fn reseal(seal: &Seal, endpoint: &Record) -> kit::Result<Option<String>> {
    let headers = headers(endpoint)?;
    let is_plain = |kept: &Json| !kept.as_str().unwrap_or_default().starts_with(SEALED);
    if !headers.values().any(is_plain) {
        return Ok(None);
    }
    let mut values = Map::new();
    for (header, kept) in &headers {
        let sealed = match is_plain(kept) {
            true => seal_one(seal, endpoint, header, kept.as_str().unwrap_or_default())?,
            false => kept.clone(),
        };
        values.insert(header.clone(), sealed);
    }
    Ok(Some(Json::Object(values).to_string()))
}
