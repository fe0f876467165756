//! Versions: the URL has the major, and the artifact has a full SemVer. `Accept-Version` may ask
//! for a version within the major (A-13, A-14, K-16, K-17).

use std::borrow::Cow;

use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue};
use protocol::{Code, Error, Violation};
use semver::Version;

use crate::calendar::Day;
use crate::record::Record;

/// The value of `API-Version`: the version of this artifact, whose major is that of the URL (K-17).
pub(crate) const API_VERSION: &str = env!("CARGO_PKG_VERSION");

/// Every release that changed the contract, oldest first: its day and its version. A client may ask
/// for the version of a day. This is the last version released until then.
const RELEASES: &[(&str, &str)] = &[("2026-01-01", API_VERSION)];

const HEADER: HeaderName = HeaderName::from_static("api-version");

/// The majors that were released.
pub(crate) fn majors() -> impl Iterator<Item = u32> {
    RELEASES.iter().filter_map(|(_, version)| version.split('.').next()?.parse().ok())
}

/// The day of the first release of a major.
pub(crate) fn released(major: u32) -> Option<Day> {
    let first = RELEASES.iter().find(|(_, version)| is_of(version, major))?;
    Day::parse(first.0)
}

/// The full version that is served below `/v{major}`.
pub(crate) fn served(major: u32) -> Cow<'static, str> {
    match RELEASES.iter().rev().find(|(_, version)| is_of(version, major)) {
        Some((_, version)) => Cow::Borrowed(version),
        // A major in preparation: it has operations, but no release yet.
        None => Cow::Owned(format!("{major}.0.0")),
    }
}

fn is_of(version: &str, major: u32) -> bool {
    version.split('.').next().and_then(|first| first.parse().ok()) == Some(major)
}

/// Checks that the request asks for the version of its URL: 406 if it asks for another version, 400
/// if the query names a version.
pub(crate) fn check(parts: &Parts, major: u32) -> Result<(), Error> {
    if major == 0 {
        return Ok(());
    }
    let query = parts.uri.query().unwrap_or_default();
    if form_urlencoded::parse(query.as_bytes()).any(|(name, _)| name == "version") {
        let message = "The version is the one in the path, such as /api/v1, not a parameter.";
        let mut error = Error::new(Code::InvalidParameter, message);
        error.violations.push(Violation {
            pointer: "version".to_owned(),
            code: "UNKNOWN_PARAMETER".to_owned(),
            message: "Is not a parameter of any operation.".to_owned(),
            value: None,
        });
        return Err(error);
    }
    let Some(value) = parts.headers.get("accept-version") else { return Ok(()) };
    let requested = value.to_str().ok();
    let requested =
        requested.and_then(|text| RequestedVersion::parse(text.trim())).ok_or_else(|| {
            let message = "Accept-Version takes one version such as 1, 1.0, 1.0.0 or 2026-01-31.";
            Error::new(Code::MalformedRequest, message)
        })?;
    let served = served(major);
    if requested.is_met(major, &served, RELEASES) {
        return Ok(());
    }
    Err(Error::new(
        Code::NotAcceptable,
        format!("This path serves version {served}, but Accept-Version asks for another one."),
    )
    .with("served_version", served))
}

/// The version that `Accept-Version` asks for.
#[derive(Debug)]
enum RequestedVersion {
    /// At least this version. `1` and `1.0` leave the rest open.
    Number(Version),
    /// The last version released until this day.
    Day(Day),
}

impl RequestedVersion {
    fn parse(text: &str) -> Option<Self> {
        if let Some(day) = Day::parse(text) {
            return Some(Self::Day(day));
        }
        let version = match text.split('.').count() {
            1 => Version::parse(&format!("{text}.0.0")),
            2 => Version::parse(&format!("{text}.0")),
            _ => Version::parse(text),
        };
        version.ok().map(Self::Number)
    }

    fn is_met(&self, major: u32, served: &str, releases: &[(&str, &str)]) -> bool {
        match self {
            Self::Number(requested) => {
                requested.major == u64::from(major)
                    && Version::parse(served).is_ok_and(|served| *requested <= served)
            }
            Self::Day(day) => {
                let until = |(date, _): &&(&str, &str)| Day::parse(date).is_some_and(|d| d <= *day);
                let last = releases.iter().rev().find(until);
                last.is_some_and(|(_, version)| is_of(version, major))
            }
        }
    }
}

/// Adds `API-Version` below `/api/v{N}`. Answers below the alias have no version in headers (E-8,
/// K-16).
pub(crate) fn headers(record: &Record, headers: &mut HeaderMap) {
    if record.is_canonical && record.major > 0 {
        let version = served(record.major);
        if let Ok(version) = HeaderValue::from_str(&version) {
            headers.insert(HEADER, version);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLE: &[(&str, &str)] =
        &[("2025-01-01", "1.0.0"), ("2025-06-01", "1.4.2"), ("2026-01-01", "2.0.0")];

    fn met(requested: &str, major: u32, served: &str) -> bool {
        RequestedVersion::parse(requested).expect(requested).is_met(major, served, TABLE)
    }

    #[test]
    fn a_version_is_met_within_its_major_and_not_after_what_is_served() {
        for requested in
            ["1", "1.0", "1.4", "1.0.0", "1.4.2", "1.4.2-rc.1", "2025-06-01", "2025-12-31"]
        {
            assert!(met(requested, 1, "1.4.2"), "{requested}");
        }
        for requested in ["2", "0", "0.9", "1.5", "1.4.3", "2.3.1", "2026-01-01", "2024-12-31"] {
            assert!(!met(requested, 1, "1.4.2"), "{requested}");
        }
        assert!(met("2026-01-01", 2, "2.0.0") && !met("2025-06-01", 2, "2.0.0"));
    }

    #[test]
    fn what_is_no_version_is_refused() {
        for text in
            ["", "v1", "1.", ".1", "01", "1.02", "1.0.0.0", "-1", "1,2", "*", "^1", "2026-13-01"]
        {
            assert!(RequestedVersion::parse(text).is_none(), "{text}");
        }
    }

    /// The table is in order and readable, and its last row is this artifact.
    #[test]
    fn the_releases_are_in_order() {
        let mut rows = RELEASES.iter().map(|(date, version)| {
            (Day::parse(date).expect(date), Version::parse(version).expect(version))
        });
        assert!(rows.clone().is_sorted_by(|a, b| a.0 < b.0 && a.1 < b.1));
        assert_eq!(
            rows.next_back().map(|(_, version)| version.to_string()).as_deref(),
            Some(API_VERSION)
        );
    }
}
