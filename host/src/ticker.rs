//! Calls `POST /internal/tick` of the bundle once a minute, as any scheduler would: work that
//! is due is done by a function, so it is done on Spin too, where something else calls.

use crate::log::Sink;
use crate::variables::Variables;
use http::{Method, Request, StatusCode};
use http_body_util::Empty;
use hyper_util::rt::TokioIo;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::net::TcpStream;

/// The operation that does what is due.
pub(crate) const PATH: &str = "/internal/tick";
/// The variable that holds its credential.
const TOKEN: &str = "tick_token";
/// Between two calls. Hosts that start together drift apart by up to [`JITTER`] each time.
const PERIOD: Duration = Duration::from_secs(60);
const JITTER: Duration = Duration::from_secs(10);
/// Time for one call.
const PATIENCE: Duration = Duration::from_secs(60);

/// The credential: what the operator set, or one for this process alone. `None` when the
/// manifest has no such variable.
pub(crate) fn token(variables: &mut Variables) -> Option<String> {
    let given = variables.get(TOKEN)?;
    if given.is_empty() {
        let mut bytes = [0; 32];
        getrandom::fill(&mut bytes).expect("the operating system has randomness");
        let made: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        variables.set(TOKEN, made);
    }
    variables.get(TOKEN).map(str::to_owned)
}

/// Calls for as long as the task is not aborted.
pub(crate) async fn run(own: SocketAddr, token: String, log: Sink) {
    loop {
        let mut noise = [0; 2];
        let _ = getrandom::fill(&mut noise);
        let share = f64::from(u16::from_le_bytes(noise)) / f64::from(u16::MAX);
        tokio::time::sleep(PERIOD + JITTER.mul_f64(share)).await;
        match tokio::time::timeout(PATIENCE, call(own, &token)).await {
            Ok(Ok(StatusCode::OK)) => {}
            Ok(Ok(status)) => log.event("warn", None, &format!("{PATH} answered {status}")),
            Ok(Err(error)) => log.event("warn", None, &format!("{PATH}: {error}")),
            Err(_) => log.event("warn", None, &format!("{PATH} took too long")),
        }
    }
}

async fn call(own: SocketAddr, token: &str) -> anyhow::Result<StatusCode> {
    let stream = TokioIo::new(TcpStream::connect(own).await?);
    let (mut sender, connection) = hyper::client::conn::http1::handshake(stream).await?;
    let connection = tokio::spawn(connection);
    let request = Request::builder()
        .method(Method::POST)
        // The stores of the runner expire by themselves.
        .uri(format!("{PATH}?key_values=expire"))
        .header("host", own.to_string())
        .header("authorization", format!("Bearer {token}"))
        .body(Empty::<bytes::Bytes>::new())?;
    let status = sender.send_request(request).await?.status();
    connection.abort();
    Ok(status)
}
