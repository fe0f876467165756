//! Tests of sessions, pools and transactions against a real server.
//!
//! `DATABASE_URL` names the server; without it, the server of this machine is used. The tests leave
//! nothing behind: they make only temporary tables.

mod pools;
mod sessions;
mod statements;
mod transactions;

use super::{Connection, Pools};
use crate::config::hosts::AllowedHosts;
use crate::stores::postgres::bindings::{
    DbError, DbValue, Error, ParameterValue, QueryError, RowSet,
};
use std::time::Duration;
use tokio_postgres::config::Host;

/// A pool of so many connections to the server.
///
/// # Panics
/// If there is no server. Then `scripts/test` leaves these tests out, and says so.
pub(super) async fn database(connections: usize) -> Database {
    let default = "postgres://postgres@127.0.0.1:5432/postgres?sslmode=disable";
    let address = std::env::var("DATABASE_URL").unwrap_or_else(|_| default.to_owned());
    let database = Database::new(&address, connections);
    let answer = database.open().query("SELECT 1".to_owned(), Vec::new()).await;
    answer.unwrap_or_else(|error| panic!("this needs PostgreSQL (scripts/stores): {error:?}"));
    database
}

pub(super) struct Database {
    pools: Pools,
    hosts: AllowedHosts,
    address: String,
}

impl Database {
    fn new(address: &str, connections: usize) -> Self {
        let mut pools = Pools::new(connections.try_into().ok(), Duration::from_secs(20));
        pools.wait = Duration::from_secs(5);
        let hosts = AllowedHosts::parse(&["postgres://*:*".to_owned()]).expect("valid entry");
        Self { pools, hosts, address: address.to_owned() }
    }

    /// The first host and port of the address.
    fn place(&self) -> (String, u16) {
        let config: tokio_postgres::Config = self.address.parse().expect("an address");
        match &config.get_hosts()[0] {
            Host::Tcp(host) => (host.clone(), config.get_ports().first().copied().unwrap_or(5432)),
            Host::Unix(path) => panic!("{}", path.display()),
        }
    }

    /// The same database, reached through another port of this machine.
    fn through(&self, port: u16) -> Self {
        let (host, old) = self.place();
        let address = self.address.replace(&format!("{host}:{old}"), &format!("127.0.0.1:{port}"));
        Self::new(&address, 1)
    }

    pub(super) fn open(&self) -> Connection {
        self.pools.open(&self.hosts, &self.address, None).expect("permitted")
    }
}

async fn execute(connection: &Connection, sql: &str) -> Result<u64, Error> {
    connection.execute(sql.to_owned(), Vec::new()).await
}

async fn rows(connection: &Connection, sql: &str) -> Result<RowSet, Error> {
    connection.query(sql.to_owned(), Vec::new()).await
}

/// The only value of a result, as text.
#[track_caller]
fn only(rows: Result<RowSet, Error>) -> String {
    match rows.expect("a result").rows.as_slice() {
        [row] => match row.as_slice() {
            [DbValue::Str(text)] => text.clone(),
            [DbValue::Int32(number)] => number.to_string(),
            [DbValue::Int64(number)] => number.to_string(),
            [DbValue::Boolean(value)] => value.to_string(),
            other => panic!("{other:?}"),
        },
        other => panic!("{other:?}"),
    }
}

#[track_caller]
fn code<T: std::fmt::Debug>(result: Result<T, Error>) -> String {
    match result {
        Err(Error::QueryFailed(QueryError::DbError(DbError { code, .. }))) => code,
        other => panic!("{other:?}"),
    }
}

#[track_caller]
fn words<T: std::fmt::Debug>(result: Result<T, Error>) -> String {
    match result {
        Err(Error::QueryFailed(QueryError::Text(text)) | Error::ConnectionFailed(text)) => text,
        other => panic!("{other:?}"),
    }
}

const PID: &str = "SELECT pg_backend_pid()";
/// Selects the id of the transaction, which changes with each transaction.
const XID: &str = "SELECT txid_current()::text";
