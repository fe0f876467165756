//! The formats of strings that request schemas may name.

use std::net::{Ipv4Addr, Ipv6Addr};

use email_address::{EmailAddress, Options};
use fluent_uri::Uri;

use crate::contract::Format;

/// Whether the text has the format.
pub(super) fn matches_format(format: Format, text: &str) -> bool {
    match format {
        Format::Email => is_email(text),
        Format::DateTime => crate::timestamp::timestamp(text).is_some(),
        Format::Uri => is_uri(text),
    }
}

/// The name of the format in a message.
pub(super) fn named(format: Format) -> &'static str {
    match format {
        Format::Email => "an e-mail address",
        Format::DateTime => "a time as in RFC 3339",
        Format::Uri => "an absolute http or https URI",
    }
}

/// An address of RFC 5321 with its length limits, or of RFC 6531 beyond ASCII. The domain must have
/// a dot, because mail from here reaches no other domains.
fn is_email(text: &str) -> bool {
    let text = text::nfc(text);
    let Some((local, domain)) = text.rsplit_once('@') else { return false };
    // The crate checks the ASCII grammar. RFC 6531 section 3.3 adds every other character to it, so
    // a letter stands for each of them here.
    let ascii: String = text.chars().map(|c| if c.is_ascii() { c } else { 'a' }).collect();
    // The crate refuses an empty quoted string, but RFC 5321 allows it.
    let ascii = if local == "\"\"" { ascii.replacen("\"\"", "a", 1) } else { ascii };
    let options = Options::default().with_required_tld().without_display_text();
    let odd = |character: char| character != ' ' && text::is_invisible(character);
    local.len() <= 64
        && text.len() <= 254
        && !text.contains(odd)
        && EmailAddress::parse_with_options(&ascii, options).is_ok()
        && is_domain(domain)
}

/// Rules for domains that the crate does not check: labels have letters, digits and hyphens (RFC
/// 1123 section 2.1), and literals are addresses (RFC 5321 section 4.1.3).
fn is_domain(domain: &str) -> bool {
    let Some(literal) = domain.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) else {
        let fits = |c: char| c.is_ascii_alphanumeric() || c == '-' || !c.is_ascii();
        return domain.split('.').all(|label| label.len() <= 63 && label.chars().all(fits));
    };
    match literal.split_at_checked(5) {
        Some((tag, address)) if tag.eq_ignore_ascii_case("IPv6:") => {
            address.parse::<Ipv6Addr>().is_ok()
        }
        _ => literal.parse::<Ipv4Addr>().is_ok(),
    }
}

/// A URI of RFC 3986 that names a host which HTTP can reach. The crate `url` would repair texts that
/// this one refuses, and would make each function 190 kB larger.
fn is_uri(text: &str) -> bool {
    let Ok(uri) = Uri::parse(text) else { return false };
    let scheme = uri.scheme().as_str();
    ["http", "https"].iter().any(|known| scheme.eq_ignore_ascii_case(known))
        && uri.authority().is_some_and(|authority| !authority.host().is_empty())
}

#[cfg(test)]
mod tests {
    use super::matches_format;
    use crate::contract::Format;

    #[track_caller]
    fn check(format: Format, good: &[&str], bad: &[&str]) {
        for text in good {
            assert!(matches_format(format, text), "{text}");
        }
        for text in bad {
            assert!(!matches_format(format, text), "{text}");
        }
    }

    /// `email.json` and `idn-email.json` of the JSON-Schema-Test-Suite (draft2020-12,
    /// optional/format).
    #[test]
    fn addresses_of_the_public_suite() {
        check(
            Format::Email,
            &[
                "joe.bloggs@example.com",
                "te~st@example.com",
                "~test@example.com",
                "test~@example.com",
                "\"joe bloggs\"@example.com",
                "\"joe..bloggs\"@example.com",
                "\"joe@bloggs\"@example.com",
                "\"\"@example.com",
                "joe.bloggs@[127.0.0.1]",
                "joe.bloggs@[IPv6:::1]",
                "te.s.t@example.com",
                "riedgar+guidelines@example.com",
                "실례@실례.테스트",
                "jose\u{301}@example.com",
            ],
            &[
                "2962",
                ".test@example.com",
                "test.@example.com",
                "te..st@example.com",
                "joe.bloggs@invalid=domain.com",
                "joe.bloggs@[127.0.0.300]",
                "joe.bloggs@[::1]",
                "joe.bloggs@-example.com",
                "joe.bloggs@example-.com",
                "joe.bloggs@exa_mple.com",
                "joe bloggs@example.com",
                "\"joe\"bloggs\"@example.com",
                "user1@oceania.org, user2@oceania.org",
                "\"Winston Smith\" <winston.smith@recdep.minitrue.gov>",
                "winston.smith@recdep.minitrue.gov (comment)",
                "joe\u{200b}@example.com",
                "joe@exa\u{ad}mple.com",
                "joe@example.com.",
                "joe@example\n.com",
            ],
        );
    }

    /// The cases of `uri.json` of the same suite. This platform accepts `http` and `https` only, so
    /// the URIs of other schemes are refused here.
    #[test]
    fn uris_of_the_public_suite() {
        check(
            Format::Uri,
            &[
                "http://foo.bar/?baz=qux#quuz",
                "http://foo.com/blah_(wikipedia)_blah#cite-1",
                "http://foo.bar/?q=Test%20URL-encoded%20stuff",
                "http://xn--nw2a.xn--j6w193g/",
                "http://-.~_!$&'()*+,;=:%40:80%2f::::::@example.com",
                "http://223.255.255.254",
                "http://www.ietf.org/rfc/rfc2396.txt",
                "https://[2001:db8::7]/c?objectClass?one",
            ],
            &[
                "//foo.bar/?baz=qux#quuz",
                "/abc",
                "\\\\WINDOWS\\fileshare",
                "abc",
                "http:// shouldfail.com",
                ":// should fail",
                "bar,baz:foo",
                "https://[@example.org/test.txt",
                "https://example.org/foobar\\.txt",
                "https://example.org/foobar<>.txt",
                "https://example.org/foobar{}.txt",
                "https://example.org/foobar^.txt",
                "https://example.org/foobar`.txt",
                "https://example.org/foo bar.txt",
                "https://example.org/foobar|.txt",
                "https://example.org/%zz",
                "https://example.org:port/",
                "https://example.org/é",
                "ftp://ftp.is.co.za/rfc/rfc1808.txt",
                "mailto:John.Doe@example.com",
                "urn:oasis:names:specification:docbook:dtd:xml:4.1.2",
                "https:example.org",
                "https:///path",
            ],
        );
    }
}
