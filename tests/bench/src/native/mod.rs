//! The baseline: the projects API as one would write it with hyper, and with rusqlite or with
//! tokio-postgres and Redis.
//!
//! For each request it does the work of the gateway and the function, and gives the same answers
//! (`check/` compares them). But it is one program without layers. `app.rs` has the steps of a
//! request, and each step has a file. `store/` and `buckets/` have the differences between the two
//! kinds of stores.

mod access_log;
mod app;
mod buckets;
mod create;
mod cursor;
mod limits;
mod problem;
mod projects;
mod receipt;
mod store;
mod tokens;
mod trace;

use std::convert::Infallible;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use clap::Args;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::TcpListener;

pub(crate) use limits::Quota;

/// The time for the head of a request, which is that of the runner.
const HEAD_TIME: Duration = Duration::from_secs(30);

/// Stores that several servers share, in place of the files.
#[derive(Args)]
pub(crate) struct External {
    /// The URL of PostgreSQL, with the role of the functions.
    #[arg(long, value_name = "URL", required = false, requires = "redis_url")]
    postgres_url: String,
    /// Maximum number of connections to PostgreSQL.
    #[arg(long, default_value = "32", value_name = "COUNT")]
    connections: usize,
    /// The URL of Redis.
    #[arg(long, value_name = "URL", required = false, requires = "postgres_url")]
    redis_url: String,
    /// A prefix of every key in Redis.
    #[arg(long, default_value = "")]
    redis_prefix: String,
}

/// Serves the databases in `data`, or the external stores if they are given, until the process is
/// killed.
///
/// # Errors
/// If the address or a store cannot be opened.
pub(crate) async fn serve(
    listen: SocketAddr,
    data: &Path,
    external: Option<&External>,
    of_address: Quota,
    of_class: Quota,
) -> anyhow::Result<()> {
    let app = Arc::new(app::App::open(data, external, of_address, of_class).await?);
    let listener = TcpListener::bind(listen).await?;
    loop {
        let (stream, peer) = listener.accept().await?;
        stream.set_nodelay(true)?;
        let app = app.clone();
        let service = service_fn(move |request| {
            let app = app.clone();
            async move { Ok::<_, Infallible>(app.handle(peer.ip(), request).await) }
        });
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(HEAD_TIME)
            .pipeline_flush(true)
            .serve_connection(TokioIo::new(stream), service);
        tokio::spawn(connection);
    }
}

/// Milliseconds since the Unix epoch.
pub(crate) fn now() -> u64 {
    micros() / 1000
}

/// Microseconds since the Unix epoch.
fn micros() -> u64 {
    let elapsed = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(elapsed.as_micros()).unwrap_or(u64::MAX)
}

/// `2026-11-21T09:30:00.000Z` from milliseconds since the Unix epoch.
fn rfc3339(ms: u64) -> String {
    use time::format_description::well_known::{Iso8601, iso8601};
    const FORMAT: iso8601::EncodedConfig = iso8601::Config::DEFAULT
        .set_time_precision(iso8601::TimePrecision::Second {
            decimal_digits: std::num::NonZeroU8::new(3),
        })
        .encode();
    time::OffsetDateTime::from_unix_timestamp_nanos(i128::from(ms) * 1_000_000)
        .ok()
        .and_then(|time| time.format(&Iso8601::<FORMAT>).ok())
        .unwrap_or_default()
}

/// `Sat, 21 Nov 2026 09:30:00 GMT` from milliseconds since the Unix epoch.
fn http_date(ms: u64) -> String {
    const FORMAT: &[time::format_description::BorrowedFormatItem<'_>] = time::macros::format_description!(
        "[weekday repr:short], [day] [month repr:short] [year] [hour]:[minute]:[second] GMT"
    );
    time::OffsetDateTime::from_unix_timestamp((ms / 1000).cast_signed())
        .ok()
        .and_then(|time| time.format(&FORMAT).ok())
        .unwrap_or_default()
}

/// Lower-case hex digits.
fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digit = |nibble: u8| char::from(DIGITS[usize::from(nibble)]);
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}

/// A new identifier: a prefix, 48 bits of milliseconds and 80 random bits in base62.
fn id(prefix: &str) -> Result<String, problem::Problem> {
    let mut random = [0; 16];
    getrandom::fill(&mut random[6..]).map_err(problem::internal)?;
    let number = u128::from(now()) << 80 | u128::from_be_bytes(random);
    Ok(format!("{prefix}_{:0>22}", base62::encode(number)))
}
