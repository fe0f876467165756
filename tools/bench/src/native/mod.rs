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
mod caller;
mod create;
mod creation;
mod cursor;
mod external;
mod limits;
pub(crate) mod moment;
mod problem;
mod project;
mod projects;
mod receipt;
mod request_record;
mod store;
mod tokens;
mod trace;

use std::convert::Infallible;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::TcpListener;

pub(crate) use external::External;
pub(crate) use limits::Quota;

/// The time for the head of a request, which is that of the runner.
const HEAD_TIME: Duration = Duration::from_secs(30);

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
