//! Outbound `wasi:http`, restricted to the component's `allowed_outbound_hosts`.

use crate::config::hosts::Destination;
use crate::guest::grants::Grants;
use crate::guest::outbound::Reach;
use http::uri::{Authority, PathAndQuery, Scheme};
use std::net::SocketAddr;
use std::sync::Arc;
use wasmtime_wasi_http::{Error, RequestOptions, WasiBody, WasiHttpHooks};

/// Sends the requests of one component.
pub(crate) struct Outbound {
    grants: Arc<Grants>,
    /// The address that `http://self` leads to. `None` for a function whose gateway is native,
    /// because the grant is for the gateway's own calls.
    own: Option<SocketAddr>,
}

type Work<T> = Box<dyn Future<Output = Result<T, Error>> + Send>;

impl Outbound {
    /// `grants` are those of the component; `own` is the address of the server.
    pub(crate) fn new(grants: Arc<Grants>, own: Option<SocketAddr>) -> Self {
        Self { grants, own }
    }

    /// Directs the request to its allowed destination, or refuses it.
    fn direct(&self, request: &mut http::Request<WasiBody>) -> Result<Reach, Error> {
        // Credentials in a URL end up in logs, and make it hard for people to see its host.
        if request.uri().authority().is_some_and(|authority| authority.as_str().contains('@')) {
            return Err(Error::HttpRequestUriInvalid);
        }
        match self.grants.hosts.destination(request.uri()) {
            Destination::Denied => Err(Error::HttpRequestDenied),
            Destination::Named => Ok(Reach::Named),
            Destination::Matched => Ok(Reach::Matched),
            Destination::Own => {
                let own = self.own.ok_or(Error::HttpRequestDenied)?;
                let authority = Authority::try_from(own.to_string());
                let authority = authority.map_err(|_| Error::HttpRequestUriInvalid)?;
                let host = http::HeaderValue::try_from(authority.as_str());
                let host = host.map_err(|_| Error::HttpRequestUriInvalid)?;
                let mut parts = std::mem::take(request.uri_mut()).into_parts();
                parts.scheme = Some(Scheme::HTTP);
                parts.authority = Some(authority);
                parts.path_and_query.get_or_insert(PathAndQuery::from_static("/"));
                let uri = http::Uri::from_parts(parts);
                *request.uri_mut() = uri.map_err(|_| Error::HttpRequestUriInvalid)?;
                request.headers_mut().insert(http::header::HOST, host);
                Ok(Reach::Own)
            }
        }
    }
}

impl WasiHttpHooks for Outbound {
    fn default_scheme(&mut self) -> Option<Scheme> {
        // Only a request without authority has no scheme. Such a request goes to this server.
        Some(Scheme::HTTP)
    }

    fn send_request(
        &mut self,
        mut request: http::Request<WasiBody>,
        options: Option<RequestOptions>,
        _: Work<()>,
    ) -> Work<(http::Response<WasiBody>, Work<()>)> {
        let answer = self
            .direct(&mut request)
            .map(|reach| self.grants.clients.send(reach, request, options));
        Box::new(async move {
            // An error after the head of the answer is reported by the body.
            Ok((answer?.await?, Box::new(std::future::ready(Ok(()))) as Work<()>))
        })
    }
}
