//! Connections for the runner's own work, such as migrations. The operator gives the address, so
//! any form that libpq accepts is allowed.

use super::tls;
use anyhow::Context as _;
use std::time::Duration;
pub(crate) use tokio_postgres::Client;
use tokio_postgres::Config;
use tokio_postgres::config::Host;

/// How long a server may take to accept a connection.
const CONNECT: Duration = Duration::from_secs(5);

/// Connects. The connection ends when the client is dropped.
///
/// # Errors
///
/// One sentence that says where the connection should go, what happened, and what may help. It has
/// no password.
pub(crate) async fn connect(url: &str) -> anyhow::Result<Client> {
    let Ok(mut config) = url.parse::<Config>() else {
        // The parser's own message may repeat a part of the password.
        anyhow::bail!(
            "is not the address of a PostgreSQL database; write postgres://user:password@host:port/database"
        );
    };
    config.application_name("tenantry");
    if config.get_connect_timeout().is_none() {
        config.connect_timeout(CONNECT);
    }
    let tls =
        tls::connector(&crate::system::tls::system_roots(), None).map_err(anyhow::Error::msg)?;
    let place = describe(&config);
    let connected = tokio::time::timeout(CONNECT * 2, config.connect(tls)).await;
    let connected = connected.with_context(|| format!("{place} does not answer"))?;
    let (client, connection) = connected.map_err(|error| {
        let cause = anyhow::Error::new(error);
        let told = format!("{cause:#}");
        let hint = match () {
            () if told.contains("certificate") => {
                "; this machine does not trust the authority of its certificate: if the network to \
                 it is safe, add ?sslmode=disable"
            }
            () if told.contains("refused") => "; is the server running there?",
            () if told.contains("does not exist") => "; create it, or name one that exists",
            () if told.contains("password") => "; check user and password",
            () => "",
        };
        anyhow::anyhow!("{place}: {told}{hint}")
    })?;
    tokio::spawn(connection);
    Ok(client)
}

/// The `host:port` of an address that has one.
pub(crate) fn place(address: &str) -> Option<String> {
    let config: Config = address.parse().ok()?;
    match (config.get_hosts(), config.get_ports()) {
        ([Host::Tcp(host)], ports) => {
            let port = ports.first().copied().unwrap_or(5432);
            Some(match host.parse::<std::net::Ipv6Addr>() {
                Ok(host) => format!("[{host}]:{port}"),
                Err(_) => format!("{host}:{port}"),
            })
        }
        _ => None,
    }
}

/// Host, port, database and user, for messages.
fn describe(config: &Config) -> String {
    let host = match config.get_hosts().first() {
        Some(Host::Tcp(host)) => host.clone(),
        Some(Host::Unix(path)) => path.display().to_string(),
        None => "localhost".to_owned(),
    };
    let port = config.get_ports().first().copied().unwrap_or(5432);
    let database = config.get_dbname().or(config.get_user()).unwrap_or("postgres");
    let user = config.get_user().unwrap_or("postgres");
    format!("{host}:{port}, database {database}, user {user}")
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_place_is_spelled_as_the_manifest_does() {
        for (address, expected) in [
            ("postgres://u:p@db.test/d", Some("db.test:5432")),
            ("postgres://u@127.0.0.1:5433/d", Some("127.0.0.1:5433")),
            ("postgres://u@[::1]:5433/d", Some("[::1]:5433")),
            ("postgres://u@a,b/d", None),
        ] {
            assert_eq!(super::place(address).as_deref(), expected, "{address}");
        }
    }
}
