//! The values of custom headers hold credentials: they are sealed under the master key, each by
//! itself, and open for a delivery alone. A sealed value begins with [`SEALED`], which no value
//! that is sent can; rows from before are without, and are sealed when they are next written or
//! sent to.

use kit::{Error, Internal as _, MASK, Record, Seal};
use serde_json::{Map, Value as Json};

use crate::endpoints::violation;
use crate::headers::{Wrong, check_all, pointer};

/// What a sealed value begins with: a control character, so no header has it.
const SEALED: &str = "\u{1}";

fn headers(endpoint: &Record) -> Map<String, Json> {
    serde_json::from_str(endpoint.text("headers")).unwrap_or_default()
}

fn name(endpoint: &Record, header: &str) -> String {
    format!("header:{}:{}", endpoint.text("id"), header.to_ascii_lowercase())
}

fn seal_one(seal: &Seal, endpoint: &Record, header: &str, value: &str) -> kit::Result<Json> {
    Ok(format!("{SEALED}{}", seal.seal(&name(endpoint, header), value.as_bytes())?).into())
}

fn open_one(seal: &Seal, endpoint: &Record, header: &str, kept: &str) -> kit::Result<String> {
    match kept.strip_prefix(SEALED) {
        Some(sealed) => String::from_utf8(seal.open(&name(endpoint, header), sealed)?).internal(),
        None => Ok(kept.to_owned()),
    }
}

/// Seals what a client has written. The mask, which is what clients are shown, leaves a value as
/// it is; so does the value itself, that nothing changes when nothing is changed.
///
/// # Errors
/// A mask where there is no value; headers that there cannot be together.
pub(crate) fn settle(
    seal: &Seal,
    before: Option<&Record>,
    endpoint: &mut Record,
) -> kit::Result<()> {
    let (old, new) = (before.map(headers).unwrap_or_default(), headers(endpoint));
    // What is as it was is nobody's fault who changes something else.
    let mut found: Vec<Wrong> = if new == old { Vec::new() } else { check_all(&new) };
    let mut settled = Map::new();
    for (header, value) in &new {
        let value = value.as_str().unwrap_or_default();
        let kept = old.iter().find(|(known, _)| known.eq_ignore_ascii_case(header));
        let kept = kept.and_then(|(_, kept)| kept.as_str());
        let stays = kept.filter(|kept| value == MASK || value == *kept);
        let plain = match (stays, kept) {
            (Some(sealed), _) if sealed.starts_with(SEALED) => {
                settled.insert(header.clone(), sealed.into());
                continue;
            }
            (Some(plain), _) => plain,
            (None, _) if value == MASK => {
                let message = "Is the mask of a value, and there is none; write the value.";
                found.push((pointer(header), message));
                continue;
            }
            (None, Some(kept)) if open_one(seal, endpoint, header, kept)? == value => {
                settled.insert(header.clone(), kept.into());
                continue;
            }
            (None, _) => value,
        };
        settled.insert(header.clone(), seal_one(seal, endpoint, header, plain)?);
    }
    if !found.is_empty() {
        let found = found.into_iter().map(|(pointer, message)| violation(pointer, message));
        return Err(Error::violations(found.collect()));
    }
    endpoint.set_text("headers", &Json::Object(settled).to_string());
    Ok(())
}

/// The headers of a delivery.
///
/// # Errors
/// As [`Seal::open`].
pub(crate) fn open(seal: &Seal, endpoint: &Record) -> kit::Result<Vec<(String, String)>> {
    let headers = headers(endpoint);
    let open = |(header, kept): (&String, &Json)| {
        let value = open_one(seal, endpoint, header, kept.as_str().unwrap_or_default())?;
        Ok((header.clone(), value))
    };
    headers.iter().map(open).collect()
}

/// The headers of a row from before as they are to be kept; `None` when all are sealed.
///
/// # Errors
/// `internal-error` when there is no randomness.
pub(crate) fn overdue(seal: &Seal, endpoint: &Record) -> kit::Result<Option<String>> {
    let headers = headers(endpoint);
    let is_plain = |kept: &Json| !kept.as_str().unwrap_or_default().starts_with(SEALED);
    if !headers.values().any(is_plain) {
        return Ok(None);
    }
    let mut settled = Map::new();
    for (header, kept) in &headers {
        let sealed = match is_plain(kept) {
            true => seal_one(seal, endpoint, header, kept.as_str().unwrap_or_default())?,
            false => kept.clone(),
        };
        settled.insert(header.clone(), sealed);
    }
    Ok(Some(Json::Object(settled).to_string()))
}
