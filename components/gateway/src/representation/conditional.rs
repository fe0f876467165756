//! Preconditions of reads (RFC 9110 section 13). They are compared with the answer that would be
//! sent, so `If-None-Match` matches only the tag of this representation. The function evaluates the
//! preconditions of writes, inside its transaction.

use std::time::SystemTime;

use http::header::{
    CONTENT_TYPE, ETAG, IF_MATCH, IF_MODIFIED_SINCE, IF_NONE_MATCH, IF_UNMODIFIED_SINCE,
    LAST_MODIFIED,
};
use http::{HeaderMap, HeaderName, Method, Response, StatusCode};
use protocol::{Body, Code, Error};

use super::negotiated::Negotiated;
use super::{errors, etag};
use crate::record::Record;

/// The result of the preconditions of a read.
#[derive(Debug, PartialEq, Eq)]
enum Verdict {
    Send,
    NotModified,
    Failed,
}

/// Returns the answer, or a 304 or 412 in its place.
pub(super) fn apply<S>(
    mut answer: Response<Body<S>>,
    negotiated: &Negotiated<'_>,
    record: &mut Record,
) -> Response<Body<S>> {
    let reads = negotiated.parts.method == Method::GET || negotiated.parts.method == Method::HEAD;
    if !reads || answer.status() != StatusCode::OK {
        return answer;
    }
    match verdict(&negotiated.parts.headers, answer.headers()) {
        Verdict::Send => answer,
        Verdict::NotModified => {
            *answer.status_mut() = StatusCode::NOT_MODIFIED;
            *answer.body_mut() = Body::Empty;
            answer.headers_mut().remove(CONTENT_TYPE);
            answer
        }
        Verdict::Failed => {
            let message = "The object is not in the version that If-Match or If-Unmodified-Since \
                names; read it again.";
            errors::render(&Error::new(Code::PreconditionFailed, message), negotiated, record)
        }
    }
}

/// Evaluates the preconditions in the order of section 13.2.2. If the answer has no validator for a
/// precondition, then it is ignored. So is a date that is not valid (sections 13.1.3 and 13.1.4).
fn verdict(asked: &HeaderMap, answer: &HeaderMap) -> Verdict {
    let tag = answer.get(ETAG).and_then(|tag| tag.to_str().ok());
    let modified = date(answer, &LAST_MODIFIED);
    match (tag, modified) {
        (Some(tag), _) if asked.contains_key(IF_MATCH) => {
            // A tag of another representation counts too, because it names the same version of the
            // object.
            let named = |one: &str| one == "*" || etag::native(one) == etag::native(tag);
            if tag.starts_with("W/") || !etag::listed(asked, &IF_MATCH).any(named) {
                return Verdict::Failed;
            }
        }
        (_, Some(modified))
            if !asked.contains_key(IF_MATCH)
                && date(asked, &IF_UNMODIFIED_SINCE).is_some_and(|it| it < modified) =>
        {
            return Verdict::Failed;
        }
        _ => {}
    }
    let known = match (tag, modified) {
        (Some(tag), _) if asked.contains_key(IF_NONE_MATCH) => {
            let weakly = |tag: &str| tag.strip_prefix("W/").unwrap_or(tag).to_owned();
            let named = |one: &str| one == "*" || weakly(one) == weakly(tag);
            etag::listed(asked, &IF_NONE_MATCH).any(named)
        }
        (_, Some(modified)) if !asked.contains_key(IF_NONE_MATCH) => {
            date(asked, &IF_MODIFIED_SINCE).is_some_and(|it| modified <= it)
        }
        _ => false,
    };
    if known { Verdict::NotModified } else { Verdict::Send }
}

/// A date in one of the three forms of section 5.6.7, in whole seconds.
fn date(headers: &HeaderMap, name: &HeaderName) -> Option<SystemTime> {
    httpdate::parse_http_date(headers.get(name)?.to_str().ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const MODIFIED: &str = "Mon, 15 Jan 2024 11:45:00 GMT";

    fn verdict(asked: &[(&'static str, &str)]) -> Verdict {
        let map = |all: &[(&'static str, &str)]| {
            let mut map = HeaderMap::new();
            for (name, value) in all {
                map.append(*name, value.parse().expect("a value"));
            }
            map
        };
        let answer = map(&[("etag", "\"v3-native\""), ("last-modified", MODIFIED)]);
        super::verdict(&map(asked), &answer)
    }

    #[test]
    fn only_this_representation_is_known() {
        let names = |tag| verdict(&[("if-none-match", tag)]);
        for tag in ["\"v3-native\"", "W/\"v3-native\"", "*", "\"a,b\", \"v3-native\""] {
            assert_eq!(names(tag), Verdict::NotModified, "{tag}");
        }
        for tag in [
            "\"v3\"",
            "\"v3-camel\"",
            "\"v2-native\"",
            "v3-native",
            "",
            "\"v3-native",
            "\"a,*,b\"",
            "\"a,W/\"",
        ] {
            assert_eq!(names(tag), Verdict::Send, "{tag}");
        }
        let lines = [("if-none-match", "\"x\""), ("if-none-match", "\"v3-native\"")];
        assert_eq!(verdict(&lines), Verdict::NotModified, "a list in two lines");
    }

    #[test]
    fn dates_are_compared_to_the_second() {
        for (date, expected) in [
            (MODIFIED, Verdict::NotModified),
            ("Monday, 15-Jan-24 11:45:00 GMT", Verdict::NotModified),
            ("Mon Jan 15 11:45:00 2024", Verdict::NotModified),
            ("Mon, 15 Jan 2024 11:45:01 GMT", Verdict::NotModified),
            ("Mon, 15 Jan 2024 11:44:59 GMT", Verdict::Send),
            ("2024-01-15T11:45:00Z", Verdict::Send),
            ("yesterday", Verdict::Send),
        ] {
            assert_eq!(verdict(&[("if-modified-since", date)]), expected, "{date}");
        }
        let both = [("if-none-match", "\"v2\""), ("if-modified-since", MODIFIED)];
        assert_eq!(verdict(&both), Verdict::Send, "the tag is asked before the date");
    }

    #[test]
    fn reads_of_another_version_fail() {
        for tag in ["\"v3\"", "\"v3-camel\"", "*", "\"v1\", \"v3-native\""] {
            assert_eq!(verdict(&[("if-match", tag)]), Verdict::Send, "{tag}");
        }
        for tag in ["\"v2\"", "W/\"v3-native\"", "", "\"a,*,b\"", "\"a,*\", \"b\""] {
            assert_eq!(verdict(&[("if-match", tag)]), Verdict::Failed, "{tag}");
        }
        let early = ("if-unmodified-since", "Mon, 15 Jan 2024 11:44:59 GMT");
        assert_eq!(verdict(&[early]), Verdict::Failed);
        assert_eq!(verdict(&[early, ("if-match", "*")]), Verdict::Send, "the tag is asked first");
        assert_eq!(verdict(&[("if-unmodified-since", MODIFIED)]), Verdict::Send);
        assert_eq!(verdict(&[("if-unmodified-since", "never")]), Verdict::Send);
    }
}
