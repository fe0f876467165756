//! Outbound `wasi:http`, restricted to the component's `allowed_outbound_hosts`.

use crate::config::hosts::Destination;
use crate::guest::grants::Grants;
use crate::guest::outbound::{Answer, HostGrant, OwnServer};
use http::Uri;
use http::uri::{PathAndQuery, Scheme};
use std::sync::Arc;
use wasmtime_wasi_http::{Error, RequestOptions, WasiBody, WasiHttpHooks};

/// Sends the requests of one component.
pub(crate) struct Outbound {
    grants: Arc<Grants>,
    /// The server that `http://self` leads to. `None` for a function whose gateway is native,
    /// because the grant is for the gateway's own calls.
    own: Option<OwnServer>,
}

type Work<T> = Box<dyn Future<Output = Result<T, Error>> + Send>;

impl Outbound {
    /// `grants` are those of the component; `own` is its server.
    pub(crate) fn new(grants: Arc<Grants>, own: Option<OwnServer>) -> Self {
        Self { grants, own }
    }

    /// Sends the request to its allowed destination, or refuses it.
    fn send(
        &self,
        mut request: http::Request<WasiBody>,
        options: Option<RequestOptions>,
    ) -> Result<Answer, Error> {
        // Credentials in a URL end up in logs, and make it hard for people to see its host.
        if request.uri().authority().is_some_and(|authority| authority.as_str().contains('@')) {
            return Err(Error::HttpRequestUriInvalid);
        }
        let grant = match self.grants.hosts.destination(request.uri()) {
            Destination::Denied => return Err(Error::HttpRequestDenied),
            Destination::Named => HostGrant::Named,
            Destination::Matched => HostGrant::Matched,
            Destination::Own => {
                let own = self.own.as_ref().ok_or(Error::HttpRequestDenied)?;
                let target = request.uri().path_and_query().cloned();
                let target = target.unwrap_or(PathAndQuery::from_static("/"));
                *request.uri_mut() = Uri::from(target);
                return Ok(Box::pin(own.send(request, options)));
            }
        };
        Ok(Box::pin(self.grants.clients.send(grant, request, options)))
    }
}

impl WasiHttpHooks for Outbound {
    fn default_scheme(&mut self) -> Option<Scheme> {
        // Only a request without authority has no scheme. Such a request goes to this server.
        Some(Scheme::HTTP)
    }

    fn send_request(
        &mut self,
        request: http::Request<WasiBody>,
        options: Option<RequestOptions>,
        _: Work<()>,
    ) -> Work<(http::Response<WasiBody>, Work<()>)> {
        let answer = self.send(request, options);
        Box::new(async move {
            // An error after the head of the answer is reported by the body.
            Ok((answer?.await?, Box::new(std::future::ready(Ok(()))) as Work<()>))
        })
    }
}
