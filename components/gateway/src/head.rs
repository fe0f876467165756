//! The head of a request, before anything is looked up: its method, its size, and the syntax of its
//! target. A malformed head is refused and never repaired, because two readers who repair it
//! differently would see two different requests.

use std::borrow::Cow;

use http::request::Parts;
use percent_encoding::{AsciiSet, CONTROLS, percent_decode_str, utf8_percent_encode};
use protocol::{Code, Error};

/// The methods that operations may have, and HEAD and OPTIONS, which the gateway answers.
const METHODS: [&str; 7] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];
/// The longest request target, in bytes. RFC 9110 section 4.1 recommends at least 8000.
const TARGET: usize = 8192;
/// The most header fields.
const FIELDS: usize = 100;
/// The largest header section, in bytes as sent on the wire.
const SECTION: usize = 32 << 10;
/// The prefix of headers that a host adds for components (see
/// `host/src/placements/composed/headers.rs`).
const OF_THE_HOST: &str = "spin-";

/// Checks the method and the sizes: 501, 414, 431.
pub(crate) fn check(parts: &Parts) -> Result<(), Error> {
    if !METHODS.contains(&parts.method.as_str()) {
        let message = "No operation has this method.";
        return Err(Error::new(Code::NotImplemented, message).with("allow", METHODS.join(", ")));
    }
    let query = parts.uri.query();
    let length = parts.uri.path().len() + query.map_or(0, |query| query.len() + 1);
    if length > TARGET {
        return Err(Error::new(
            Code::UriTooLong,
            format!("The request target has {length} bytes; at most {TARGET} are read."),
        ));
    }
    let sent = parts.headers.iter().filter(|(name, _)| !name.as_str().starts_with(OF_THE_HOST));
    // Besides name and value, a line has a colon, a space and its end.
    let (fields, bytes) = sent.fold((0, 0), |(fields, bytes), (name, value)| {
        (fields + 1, bytes + name.as_str().len() + value.len() + 4)
    });
    if fields > FIELDS || bytes > SECTION {
        return Err(Error::new(
            Code::HeaderFieldsTooLarge,
            format!(
                "The header section has {fields} fields and {bytes} bytes; at most {FIELDS} \
                 fields and {SECTION} bytes are read."
            ),
        ));
    }
    well_formed_query(query.unwrap_or_default())
}

/// The path in one canonical spelling, for comparison. Escapes of characters that need none are
/// resolved (RFC 3986 section 6.2.2.2). `%2F` stays, because it is not a separator.
pub(crate) fn normalised(path: &str) -> Result<Cow<'_, str>, Error> {
    let bytes = path.as_bytes();
    let mut needless = false;
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        match *byte {
            b'%' => {
                let value = escape(bytes, at).ok_or_else(broken_escape)?;
                if value.is_ascii_control() {
                    return Err(malformed("The path holds control characters."));
                }
                needless |= is_unreserved(value);
                at += 3;
            }
            b'/' => at += 1,
            byte if is_path_character(byte) => at += 1,
            _ => return Err(malformed("The path holds characters that must be percent-encoded.")),
        }
    }
    let path = if needless { Cow::Owned(resolve(path)) } else { Cow::Borrowed(path) };
    let Some(below) = path.strip_prefix('/') else {
        return Err(malformed("The request target is not a path."));
    };
    let mut segments = below.split('/').peekable();
    while let Some(segment) = segments.next() {
        // An empty last segment stands for a slash at the end.
        if matches!(segment, "." | "..") || (segment.is_empty() && segments.peek().is_some()) {
            return Err(malformed("The path has segments that are empty, `.` or `..`."));
        }
    }
    Ok(path)
}

/// Like `normalised`, for a router before the gateway. It refuses nothing and leaves that to the
/// gateway.
pub fn equivalent_path(path: &str) -> Cow<'_, str> {
    if path.contains('%') { Cow::Owned(resolve(path)) } else { Cow::Borrowed(path) }
}

/// Resolves the escapes of unreserved characters and keeps everything else.
fn resolve(path: &str) -> String {
    let mut text = String::with_capacity(path.len());
    let mut rest = path;
    while let Some(at) = rest.find('%') {
        text.push_str(&rest[..at]);
        rest = &rest[at..];
        match escape(rest.as_bytes(), 0).filter(|value| is_unreserved(*value)) {
            Some(value) => {
                text.push(char::from(value));
                rest = &rest[3..];
            }
            None => {
                text.push('%');
                rest = &rest[1..];
            }
        }
    }
    text.push_str(rest);
    text
}

fn well_formed_query(query: &str) -> Result<(), Error> {
    let escapes = query.bytes().enumerate().filter(|(_, byte)| *byte == b'%');
    for (at, _) in escapes {
        escape(query.as_bytes(), at).ok_or_else(broken_escape)?;
    }
    match percent_decode_str(query).decode_utf8() {
        Ok(_) => Ok(()),
        Err(_) => Err(malformed("The query holds percent-encoded bytes that are not UTF-8.")),
    }
}

/// The ASCII characters that a query must escape (RFC 3986 section 3.4). Characters beyond ASCII
/// are always escaped. An escape stays as it is.
const NO_QUERY: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'#')
    .add(b'<')
    .add(b'>')
    .add(b'[')
    .add(b'\\')
    .add(b']')
    .add(b'^')
    .add(b'`')
    .add(b'{')
    .add(b'|')
    .add(b'}');

/// A query, or a path with a query, in the form that a link must have. Clients send brackets
/// unescaped, but a URI must escape them.
pub(crate) fn linked(target: &str) -> String {
    utf8_percent_encode(target, NO_QUERY).to_string()
}

/// The byte that the escape at this position stands for.
fn escape(bytes: &[u8], at: usize) -> Option<u8> {
    let digit = |at: usize| char::from(*bytes.get(at)?).to_digit(16);
    u8::try_from(digit(at + 1)? * 16 + digit(at + 2)?).ok()
}

/// Whether a byte is an unreserved character (RFC 3986 section 2.3).
fn is_unreserved(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~')
}

/// Whether a byte is a `pchar` without escapes (RFC 3986 section 3.3).
fn is_path_character(byte: u8) -> bool {
    is_unreserved(byte) || b"!$&'()*+,;=:@".contains(&byte)
}

fn broken_escape() -> Error {
    malformed("The request target has a percent sign that begins no escape.")
}

pub(crate) fn malformed(message: &str) -> Error {
    Error::new(Code::MalformedRequest, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equivalent_spellings_are_one() {
        for (path, expected) in [
            ("/api/v1/projects", "/api/v1/projects"),
            ("/api/v1/%70rojects", "/api/v1/projects"),
            ("/%61pi/v%31/p", "/api/v1/p"),
            ("/a/x%2Fy%2fz", "/a/x%2Fy%2fz"),
            ("/a/%7euser", "/a/~user"),
            ("/a/%25%37%30", "/a/%2570"),
            ("/a/caf%C3%A9", "/a/caf%C3%A9"),
            ("/a/", "/a/"),
            ("/a/...", "/a/..."),
            ("/a/.b", "/a/.b"),
            ("/", "/"),
        ] {
            assert_eq!(normalised(path).expect(path), expected, "{path}");
            assert_eq!(equivalent_path(path), expected, "{path}");
        }
    }

    #[test]
    fn what_could_be_read_in_two_ways_is_refused() {
        for path in [
            "//",
            "//evil.com",
            "/a//b",
            "/a//",
            "/./a",
            "/a/.",
            "/a/..",
            "/../a",
            "/a/%2e%2e/b",
            "/a/%2E",
            "/a/.%2e",
            "/a/%",
            "/a/%2",
            "/a/%zz",
            "/a/%+1",
            "/a/%00",
            "/a/%0a",
            "/a/%7F",
            "/a\\b",
            "/\\evil.com",
            "/a b",
            "/a<b",
            "/a\"b",
            "/a|b",
            "/a[b]",
            "/ä",
            "*",
            "",
            "http:/",
        ] {
            let error = normalised(path).expect_err(path);
            assert_eq!(error.code, Code::MalformedRequest, "{path}");
            assert!(path.len() < 4 || !error.message.contains(path), "no echo of {path}");
        }
    }

    #[test]
    fn queries_have_whole_escapes() {
        for query in ["", "a=1&b=%20", "a=%F0%9F%92%A9", "a=ä", "a=+&b=/?:@[]"] {
            assert!(well_formed_query(query).is_ok(), "{query}");
        }
        for query in ["a=50%", "a=%4", "a=%gg", "a=%ff", "%C3=%28"] {
            assert!(well_formed_query(query).is_err(), "{query}");
        }
    }
}
