//! The lifecycle of versions and operations: announcement, parallel service, deprecation, sunset
//! (A-15, K-18…20). It is declared in one table, the variable `api_lifecycle`, in JSON:
//!
//! ```json
//! {"rfc9745": false, "deprecations": [
//!   {"major": 1, "announced_at": "2027-01-01", "deprecated_at": "2027-03-01",
//!    "sunset_at": "2028-03-01", "guide": "https://docs.example.com/migrate-to-v2",
//!    "successor": 2, "successor_since": "2027-02-01"},
//!   {"major": 2, "operation": "list-projects", "deprecated_at": "2027-03-01",
//!    "sunset_at": "2027-12-01", "guide": "/docs/list-projects"}]}
//! ```
//!
//! While an operation or a major is deprecated, its answers have five headers. From the sunset on,
//! it answers 410. If `rfc9745` is true, then the header is `Deprecation: @<seconds>` in place of
//! `true`. [`policy`] checks the table against the rules of support. It compares the days of the
//! table with each other, and never with the clock, so a table of the past is as valid as one of
//! the future.

use http::{HeaderMap, HeaderName, HeaderValue};
use protocol::{Code, Error};
use serde::Deserialize;

use crate::calendar::Day;
use crate::platform::Platform;
use crate::record::Record;
use crate::settings::Settings;
use crate::versions;

/// The least time from announcement to sunset, in months (C-41, D-135).
const NOTICE: u8 = 6;
/// How long a major and its successor are both served at least, in months (D-136).
const SIDE_BY_SIDE: u8 = 12;

const DEPRECATION: HeaderName = HeaderName::from_static("deprecation");
const SUNSET: HeaderName = HeaderName::from_static("sunset");
const X_DEPRECATED: HeaderName = HeaderName::from_static("x-api-deprecated");
const X_SUNSET_DATE: HeaderName = HeaderName::from_static("x-api-sunset-date");

/// The table: everything that is deprecated or has reached its sunset.
#[derive(Default)]
pub(crate) struct Lifecycle(Vec<Notice>);

/// A row. It is in effect from its deprecation on.
struct Notice {
    row: Deprecation,
    /// The five headers of a deprecation.
    headers: [(HeaderName, HeaderValue); 5],
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    #[serde(default)]
    rfc9745: bool,
    deprecations: Vec<Deprecation>,
}

/// A row of the table.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Deprecation {
    major: u32,
    /// An `operationId`; `None` means the whole major.
    operation: Option<String>,
    /// The day of the announcement; if it is not given, the day of the deprecation.
    announced_at: Option<Day>,
    deprecated_at: Day,
    sunset_at: Day,
    /// The migration guide: a URL or a path (A-16).
    guide: String,
    /// The major that replaces it.
    successor: Option<u32>,
    /// The day of the successor's release, if the table of releases does not have it.
    successor_since: Option<Day>,
}

impl Lifecycle {
    pub(crate) async fn load<P: Platform>(settings: &Settings<'_, P>) -> Result<Self, String> {
        let table = settings.text("api_lifecycle", "").await;
        Self::parse(&table).map_err(|why| format!("variable api_lifecycle: {why}"))
    }

    /// Reads the table; empty text is an empty table.
    fn parse(text: &str) -> Result<Self, String> {
        if text.trim().is_empty() {
            return Ok(Self::default());
        }
        let table: Table = serde_json::from_str(text).map_err(|error| error.to_string())?;
        policy(&table.deprecations)?;
        let notices = table.deprecations.into_iter().map(|row| Notice::new(row, table.rfc9745));
        notices.collect::<Result<_, _>>().map(Self)
    }

    /// 410 if the operation or its major has passed its sunset.
    pub(crate) fn check(&self, now: u64, record: &Record) -> Result<(), Error> {
        let Some(Notice { row, .. }) = self.notice(now, record) else { return Ok(()) };
        if !has_come(row.sunset_at, now) {
            return Ok(());
        }
        let what = match row.operation {
            Some(_) => "This operation".to_owned(),
            None => format!("Version v{}", row.major),
        };
        let instead = match row.successor {
            Some(successor) => format!("; use v{successor}"),
            None => String::new(),
        };
        let message = format!("{what} was sunset on {}{instead}.", row.sunset_at);
        Err(Error::new(Code::DeprecatedVersion, message)
            .with("sunset_date", row.sunset_at.to_string())
            .with("migration_guide", row.guide.as_str()))
    }

    /// Adds the headers of a deprecation, to successes and errors alike, and under every prefix
    /// (K-19).
    pub(crate) fn headers(&self, now: u64, record: &Record, headers: &mut HeaderMap) {
        let notice = self.notice(now, record);
        let Some(Notice { headers: notice, .. }) =
            notice.filter(|notice| !has_come(notice.row.sunset_at, now))
        else {
            return;
        };
        for (name, value) in notice {
            // An answer may have other links.
            headers.append(name, value.clone());
        }
    }

    /// The row in effect. If there are several, then the one with the earliest sunset.
    fn notice(&self, now: u64, record: &Record) -> Option<&Notice> {
        let concerns = |notice: &&Notice| {
            let Deprecation { major, operation, deprecated_at, .. } = &notice.row;
            *major == record.major
                && operation.as_ref().is_none_or(|id| record.operation.as_ref() == Some(id))
                && has_come(*deprecated_at, now)
        };
        self.0.iter().filter(concerns).min_by_key(|notice| notice.row.sunset_at)
    }
}

impl Notice {
    fn new(row: Deprecation, rfc9745: bool) -> Result<Self, String> {
        let deprecation = match rfc9745 {
            true => format!("@{}", row.deprecated_at.seconds()),
            false => "true".to_owned(),
        };
        let link = format!("<{}>; rel=\"deprecation\"; type=\"text/html\"", row.guide);
        let value = |text: String| {
            HeaderValue::try_from(text).map_err(|_| "guide is not an address".to_owned())
        };
        let headers = [
            (DEPRECATION, value(deprecation)?),
            (SUNSET, value(row.sunset_at.http_date())?),
            (http::header::LINK, value(link)?),
            (X_DEPRECATED, HeaderValue::from_static("true")),
            (X_SUNSET_DATE, value(row.sunset_at.to_string())?),
        ];
        Ok(Self { row, headers })
    }
}

/// Whether the day has begun; `now` in milliseconds since the Unix epoch.
fn has_come(day: Day, now: u64) -> bool {
    u64::try_from(day.seconds()).is_ok_and(|begin| begin * 1000 <= now)
}

/// Checks each row against the rules of support (K-18, the strictest of all sources):
///
/// - The order is announcement, deprecation, sunset. The sunset is at least 6 months after the
///   announcement.
/// - A whole major has a later major as successor. Both are served side by side for 12 months, and
///   the successor is not deprecated during this time. So there are always two majors.
/// - There is a migration guide, and no second row for the same operation or major.
fn policy(rows: &[Deprecation]) -> Result<(), String> {
    for (at, row) in rows.iter().enumerate() {
        let name = match &row.operation {
            Some(operation) => format!("{operation} of v{}", row.major),
            None => format!("v{}", row.major),
        };
        let refuse = |why: String| Err(format!("{name}: {why}"));
        let same =
            |other: &Deprecation| (other.major, &other.operation) == (row.major, &row.operation);
        if row.major == 0 || rows[..at].iter().any(same) {
            return refuse("is not a version, or is listed twice".to_owned());
        }
        let announced = row.announced_at.unwrap_or(row.deprecated_at);
        if announced > row.deprecated_at || row.deprecated_at >= row.sunset_at {
            return refuse("announced_at, deprecated_at, sunset_at are not in order".to_owned());
        }
        let earliest = announced.plus_months(NOTICE);
        if row.sunset_at < earliest {
            return refuse(format!("the sunset is announced {NOTICE} months before: {earliest}"));
        }
        let plain = |c: char| c.is_ascii_graphic() && !"<>\"\\^`{|}".contains(c);
        let address = row.guide.starts_with("https://")
            || (row.guide.starts_with('/') && !row.guide.starts_with("//"));
        if !address || !row.guide.chars().all(plain) {
            return refuse("guide is neither an https address nor a path".to_owned());
        }
        if row.operation.is_some() {
            continue;
        }
        let Some(successor) = row.successor.filter(|successor| *successor > row.major) else {
            return refuse("two majors are served: name the later one as successor".to_owned());
        };
        let Some(since) = row.successor_since.or_else(|| versions::released(successor)) else {
            return refuse(format!("successor_since: v{successor} has no known release"));
        };
        let earliest = since.plus_months(SIDE_BY_SIDE);
        if row.sunset_at < earliest {
            let why = format!("both majors are served for {SIDE_BY_SIDE} months: until {earliest}");
            return refuse(why);
        }
        let unstable = |other: &Deprecation| {
            (other.major, &other.operation) == (successor, &None)
                && other.deprecated_at < row.sunset_at
        };
        if rows.iter().any(unstable) {
            return refuse(format!("the successor v{successor} is deprecated before the sunset"));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use super::*;
    use crate::trace::Trace;

    const V1: &str = r#"{"major":1,"announced_at":"2027-01-01","deprecated_at":"2027-03-01",
        "sunset_at":"2028-03-01","guide":"https://docs.example.com/v2","successor":2,
        "successor_since":"2027-02-01"}"#;

    fn table(rows: &[&str]) -> Result<Lifecycle, String> {
        Lifecycle::parse(&format!(r#"{{"deprecations":[{}]}}"#, rows.join(",")))
    }

    /// The row of v1 with one thing changed.
    fn changed(from: &str, to: &str) -> String {
        assert!(V1.contains(from), "{from}");
        V1.replace(from, to)
    }

    #[test]
    fn nothing_is_deprecated_by_default() {
        assert!(Lifecycle::parse("").expect("empty").0.is_empty());
        assert!(Lifecycle::parse(" \n").expect("empty").0.is_empty());
    }

    #[test]
    fn the_rules_of_support_hold() {
        assert!(table(&[V1]).is_ok());
        let operation = r#"{"major":2,"operation":"list-projects","deprecated_at":"2027-03-01",
            "sunset_at":"2027-09-01","guide":"/docs/list"}"#;
        assert!(table(&[V1, operation]).is_ok());
        let later = r#"{"major":2,"announced_at":"2028-01-01","deprecated_at":"2028-03-01",
            "sunset_at":"2029-03-01","guide":"/docs/v3","successor":3,
            "successor_since":"2028-02-01"}"#;
        assert!(table(&[V1, later]).is_ok(), "v2 is deprecated on the day that v1 ends");
        for (why, row) in [
            ("not in order", changed("2027-01-01", "2027-03-02")),
            ("not in order", changed("2028-03-01", "2027-03-01")),
            ("6 months", changed("2028-03-01", "2027-06-30")),
            ("12 months", changed("2028-03-01", "2028-01-31")),
            ("successor", changed("\"successor\":2,", "")),
            ("successor", changed("\"successor\":2", "\"successor\":1")),
            ("no known release", changed(",\n        \"successor_since\":\"2027-02-01\"", "")),
            ("guide", changed("https://", "http://")),
            ("guide", changed("https://docs", "//docs")),
            ("guide", changed("com/v2", "com/>; rel=x, <")),
            ("not a version", changed("\"major\":1", "\"major\":0")),
            ("not a day", changed("2028-03-01", "2028-02-30")),
            ("unknown field", changed("guide", "giude")),
        ] {
            let error = table(&[&row]).err().expect(why);
            assert!(error.contains(why), "{why}: {error}");
        }
        assert!(table(&[V1, V1]).err().expect("twice").contains("twice"));
        let early = operation.replace("2027-09-01", "2027-08-31");
        assert!(table(&[&early]).is_err(), "an operation is announced 6 months before as well");
        let unstable = later.replace("2028-03-01", "2028-02-29");
        assert!(table(&[V1, &unstable]).err().expect("unstable").contains("deprecated before"));
        assert!(Lifecycle::parse("v1").is_err());
    }

    /// The headers of an answer on this day, or the refusal.
    fn headers_on(text: &str, day: &str, major: u32, operation: &str) -> Result<HeaderMap, Error> {
        let lifecycle = Lifecycle::parse(text).expect("valid");
        let trace = Trace::of(&HeaderMap::new(), [7; 16]);
        let mut record = Record::new(trace, IpAddr::from([192, 0, 2, 1]), false);
        record.addressed(major, false);
        record.operation = Some(operation.to_owned());
        let day = Day::parse(day).expect(day);
        let now = u64::try_from(day.seconds()).expect("after 1970") * 1000;
        let mut headers = HeaderMap::new();
        headers.insert("link", HeaderValue::from_static("</x>; rel=\"next\""));
        lifecycle.headers(now, &record, &mut headers);
        lifecycle.check(now, &record).map(|()| headers)
    }

    #[test]
    fn five_headers_from_the_deprecation_to_the_sunset() {
        let text = format!(r#"{{"deprecations":[{V1}]}}"#);
        let silent =
            |day, major| headers_on(&text, day, major, "x").expect("no refusal").len() == 1;
        assert!(silent("2027-02-28", 1), "announced is not deprecated");
        assert!(silent("2027-03-01", 2) && silent("2027-03-01", 0), "another major, and none");
        for day in ["2027-03-01", "2028-02-29"] {
            let headers = headers_on(&text, day, 1, "x").expect("no refusal");
            assert_eq!(headers["deprecation"], "true");
            assert_eq!(headers["sunset"], "Wed, 01 Mar 2028 00:00:00 GMT");
            assert_eq!(headers["x-api-deprecated"], "true");
            assert_eq!(headers["x-api-sunset-date"], "2028-03-01");
            let links: Vec<_> = headers.get_all("link").into_iter().collect();
            let link = "<https://docs.example.com/v2>; rel=\"deprecation\"; type=\"text/html\"";
            assert_eq!(links, ["</x>; rel=\"next\"", link]);
        }
        let text = format!(r#"{{"rfc9745":true,"deprecations":[{V1}]}}"#);
        let headers = headers_on(&text, "2027-03-01", 1, "x").expect("no refusal");
        assert_eq!(headers["deprecation"], "@1803859200");
    }

    #[test]
    fn gone_from_the_sunset_on() {
        let text = format!(r#"{{"deprecations":[{V1}]}}"#);
        for day in ["2028-03-01", "2031-01-01"] {
            let error = headers_on(&text, day, 1, "x").expect_err("sunset");
            assert_eq!(error.code, Code::DeprecatedVersion);
            let context: Vec<_> =
                error.context.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
            assert_eq!(
                context,
                [("sunset_date", "2028-03-01"), ("migration_guide", "https://docs.example.com/v2")]
            );
        }
        assert_eq!(headers_on(&text, "2031-01-01", 2, "x").expect("v2 goes on").len(), 1);
    }

    #[test]
    fn one_operation_may_end_before_its_major() {
        let row = r#"{"major":2,"operation":"list-projects","deprecated_at":"2027-03-01",
            "sunset_at":"2027-09-01","guide":"/docs/list"}"#;
        let text = format!(r#"{{"deprecations":[{row}]}}"#);
        let answer =
            |major, operation| headers_on(&text, "2027-04-01", major, operation).expect("served");
        assert_eq!(answer(2, "list-projects")["x-api-sunset-date"], "2027-09-01");
        assert_eq!((answer(2, "get-project").len(), answer(1, "list-projects").len()), (1, 1));
    }
}
