//! Connections for requests of guests. The addresses are filtered after the name is resolved and
//! before the connection is made.

use crate::config::addresses::Filter;
use http::Uri;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder, MaybeHttpsStream};
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::connect::dns::Name;
use hyper_util::rt::TokioIo;
use rustls::ClientConfig;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::net::{TcpStream, lookup_host};
use tower_service::Service;

type BoxError = Box<dyn std::error::Error + Send + Sync>;
type Work<T> = Pin<Box<dyn Future<Output = Result<T, BoxError>> + Send>>;

/// The longest time to connect, to the first byte of the answer, and between two pieces of it. A
/// guest may ask for less.
pub(super) const MAX_TIMEOUT: Duration = Duration::from_secs(60);

tokio::task_local! {
    /// The time to connect, TLS included. The pool of hyper-util has no other way to tell a
    /// connector about the request that it connects for.
    pub(super) static CONNECT_TIME: Duration;
}

/// The host has no address that may be connected to.
#[derive(Debug)]
pub(super) struct Prohibited;

impl std::fmt::Display for Prohibited {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("no request may be sent to this address")
    }
}

impl std::error::Error for Prohibited {}

/// Connects to addresses that a filter allows.
#[derive(Clone)]
pub(super) struct Connector {
    filter: Filter,
    inner: HttpsConnector<HttpConnector<Resolver>>,
}

impl Connector {
    /// Every address must pass `filter`.
    pub(super) fn new(filter: Filter, tls: ClientConfig) -> Self {
        let mut http = HttpConnector::new_with_resolver(Resolver(filter.clone()));
        http.enforce_http(false);
        http.set_nodelay(true);
        let https = HttpsConnectorBuilder::new().with_tls_config(tls);
        Self { filter, inner: https.https_or_http().enable_http1().wrap_connector(http) }
    }
}

impl Service<Uri> for Connector {
    type Response = MaybeHttpsStream<TokioIo<TcpStream>>;
    type Error = BoxError;
    type Future = Work<Self::Response>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        // If the host is an address, then hyper-util does not ask the resolver. So it is checked
        // here.
        let host = uri.host().unwrap_or_default().trim_matches(['[', ']']);
        if host.parse().is_ok_and(|address| !self.filter.allows(address)) {
            return Box::pin(async { Err(Prohibited.into()) });
        }
        let time = CONNECT_TIME.try_with(|time| *time).unwrap_or(MAX_TIMEOUT);
        let connection = self.inner.call(uri);
        Box::pin(async move { tokio::time::timeout(time, connection).await? })
    }
}

/// Resolves a name to those of its addresses that a filter allows.
#[derive(Clone)]
struct Resolver(Filter);

impl Service<Name> for Resolver {
    type Response = std::vec::IntoIter<SocketAddr>;
    type Error = BoxError;
    type Future = Work<Self::Response>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, name: Name) -> Self::Future {
        let filter = self.0.clone();
        Box::pin(async move {
            let found = lookup_host((name.as_str(), 0)).await?;
            let allowed: Vec<_> = found.filter(|found| filter.allows(found.ip())).collect();
            match allowed.is_empty() {
                true => Err(Prohibited.into()),
                false => Ok(allowed.into_iter()),
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::addresses::Blocked;

    /// Every spelling of an address of this machine that the system's resolver accepts.
    #[tokio::test]
    async fn no_spelling_leads_home() {
        let filter = Filter::Public(Blocked::default());
        for host in [
            "127.0.0.1",
            "[::1]",
            "[::ffff:127.0.0.1]",
            "[::ffff:7f00:1]",
            "[64:ff9b::7f00:1]",
            "0",
            "0x7f.1",
            "0x7f000001",
            "0177.0.0.1",
            "127.1",
            "2130706433",
            "localhost",
            "LOCALHOST",
        ] {
            let mut connector = Connector::new(filter.clone(), tls());
            let uri = format!("http://{host}:9/").parse().expect("a uri");
            let error = connector.call(uri).await.expect_err(host);
            let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(&*error);
            while cause.is_some_and(|cause| !cause.is::<Prohibited>()) {
                cause = cause.and_then(std::error::Error::source);
            }
            assert!(cause.is_some(), "{host}: {error:?}");
        }
    }

    fn tls() -> ClientConfig {
        crate::system::tls::client(rustls::RootCertStore::empty()).expect("a configuration")
    }
}
