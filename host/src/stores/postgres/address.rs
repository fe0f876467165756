//! The address that a guest connects to, without the password.

use crate::config::hosts::AllowedHosts;
use crate::stores::postgres::bindings::Error;
use std::fmt;
use std::net::{IpAddr, Ipv6Addr};
use std::time::Duration;
use tokio_postgres::Config;
use tokio_postgres::config::Host;

/// How long a server may take to accept a connection.
const CONNECT: Duration = Duration::from_secs(5);
/// How long a connection may be silent before a keepalive checks that it still lives.
const KEEPALIVE: Duration = Duration::from_secs(30);
/// How long sent data may stay unacknowledged before the connection counts as dead.
const UNACKNOWLEDGED: Duration = Duration::from_secs(15);
/// The port of an address without one.
const PORT: u16 = 5432;

/// A parsed address.
pub(super) struct Address {
    pub(super) config: Config,
    /// Host names and addresses with their ports.
    places: Vec<(String, u16)>,
}

impl Address {
    /// Reads a `postgres://` URL or a `key=value` text. Sets options that the address leaves open.
    pub(super) fn parse(address: &str) -> Result<Self, Error> {
        // The parser's own message may repeat a part of the password.
        let Ok(mut config) = address.parse::<Config>() else {
            let message = "the address is neither a postgres:// URL nor a key=value text";
            return Err(Error::ConnectionFailed(message.to_owned()));
        };
        let port = |index: usize| {
            let ports = config.get_ports();
            ports.get(index).or(ports.first()).copied().unwrap_or(PORT)
        };
        let mut places = Vec::new();
        for (index, host) in config.get_hosts().iter().enumerate() {
            match host {
                Host::Tcp(host) => places.push((name(host), port(index))),
                Host::Unix(_) => {
                    let message = "Unix sockets cannot be reached from a component";
                    return Err(Error::ConnectionFailed(message.to_owned()));
                }
            }
        }
        // If there is a `hostaddr`, then the connection goes there, whatever `host` says.
        for (index, address) in config.get_hostaddrs().iter().enumerate() {
            places.push((name(&address.to_string()), port(index)));
        }
        if places.is_empty() {
            return Err(Error::ConnectionFailed("the address names no host".to_owned()));
        }
        if config.get_connect_timeout().is_none() {
            config.connect_timeout(CONNECT);
        }
        if config.get_tcp_user_timeout().is_none() {
            config.tcp_user_timeout(UNACKNOWLEDGED);
        }
        if config.get_keepalives_idle() > KEEPALIVE {
            config.keepalives_idle(KEEPALIVE);
        }
        if config.get_application_name().is_none() {
            config.application_name("tenantry");
        }
        Ok(Self { config, places })
    }

    /// Whether the manifest grants every host of the address.
    pub(super) fn check(&self, hosts: &AllowedHosts) -> Result<(), Error> {
        match self.places.iter().find(|(host, port)| !hosts.allow("postgres", host, *port)) {
            None => Ok(()),
            Some((host, port)) => Err(Error::ConnectionFailed(format!(
                "address postgres://{host}:{port} is not permitted"
            ))),
        }
    }

    /// How long connecting may take, for all hosts of the address together.
    pub(super) fn time_to_connect(&self) -> Duration {
        let one = self.config.get_connect_timeout().copied().unwrap_or(CONNECT);
        one.saturating_mul(u32::try_from(self.places.len()).unwrap_or(1))
    }
}

/// A host in the form of `allowed_outbound_hosts`, with an IPv6 address in brackets.
fn name(host: &str) -> String {
    match host.parse::<Ipv6Addr>().map(IpAddr::V6) {
        Ok(address) => format!("[{address}]"),
        Err(_) => host.to_ascii_lowercase(),
    }
}

/// Shows the places, the database and the user, for messages.
impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, (host, port)) in self.places.iter().enumerate() {
            write!(f, "{}{host}:{port}", if index > 0 { ", " } else { "" })?;
        }
        if let Some(database) = self.config.get_dbname() {
            write!(f, ", database {database}")?;
        }
        match self.config.get_user() {
            Some(user) => write!(f, ", user {user}"),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(entries: &[&str], address: &str) -> Result<(), String> {
        let entries: Vec<_> = entries.iter().map(|entry| (*entry).to_owned()).collect();
        let hosts = AllowedHosts::parse(&entries).expect("valid entries");
        match Address::parse(address).and_then(|address| address.check(&hosts)) {
            Ok(()) => Ok(()),
            Err(Error::ConnectionFailed(message)) => Err(message),
            Err(error) => panic!("{error:?}"),
        }
    }

    #[test]
    fn every_host_must_be_granted() {
        let local = ["postgres://127.0.0.1:5432"];
        assert_eq!(check(&local, "postgres://u:geheim@127.0.0.1/d"), Ok(()));
        assert_eq!(check(&local, "postgresql://u@127.0.0.1:5432/d?sslmode=disable"), Ok(()));
        assert_eq!(check(&local, "host=127.0.0.1 user=u password=geheim"), Ok(()));
        assert_eq!(check(&["postgres://[::1]"], "postgres://u@[::1]/d"), Ok(()));
        assert_eq!(check(&["postgres://*.test"], "postgres://u@Db.Test/d"), Ok(()));
        assert_eq!(check(&["*://*:*"], "postgres://u@db.test:99/d"), Ok(()));
        for (address, host) in [
            ("postgres://u:geheim@127.0.0.1:5433/d", "127.0.0.1:5433"),
            ("postgres://u:geheim@127.0.0.1,db.test/d", "db.test:5432"),
            ("host=127.0.0.1,db.test port=5432", "db.test:5432"),
            ("host=127.0.0.1 hostaddr=10.0.0.7", "10.0.0.7:5432"),
        ] {
            let refused = Err(format!("address postgres://{host} is not permitted"));
            assert_eq!(check(&local, address), refused, "{address}");
        }
        assert!(check(&["http://127.0.0.1:5432"], "postgres://u@127.0.0.1/d").is_err());
    }

    #[test]
    fn other_addresses_are_refused_without_repeating_them() {
        for address in
            ["postgres:///d?host=/run/postgresql", "user=u", "", "x", "host=h password=a geheim=x"]
        {
            let message = check(&["*"], address).expect_err(address);
            assert!(!message.contains("geheim"), "{message}");
        }
    }

    #[test]
    fn the_password_is_not_told() {
        let address = Address::parse("postgres://u:geheim@db.test/d").expect("valid");
        assert_eq!(address.to_string(), "db.test:5432, database d, user u");
    }
}
