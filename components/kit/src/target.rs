//! Which URLs events may be sent to, as far as the URL itself tells. It is checked when an endpoint
//! is written. It is checked again for each request, because the rules may have become stricter
//! since.
//!
//! The addresses that the host name resolves to are checked when the connection is made, by the
//! host that runs this function (docs/guides/webhooks.md).

use std::net::{IpAddr, Ipv4Addr};

use special_use::NameError;
use url::{Host, Url};

/// The refusal of an address or a name. It does not tell of which kind the address is.
const INNER: &str = "Must not name a private address or an address of this machine.";

/// Parses the URL of an endpoint. If `development` is set, then plain HTTP to `localhost` and
/// 127.0.0.1 is allowed. The manifest grants no other name or address of this machine.
///
/// # Errors
/// A message that says why nothing may be sent to this URL.
pub fn parse_url(text: &str, development: bool) -> Result<Url, &'static str> {
    let url = parse_operator_url(text, development)?;
    match url.host() {
        Some(Host::Domain(name)) if url.scheme() == "https" => check_host_name(name).map(|()| url),
        _ => Ok(url),
    }
}

/// Parses a URL that the operator has set. Unlike [`parse_url`], it allows host names of the operator's
/// own network. Such a name is reached only if the manifest allows it, too.
///
/// # Errors
/// As [`parse_url`].
pub fn parse_operator_url(text: &str, development: bool) -> Result<Url, &'static str> {
    let authority = authority(text)?;
    if authority.contains('@') {
        return Err("Must have no user name or password; use `headers` for a credential.");
    }
    if authority.contains('%') {
        return Err("Must have a host without percent-encoding.");
    }
    // The parser normalises every spelling of an address, such as 0x7f.1 or 2130706433.
    let url = Url::parse(text).map_err(|_| "Must be an absolute URL.")?;
    if url.fragment().is_some() {
        return Err("Must have no fragment.");
    }
    if url.port() == Some(0) {
        return Err("Must have a port from 1 to 65535.");
    }
    let here = match url.host() {
        None => return Err("Must have a host."),
        Some(Host::Domain("localhost")) => true,
        Some(Host::Domain(_)) => false,
        Some(Host::Ipv4(address)) => address == Ipv4Addr::LOCALHOST,
        Some(Host::Ipv6(_)) => false,
    };
    match url.scheme() {
        "http" if development && here => Ok(url),
        "https" => match url.host() {
            Some(Host::Domain("localhost")) => Err(INNER),
            Some(Host::Domain(_)) => Ok(url),
            Some(Host::Ipv4(address)) => check_address(address.into()).map(|()| url),
            Some(Host::Ipv6(address)) => check_address(address.into()).map(|()| url),
            None => Err("Must have a host."),
        },
        "http" if development => {
            Err("Must begin with https; plain http is for 127.0.0.1 and localhost alone.")
        }
        _ => Err("Must begin with https."),
    }
}

/// The part between `://` and the path. A URL that the parser would repair is refused: one with
/// backslashes, line breaks, too few slashes or too many. A person who reads such a URL would take
/// another host for the target.
fn authority(text: &str) -> Result<&str, &'static str> {
    if text.contains(|c: char| c.is_control() || c.is_whitespace() || c == '\\') {
        return Err("Must have no spaces, control characters or backslashes.");
    }
    let (_, rest) = text.split_once("://").ok_or("Must be an absolute URL.")?;
    match rest.split(['/', '?', '#']).next() {
        None | Some("") => Err("Must have a host."),
        Some(authority) => Ok(authority),
    }
}

fn check_host_name(name: &str) -> Result<(), &'static str> {
    special_use::check_name(name).map_err(|error| match error {
        NameError::Empty => "Must have a host without empty labels.",
        NameError::TooLong => {
            "Must have a host of 253 characters at most, each label of 63 at most."
        }
        NameError::Malformed => {
            "Must have a host of letters, digits and hyphens; there are no wildcards."
        }
        NameError::Single => "Must have a host with a domain: one word alone is no public name.",
        NameError::Special => {
            "Must have a public host, no special-use name such as `.local` or `.alt`."
        }
    })
}

fn check_address(address: IpAddr) -> Result<(), &'static str> {
    if special_use::is_public(address) { Ok(()) } else { Err(INNER) }
}

#[cfg(test)]
mod tests {
    use super::{parse_operator_url, parse_url};

    #[test]
    fn public_https_will_do() {
        for (good, sent) in [
            ("https://example.com/hooks", "https://example.com/hooks"),
            ("https://example.com:8443/?a=b", "https://example.com:8443/?a=b"),
            ("HTTPS://Example.com", "https://example.com/"),
            ("https://example.com./a%2fb", "https://example.com./a%2fb"),
            ("https://93.184.215.14/", "https://93.184.215.14/"),
            (
                "https://[2606:2800:21f:cb07:6820:80da:af6b:8b2c]/",
                "https://[2606:2800:21f:cb07:6820:80da:af6b:8b2c]/",
            ),
            ("https://bücher.example/", "https://xn--bcher-kva.example/"),
        ] {
            assert_eq!(parse_url(good, false).map(String::from), Ok(sent.to_owned()), "{good}");
        }
    }

    #[test]
    fn nothing_else_will() {
        let label = format!("https://{}.com/", "a".repeat(64));
        let name = format!("https://{}com/", "abcdefg.".repeat(32));
        for bad in [
            "example.com",
            "/hooks",
            "http://example.com/",
            "ftp://example.com/",
            "https://",
            "https:example.com",
            "https:/example.com/",
            "https:///example.com/",
            "https:\\\\example.com\\",
            "https://example.com\\@127.0.0.1/",
            "https://exa\nmple.com/",
            " https://example.com/",
            "https://user@example.com/",
            "https://:secret@example.com/",
            "https://@example.com/",
            "https://example.com/#x",
            "https://example.com:0/",
            "https://example.com:65536/",
            "https://%/",
            "https://%65xample.com/",
            "https://self%2ealt/",
            "https://example.com%00/",
            "https://*.example.com/",
            "https://*/",
            "https://exa$mple.com/",
            "https://a..example.com/",
            "https://.example.com/",
            &label,
            &name,
            "https://self/",
            "https://self.alt/internal/tick",
            "https://SELF.alt./",
            "https://ｓelf.alt/",
            "https://self。alt/",
            "https://x.alt/",
            "https://intranet/",
            "https://com./",
            "https://printer.local/",
            "https://metadata.google.internal/",
            "https://auth.spin.internal/",
            "https://router.home.arpa/",
            "https://a.onion/",
            "https://a.test/",
            "https://a.invalid/",
            "https://127.0.0.1/",
            "https://0x7f.1/",
            "https://2130706433/",
            "https://017700000001/",
            "https://localhost/",
            "https://a.localhost./",
            "https://10.1.2.3/",
            "https://169.254.169.254/latest/meta-data",
            "https://168.63.129.16/",
            "https://192.0.0.9/",
            "https://192.88.99.1/",
            "https://[::1]/",
            "https://[::ffff:127.0.0.1]/",
            "https://[64:ff9b::7f00:1]/",
            "https://[3fff::1]/",
        ] {
            assert!(parse_url(bad, false).is_err(), "{bad}");
        }
    }

    #[test]
    fn an_operator_may_have_names_of_ones_own() {
        for good in ["https://keycloak.internal/token", "https://idp/", "https://example.com/"] {
            assert!(parse_operator_url(good, false).is_ok(), "{good}");
        }
        for bad in ["http://idp.internal/", "https://10.0.0.1/", "https://localhost/"] {
            assert!(parse_operator_url(bad, false).is_err(), "{bad}");
        }
    }

    #[test]
    fn development_reaches_this_machine_alone() {
        for here in ["http://127.0.0.1:9000/hooks", "http://localhost:9000/", "http://127.1:9000/"]
        {
            assert!(parse_url(here, true).is_ok(), "{here}");
            assert!(parse_url(here, false).is_err(), "{here}");
        }
        for bad in [
            "http://example.com/",
            "http://10.0.0.1/",
            "http://127.0.0.2:9000/",
            "http://[::1]:9000/",
            "http://[::ffff:127.0.0.1]:9000/",
            "http://self.alt/",
            "http://self/",
            "https://127.0.0.1/",
        ] {
            assert!(parse_url(bad, true).is_err(), "{bad}");
        }
    }
}
