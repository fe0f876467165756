//! Reads the answers of token endpoints (RFC 6749 sections 5.1 and 5.2) in the forms that providers
//! really send: errors with the status 200, numbers in quotes, lists of scopes, forms instead of
//! JSON.
//!
//! The reader is lenient because the request may have spent the authorization code or the refresh
//! token. If the answer were refused, then the access would be lost.

use std::collections::HashMap;
use std::time::SystemTime;

use serde_json::value::{RawValue, to_raw_value};
use url::form_urlencoded;

/// The longest lifetime of a token that is believed, in seconds: 100 years, so that its end is a
/// valid date.
const MAX_LIFETIME_SECONDS: f64 = 3_155_760_000.0;
/// The most characters of an error code that are kept.
const MAX_CODE_LENGTH: usize = 100;
/// The wait if the provider does not say how long, in seconds.
const DEFAULT_RETRY_AFTER: u32 = 5;
/// The longest wait that is passed on to the caller, in seconds.
const MAX_RETRY_AFTER: u32 = 3600;

/// The tokens that a provider granted.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Grant {
    pub(crate) access_token: String,
    /// `Bearer` in this spelling, which all servers accept. Any other type is kept as it came.
    pub(crate) token_type: String,
    pub(crate) refresh_token: Option<String>,
    /// Separated by spaces, each scope once.
    pub(crate) scope: Option<String>,
    /// The lifetime of the access token, in milliseconds. `None` if the provider sends none, or one
    /// that is not a positive number.
    pub(crate) lifetime: Option<i64>,
}

/// Why the provider granted no tokens.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// The provider refused, with this error code.
    Refused(String),
    /// The provider wants to be asked again after this many seconds.
    Later(u32),
    /// The answer has neither tokens nor an error.
    Unreadable,
}

/// Reads an answer of a token endpoint.
pub(crate) fn read(status: u16, retry_after: Option<&str>, body: &[u8]) -> Result<Grant, Refusal> {
    let answer = Answer::parse(&String::from_utf8_lossy(body)).unwrap_or_default();
    let error = match answer.has_dead_refresh_token() {
        true => Some("invalid_grant".to_owned()),
        false => answer.error(),
    };
    let is_busy = matches!(status, 429 | 503)
        || matches!(error.as_deref(), Some("temporarily_unavailable" | "slow_down"));
    match (error, answer.text("access_token")) {
        (Some(code), _) if ends_grant(&code) => Err(Refusal::Refused(code)),
        _ if is_busy => Err(Refusal::Later(wait(retry_after))),
        (Some(code), _) => Err(Refusal::Refused(code)),
        (None, Some(access_token)) if (200..300).contains(&status) => Ok(Grant {
            access_token,
            token_type: match answer.text("token_type") {
                Some(other) if !other.eq_ignore_ascii_case("bearer") => other,
                // A provider that sends no type means RFC 6750.
                _ => "Bearer".to_owned(),
            },
            refresh_token: answer.text("refresh_token"),
            scope: answer.scope(),
            lifetime: answer.lifetime(),
        }),
        _ => Err(Refusal::Unreadable),
    }
}

/// Whether an error says that the code or refresh token is of no use any more: `invalid_grant`, or
/// what some providers send instead. Any other error may be a fault of the operator's settings,
/// which can be mended.
pub(crate) fn ends_grant(code: &str) -> bool {
    let code = code.to_ascii_lowercase();
    [
        "invalid_grant",
        // GitHub
        "bad_refresh_token",
        "bad_verification_code",
        // Slack
        "invalid_code",
        "invalid_refresh_token",
        "token_expired",
        "token_revoked",
        // OpenID Connect Core section 3.1.2.6: the user has to sign in or consent again.
        "consent_required",
        "interaction_required",
        "login_required",
        // RFC 6750 and RFC 8628: some providers send their codes in this place.
        "access_denied",
        "expired_token",
        "invalid_token",
    ]
    .contains(&code.as_str())
}

/// Joins scopes with spaces, each scope once, in the order of their first occurrence.
pub(crate) fn scopes<'a>(texts: impl IntoIterator<Item = &'a str>) -> String {
    let mut found: Vec<&str> = Vec::new();
    for scope in texts.into_iter().flat_map(str::split_whitespace) {
        if !found.contains(&scope) {
            found.push(scope);
        }
    }
    found.join(" ")
}

/// The members of an answer. Each is kept unparsed, so that a malformed member does not make the
/// others unreadable.
#[derive(Default)]
struct Answer(HashMap<String, Box<RawValue>>);

impl Answer {
    /// Parses JSON, or a form. GitHub answers with a form unless the request asks for JSON. The
    /// body decides which of the two it is, because some providers send a wrong Content-Type.
    fn parse(text: &str) -> Option<Self> {
        let text = text.trim_start_matches('\u{feff}').trim();
        if text.starts_with('{') {
            return serde_json::from_str(text).ok().map(Self);
        }
        let pairs = form_urlencoded::parse(text.as_bytes());
        pairs
            .map(|(name, value)| Some((name.into_owned(), to_raw_value(&value).ok()?)))
            .collect::<Option<_>>()
            .map(Self)
    }

    /// A member that is a string or a number. An empty one counts as left out (RFC 6749 section
    /// 3.2).
    fn text(&self, name: &str) -> Option<String> {
        text(self.0.get(name)?)
    }

    /// Whether a refusal says in its description that the refresh token is of no use any more.
    /// Atlassian sends the code `unauthorized_client` for this case; Twitch and HubSpot send no
    /// code.
    fn has_dead_refresh_token(&self) -> bool {
        let words = ["error_description", "message"].iter().find_map(|name| self.text(name));
        let words = words.unwrap_or_default().to_ascii_lowercase();
        let is_dead = ["invalid", "expired", "revoked"].iter().any(|word| words.contains(word));
        words.replace('_', " ").contains("refresh token")
            && is_dead
            && self.text("access_token").is_none()
    }

    /// The error code. Some providers wrap it in an object, others in a list.
    fn error(&self) -> Option<String> {
        if let Some(all) = self.0.get("errors") {
            let all: Vec<Box<RawValue>> = serde_json::from_str(all.get()).ok()?;
            return Self(HashMap::from([("error".to_owned(), all.into_iter().next()?)])).error();
        }
        let raw = self.0.get("error")?;
        let code = match raw.get() {
            "null" | "false" => return None,
            json if json.starts_with('"') => text(raw)?,
            json if json.starts_with('{') => {
                let inner = Self::parse(json).unwrap_or_default();
                let code = ["error", "type", "status", "code"].iter().find_map(|it| inner.text(it));
                code.unwrap_or_else(|| "unknown_error".to_owned())
            }
            _ => "unknown_error".to_owned(),
        };
        Some(code.chars().filter(|it| !it.is_control()).take(MAX_CODE_LENGTH).collect())
    }

    /// The scopes, from a string or a list of strings.
    fn scope(&self) -> Option<String> {
        let raw = self.0.get("scope")?.get();
        let all: Vec<String> = match serde_json::from_str(raw) {
            Ok(list) => list,
            Err(_) => vec![serde_json::from_str(raw).ok()?],
        };
        let joined = scopes(all.iter().map(String::as_str));
        Some(joined.chars().filter(|it| !it.is_control()).collect())
    }

    fn lifetime(&self) -> Option<i64> {
        let seconds: f64 = self.text("expires_in")?.trim().parse().ok()?;
        // Some providers send 0 or less for a token that does not end.
        #[allow(clippy::cast_possible_truncation, reason = "it is in range")]
        (seconds > 0.0).then(|| (seconds.min(MAX_LIFETIME_SECONDS) * 1000.0) as i64)
    }
}

fn text(raw: &RawValue) -> Option<String> {
    let found = match raw.get().as_bytes().first()? {
        b'"' => serde_json::from_str(raw.get()).ok()?,
        b'-' | b'0'..=b'9' => raw.get().to_owned(),
        _ => return None,
    };
    Some(found).filter(|found: &String| !found.trim().is_empty())
}

/// The wait of `Retry-After`, in seconds: the header is a number of seconds or a date (RFC 9110
/// section 10.2.3).
fn wait(header: Option<&str>) -> u32 {
    let asked = header.and_then(|text| kit::retry_after(text, SystemTime::now()));
    let seconds = asked.map(|ms| u32::try_from(ms / 1000).unwrap_or(MAX_RETRY_AFTER));
    seconds.unwrap_or(DEFAULT_RETRY_AFTER).clamp(1, MAX_RETRY_AFTER)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn granted(body: &str) -> Grant {
        read(200, None, body.as_bytes()).unwrap_or_else(|why| panic!("{body}: {why:?}"))
    }

    #[track_caller]
    fn refused(status: u16, body: &str, expected: &str) {
        let answer = read(status, None, body.as_bytes());
        assert_eq!(answer, Err(Refusal::Refused(expected.to_owned())), "{body}");
    }

    #[test]
    fn lives_are_read_however_they_are_written() {
        for (written, expected) in [
            ("3600", Some(3_600_000)),
            ("\"3600\"", Some(3_600_000)),
            ("\" 3600 \"", Some(3_600_000)),
            ("3599.5", Some(3_599_500)),
            ("\"3600.0\"", Some(3_600_000)),
            ("3.6e3", Some(3_600_000)),
            ("1e400", Some(3_155_760_000_000)),
            ("99999999999999999999", Some(3_155_760_000_000)),
            ("0", None),
            ("-1", None),
            ("null", None),
            ("\"\"", None),
            ("\"never\"", None),
            ("{}", None),
            ("true", None),
        ] {
            let body = format!(r#"{{"access_token":"a","expires_in":{written}}}"#);
            assert_eq!(granted(&body).lifetime, expected, "{written}");
        }
        assert_eq!(granted(r#"{"access_token":"a"}"#).lifetime, None);
    }

    #[test]
    fn the_type_is_bearer_unless_it_is_another() {
        for (written, expected) in [
            ("", "Bearer"),
            (r#","token_type":"bearer""#, "Bearer"),
            (r#","token_type":"BEARER""#, "Bearer"),
            (r#","token_type":null"#, "Bearer"),
            (r#","token_type":"""#, "Bearer"),
            (r#","token_type":["x"]"#, "Bearer"),
            (r#","token_type":"DPoP""#, "DPoP"),
        ] {
            let body = format!(r#"{{"access_token":"a"{written}}}"#);
            assert_eq!(granted(&body).token_type, expected, "{written}");
        }
    }

    #[test]
    fn scopes_are_texts_or_lists_each_once() {
        for (written, expected) in [
            (r#""a b""#, Some("a b")),
            (r#""a  b a""#, Some("a b")),
            (r#"["a","b","a"]"#, Some("a b")),
            (r#"["a b","c"]"#, Some("a b c")),
            ("[]", Some("")),
            (r#""""#, Some("")),
            ("null", None),
            ("7", None),
            ("\"a\\u0000\"", Some("a")),
        ] {
            let body = format!(r#"{{"access_token":"a","scope":{written}}}"#);
            assert_eq!(granted(&body).scope.as_deref(), expected, "{written}");
        }
    }

    #[test]
    fn forms_and_odd_bytes_are_read() {
        let form =
            "access_token=gho_1&expires_in=28800&refresh_token=ghr_1&scope=a%20b&token_type=bearer";
        let expected = Grant {
            access_token: "gho_1".to_owned(),
            token_type: "Bearer".to_owned(),
            refresh_token: Some("ghr_1".to_owned()),
            scope: Some("a b".to_owned()),
            lifetime: Some(28_800_000),
        };
        assert_eq!(granted(form), expected);
        let json = r#"{"access_token":"gho_1","expires_in":28800,"refresh_token":"ghr_1","scope":"a b","x":"\ud800","y":1e999,"y":2}"#;
        assert_eq!(granted(&format!("\u{feff} {json}\n")), expected);
        let mut bytes = b"access_token=a&name=".to_vec();
        bytes.push(0xff);
        assert!(read(200, None, &bytes).is_ok());
        assert_eq!(granted(r#"{"access_token":7}"#).access_token, "7");
    }

    #[test]
    fn errors_are_errors_whatever_the_status() {
        refused(
            200,
            r#"{"error":"bad_refresh_token","error_description":"x"}"#,
            "bad_refresh_token",
        );
        refused(200, "error=bad_verification_code&error_description=x", "bad_verification_code");
        refused(200, r#"{"ok":false,"error":"invalid_code"}"#, "invalid_code");
        refused(200, r#"{"access_token":"a","error":"invalid_grant"}"#, "invalid_grant");
        refused(503, r#"{"error":"invalid_grant"}"#, "invalid_grant");
        refused(
            400,
            r#"{"error":{"message":"m","type":"OAuthException","code":190}}"#,
            "OAuthException",
        );
        refused(400, r#"{"error":{"code":400}}"#, "400");
        refused(400, r#"{"error":true}"#, "unknown_error");
        refused(401, "{\"error\":\"a\\u0000b\"}", "ab");
        for none in ["null", "false", "\"\""] {
            assert_eq!(
                granted(&format!(r#"{{"access_token":"a","error":{none}}}"#)).access_token,
                "a"
            );
        }
        for body in ["", "nope", "{", "[]", "<html>a=b</html>", r#"{"access_token":""}"#] {
            assert_eq!(read(200, None, body.as_bytes()), Err(Refusal::Unreadable), "{body}");
        }
        let token = br#"{"access_token":"a"}"#;
        assert_eq!(read(500, None, token), Err(Refusal::Unreadable));
    }

    #[test]
    fn who_is_busy_says_when() {
        for (header, expected) in [
            (None, 5),
            (Some("7"), 7),
            (Some("0"), 1),
            (Some("99999999999999999999999"), 3600),
            (Some("Sun, 06 Nov 1994 08:49:37 GMT"), 1),
            (Some("soon"), 5),
        ] {
            assert_eq!(
                read(429, header, b"slow down"),
                Err(Refusal::Later(expected)),
                "{header:?}"
            );
        }
        let said = br#"{"error":"temporarily_unavailable"}"#;
        assert_eq!(read(400, None, said), Err(Refusal::Later(5)));
    }

    #[test]
    fn dead_refresh_tokens_in_words_of_providers() {
        for (status, body) in [
            (
                403,
                r#"{"error":"unauthorized_client","error_description":"refresh_token is invalid"}"#,
            ),
            (400, r#"{"status":400,"message":"Invalid refresh token"}"#),
            (400, r#"{"status":"BAD_REFRESH_TOKEN","message":"missing or invalid refresh token"}"#),
            (400, r#"{"errors":[{"code":"invalid_grant"}]}"#),
            (400, r#"{"error":"Invalid_Grant"}"#),
        ] {
            let Err(Refusal::Refused(code)) = read(status, None, body.as_bytes()) else {
                panic!("{body}")
            };
            assert!(ends_grant(&code), "{body}");
        }
        let other =
            r#"{"error":"invalid_client","error_description":"a refresh token needs a client"}"#;
        let refused = read(401, None, other.as_bytes());
        assert_eq!(refused, Err(Refusal::Refused("invalid_client".to_owned())));
    }
}
