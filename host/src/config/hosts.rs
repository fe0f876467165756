//! `allowed_outbound_hosts`: the hosts that a component may send requests to and open connections
//! to.

use anyhow::{bail, ensure};
use http::Uri;

/// Where a request may go.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Destination {
    /// To the host in the URI, which the manifest names exactly.
    Named,
    /// To the host in the URI, which only a wildcard pattern of the manifest grants.
    Matched,
    /// To this server.
    Own,
    /// Nowhere, because the manifest does not grant it.
    Denied,
}

/// The hosts that a component may send requests to, and open connections to.
#[derive(Debug, Default)]
pub(crate) struct AllowedHosts(Vec<Rule>);

#[derive(Debug)]
struct Rule {
    /// `None` allows every scheme.
    scheme: Option<String>,
    host: Host,
    /// `None` allows every port.
    port: Option<u16>,
}

#[derive(Debug)]
enum Host {
    Any,
    Own,
    /// Every host below this domain: `.example.com`.
    Below(String),
    Exact(String),
}

impl AllowedHosts {
    /// Reads entries such as `https://api.example.com`, `http://10.0.0.7:8080`,
    /// `https://*.example.com`, `postgres://db:5432`, `*://*:*` or `http://self`.
    pub(crate) fn parse(entries: &[String]) -> anyhow::Result<Self> {
        entries.iter().map(|entry| Rule::parse(entry)).collect::<Result<_, _>>().map(Self)
    }

    /// Decides where a request to `uri` may go. As in Spin, a URI without authority and the host
    /// `self.alt` mean this server. The entry `http://self` grants that, and only for plain HTTP. A
    /// pattern such as `https://*:*` does not grant it, because such a pattern is meant for URLs
    /// that strangers write.
    pub(crate) fn destination(&self, uri: &Uri) -> Destination {
        let scheme = uri.scheme_str().unwrap_or("http");
        let port = uri.port_u16().or_else(|| default_port(scheme));
        let host = uri.host().unwrap_or_default().to_ascii_lowercase();
        let own = matches!(host.strip_suffix('.').unwrap_or(&host), "" | "self.alt");
        if own {
            let granted = self.0.iter().any(|rule| matches!(rule.host, Host::Own));
            return match granted && scheme == "http" {
                true => Destination::Own,
                false => Destination::Denied,
            };
        }
        let mut covering = self.0.iter().filter(|rule| rule.covers(scheme, &host, port)).peekable();
        if covering.peek().is_none() {
            Destination::Denied
        } else if covering.any(|rule| matches!(rule.host, Host::Exact(_))) {
            Destination::Named
        } else {
            Destination::Matched
        }
    }

    /// Whether a connection with this scheme may go to `host`, which must be in lower case.
    pub(crate) fn allow(&self, scheme: &str, host: &str, port: u16) -> bool {
        self.0.iter().any(|rule| rule.covers(scheme, host, Some(port)))
    }
}

fn default_port(scheme: &str) -> Option<u16> {
    match scheme {
        "http" => Some(80),
        "https" => Some(443),
        "postgres" => Some(5432),
        _ => None,
    }
}

impl Rule {
    fn parse(entry: &str) -> anyhow::Result<Self> {
        if entry == "*" {
            return Ok(Self { scheme: None, host: Host::Any, port: None });
        }
        let Some((scheme, authority)) = entry.split_once("://") else {
            bail!("{entry:?} is not of the form scheme://host[:port]");
        };
        let authority = authority.strip_suffix('/').unwrap_or(authority);
        ensure!(
            !authority.contains(['/', '?', '#', '@']),
            "{entry:?} must end after host and port"
        );
        let bracket = authority.rfind(']').map_or(0, |end| end + 1);
        let (host, port) = match authority[bracket..].rfind(':') {
            Some(colon) => (&authority[..bracket + colon], Some(&authority[bracket + colon + 1..])),
            None => (authority, None),
        };
        let port = match port {
            Some("*") => None,
            Some(number) => match number.parse() {
                Ok(number) => Some(number),
                Err(_) => bail!("{entry:?}: {number:?} is neither a port nor `*`"),
            },
            None => default_port(scheme),
        };
        let host = match host {
            "" => bail!("{entry:?} has no host"),
            "*" => Host::Any,
            "self" | "self.alt" => Host::Own,
            _ => match host.strip_prefix('*') {
                Some(domain) if domain.starts_with('.') && !domain.contains('*') => {
                    Host::Below(domain.to_ascii_lowercase())
                }
                None if !host.contains('*') => Host::Exact(host.to_ascii_lowercase()),
                _ => bail!("{entry:?}: `*` stands for a whole host or for its first labels only"),
            },
        };
        Ok(Self { scheme: (scheme != "*").then(|| scheme.to_ascii_lowercase()), host, port })
    }

    /// Whether this rule grants the destination. A rule about this server grants no other host.
    fn covers(&self, scheme: &str, host: &str, port: Option<u16>) -> bool {
        self.scheme.as_deref().is_none_or(|wanted| wanted == scheme)
            && (self.port.is_none() || self.port == port)
            && match &self.host {
                Host::Any => true,
                Host::Below(domain) => host.ends_with(domain),
                Host::Exact(name) => host == name,
                Host::Own => false,
            }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(entry: &str, uri: &str, expected: Destination) {
        let hosts = AllowedHosts::parse(&[entry.to_owned()]).expect("valid entry");
        assert_eq!(hosts.destination(&uri.parse().expect("valid uri")), expected, "{entry} {uri}");
    }

    #[test]
    fn only_what_is_listed_is_reached() {
        check("https://api.test", "https://api.test/x", Destination::Named);
        check("https://api.test", "https://api.test:443/x", Destination::Named);
        check("https://api.test", "http://api.test/", Destination::Denied);
        check("https://api.test", "https://api.test:8443/", Destination::Denied);
        check("https://api.test", "https://evil.api.test/", Destination::Denied);
        check("https://*.test", "https://evil.api.test/", Destination::Matched);
        check("https://*.test", "https://test/", Destination::Denied);
        check("https://*.test", "https://eviltest/", Destination::Denied);
        check("http://[::1]:80", "http://[::1]/", Destination::Named);
        check("*", "http://anything:99/", Destination::Matched);
        check("*", "http://self.alt/", Destination::Denied);
        check("http://self", "http://self.alt/v1/x", Destination::Own);
        check("http://self", "/v1/x", Destination::Own);
        check("http://self", "http://SELF.alt./v1/x", Destination::Own);
        check("http://self", "https://self.alt/v1/x", Destination::Denied);
        check("http://self", "http://127.0.0.1/", Destination::Denied);
        check("https://*:*", "https://self.alt/v1/x", Destination::Denied);
    }

    #[test]
    fn a_host_that_is_named_is_named_beside_patterns() {
        let entries = ["http://*:*", "http://127.0.0.1:*"].map(str::to_owned);
        let hosts = AllowedHosts::parse(&entries).expect("valid entries");
        let destination = |uri: &str| hosts.destination(&uri.parse().expect("valid uri"));
        assert_eq!(destination("http://127.0.0.1:80/"), Destination::Named);
        assert_eq!(destination("http://localhost:80/"), Destination::Matched);
    }

    #[test]
    fn databases_are_not_this_server() {
        let hosts = |entry: &str| AllowedHosts::parse(&[entry.to_owned()]).expect("valid entry");
        assert!(hosts("postgres://db").allow("postgres", "db", 5432));
        assert!(!hosts("postgres://db").allow("postgres", "db", 5433));
        assert!(!hosts("https://db:5432").allow("postgres", "db", 5432));
        assert!(!hosts("http://self").allow("postgres", "self", 5432));
        assert!(hosts("*").allow("postgres", "db", 5433));
    }

    #[test]
    fn malformed_entries_are_refused() {
        for entry in
            ["api.test", "https://", "https://a/b", "https://a:x", "https://a.*.b", "https://u@h"]
        {
            assert!(AllowedHosts::parse(&[entry.to_owned()]).is_err(), "{entry}");
        }
    }
}
