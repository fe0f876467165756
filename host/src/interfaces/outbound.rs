//! Outbound `wasi:http`, restricted to the component's `allowed_outbound_hosts`.

use crate::grants::Grants;
use crate::hosts::Destination;
use http::uri::{Authority, PathAndQuery, Scheme};
use http_body_util::BodyExt;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use wasmtime_wasi_http::{Error, RequestOptions, WasiBody, WasiHttpHooks};

/// How long a guest's request may take to connect, to begin its answer, and between two
/// pieces of it, unless the guest asks for less.
const LONGEST: Duration = Duration::from_secs(60);

/// Sends the requests of one component.
pub(crate) struct Outbound {
    grants: Arc<Grants>,
    /// Where `http://self` leads.
    own: SocketAddr,
}

type Work<T> = Box<dyn Future<Output = Result<T, Error>> + Send>;

impl Outbound {
    /// For the component with these grants, on the server at `own`.
    pub(crate) fn new(grants: Arc<Grants>, own: SocketAddr) -> Self {
        Self { grants, own }
    }

    /// Points the request at where it may go, or refuses it.
    fn direct(&self, request: &mut http::Request<WasiBody>) -> Result<(), Error> {
        match self.grants.hosts.destination(request.uri()) {
            Destination::Denied => Err(Error::HttpRequestDenied),
            Destination::Outside => Ok(()),
            Destination::Own => {
                let authority = Authority::try_from(self.own.to_string());
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
                Ok(())
            }
        }
    }
}

impl WasiHttpHooks for Outbound {
    fn default_scheme(&mut self) -> Option<Scheme> {
        // Only a request without authority has no scheme, and that one goes to this server.
        Some(Scheme::HTTP)
    }

    fn send_request(
        &mut self,
        mut request: http::Request<WasiBody>,
        options: Option<RequestOptions>,
        _: Work<()>,
    ) -> Work<(http::Response<WasiBody>, Work<()>)> {
        let directed = self.direct(&mut request);
        let shorter = |asked: Option<Duration>| Some(asked.unwrap_or(LONGEST).min(LONGEST));
        let asked = options.unwrap_or_default();
        let options = RequestOptions {
            connect_timeout: shorter(asked.connect_timeout),
            first_byte_timeout: shorter(asked.first_byte_timeout),
            between_bytes_timeout: shorter(asked.between_bytes_timeout),
        };
        Box::new(async move {
            directed?;
            let (response, io) =
                wasmtime_wasi_http::default_send_request(request, Some(options)).await?;
            Ok((response.map(BodyExt::boxed_unsync), Box::new(io) as Work<()>))
        })
    }
}
