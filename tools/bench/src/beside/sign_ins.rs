//! A burst of sign-ins. Each hashes a password, which takes 19 MiB and a core.

use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::bail;
use tokio::task::JoinSet;

use super::others::Others;
use crate::client::Connection;
use crate::process::Server;

/// The number of sign-ins in a burst, each on a connection of its own.
const BURST: u64 = 100;
/// A counter for accounts, so that no account is tried twice, because a second try would have to
/// wait.
static ACCOUNTS: AtomicU64 = AtomicU64::new(0);

/// Signs in this many users without an account, at once. The server hashes a password for each of
/// them nevertheless. Some may be told to come again.
pub(super) async fn burst(server: &Server) -> anyhow::Result<Others> {
    let mut sign_ins = JoinSet::new();
    for _ in 0..BURST {
        let connection = Connection::open(server.address()).await?;
        sign_ins.spawn(sign_in(connection, ACCOUNTS.fetch_add(1, Ordering::Relaxed)));
    }
    let mut refused = 0;
    while let Some(status) = sign_ins.join_next().await {
        match status?? {
            401 => {}
            503 => refused += 1,
            status => bail!("a sign-in is answered {status}"),
        }
    }
    Ok(Others { requests: BURST, refused })
}

async fn sign_in(mut connection: Connection, account: u64) -> anyhow::Result<u16> {
    let body = format!(r#"{{"email":"nobody-{account}@bench.test","password":"not what it is"}}"#);
    let request = format!(
        "POST /api/v1/auth/login HTTP/1.1\r\nhost: 127.0.0.1\r\n\
         content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    Ok(connection.exchange(request.as_bytes()).await?.status)
}
