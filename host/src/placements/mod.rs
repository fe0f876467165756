//! The two places of the gateway, and with it the two ways to answer a request. In `fused/` the
//! gateway is native and calls the typed export of a function. In `composed/` it is a part of the
//! component, which answers `wasi:http` (see ARCHITECTURE.md). Both take instances from a pool, which
//! `admission/` lets them do, and both leave work after an answer to `background.rs`.

mod admission;
pub(crate) mod background;
pub(crate) mod composed;
pub(crate) mod fused;
mod pool;
pub(crate) mod work_due;

use crate::http::body::incoming::Incoming;
use crate::http::body::response::ResponseBody;
use crate::http::routes::Route;
use composed::Composed;
use fused::Fused;
use http::{Request, Response};
use std::net::SocketAddr;
use std::sync::Arc;

/// The kind of component that answers a route.
#[derive(Clone)]
pub(crate) enum Target {
    /// A route component behind the native gateway.
    Fused(Arc<Fused>),
    /// A `wasi:http` component.
    Composed(Arc<Composed>),
}

impl Target {
    /// Answers a request of `peer` that came in by `route`.
    pub(crate) async fn answer(
        &self,
        peer: SocketAddr,
        route: &Route,
        request: Request<Incoming>,
    ) -> Response<ResponseBody> {
        match self {
            Self::Fused(fused) => {
                let (parts, body) = request.into_parts();
                fused.handle(peer.ip(), parts, body).await
            }
            Self::Composed(composed) => composed.handle(peer, route, request).await,
        }
    }
}
