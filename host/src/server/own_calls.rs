//! Calls of this server's operations by the runner itself. They need no connection.

use crate::http::body::incoming::Incoming;
use crate::http::body::response::ResponseBody;
use crate::http::routes::Routes;
use crate::placements::Target;
use crate::placements::fused::Answer;
use crate::system::metrics::Metrics;
use anyhow::{Context as _, bail};
use bytes::Bytes;
use http::uri::PathAndQuery;
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Empty, Limited};
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// The longest answer, in bytes.
const ANSWER: usize = 64 << 10;

/// The operations of a server, as the runner calls them.
#[derive(Clone)]
pub(crate) struct OwnCalls {
    /// The same routes that clients' requests take.
    routes: Arc<Routes<(Arc<String>, Target)>>,
    metrics: Metrics,
    /// The limit for receiving the body of a call, which has none.
    time: Duration,
    /// Calls that are under way.
    running: TaskTracker,
    /// Cancelled when no other call may begin.
    closing: CancellationToken,
}

impl OwnCalls {
    /// No call is under way. `time` is the limit of a request.
    pub(crate) fn new(
        routes: Arc<Routes<(Arc<String>, Target)>>,
        metrics: Metrics,
        time: Duration,
    ) -> Self {
        let (running, closing) = (TaskTracker::new(), CancellationToken::new());
        Self { routes, metrics, time, running, closing }
    }

    /// Lets no other call begin, and waits for those that are under way.
    pub(crate) async fn finish(&self) {
        self.closing.cancel();
        self.running.close();
        self.running.wait().await;
    }

    /// Calls `POST target` with the operator's credential, and returns the body of the answer. Never
    /// returns if the server closes: then the caller is dropped.
    ///
    /// # Errors
    ///
    /// There is no such operation, or it was not answered with 200.
    pub(crate) async fn post(&self, target: &str, token: &str) -> anyhow::Result<Vec<u8>> {
        if self.closing.is_cancelled() {
            return std::future::pending().await;
        }
        self.running.track_future(self.call(target, token)).await
    }

    async fn call(&self, target: &str, token: &str) -> anyhow::Result<Vec<u8>> {
        let target: PathAndQuery = target.parse()?;
        let found = self.routes.find(target.path());
        let (route, (component, to)) = found.context("no component has this path")?;
        let (status, body) = match to {
            Target::Fused(fused) => {
                fused.call_directly(target.path(), target.query().unwrap_or_default(), token).await
            }
            Target::Composed(composed) => {
                let body = Empty::<Bytes>::new().map_err(|never| match never {}).boxed_unsync();
                let request = Request::post(target.as_str())
                    .header("host", "localhost")
                    .header("authorization", format!("Bearer {token}"))
                    .body(Incoming::Own(body, self.time))?;
                let peer = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
                received(composed.handle(peer, route, request).await).await
            }
        };
        let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        self.metrics.answered(component.clone(), status);
        match body {
            Ok(body) if status == StatusCode::OK => Ok(body),
            Ok(_) => bail!("answered {status}"),
            Err(cause) => bail!("answered {status}: {cause}"),
        }
    }
}

/// Receives the whole answer.
async fn received(response: Response<ResponseBody>) -> Answer {
    let status = response.status().as_u16();
    let body = Limited::new(response.into_body(), ANSWER).collect().await;
    (status, body.map(|body| body.to_bytes().into()).map_err(|error| error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn no_call_begins_after_the_end() {
        let routes = Arc::new(Routes::new(Vec::new()).expect("no routes"));
        let calls = OwnCalls::new(routes, Metrics::default(), Duration::from_secs(1));
        let refused = calls.post("/internal/tick", "secret").await.expect_err("there is no route");
        assert!(!format!("{refused:#}").contains("secret"));
        calls.finish().await;
        let late = calls.post("/internal/tick", "secret");
        assert!(tokio::time::timeout(Duration::from_secs(60), late).await.is_err());
    }
}
