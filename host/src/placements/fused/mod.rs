//! The fused placement: the gateway library runs natively and calls the typed export of the
//! route component, one pooled instance for each request.

pub(crate) mod bindings;
mod call;
mod convert;
mod direct;
mod function;
mod platform;

pub(crate) use direct::Answer;
pub(crate) use function::{Function, Keyring};

use crate::http::body::incoming::Incoming;
use crate::http::body::response::ResponseBody;
use gateway::Gateway;
use std::net::IpAddr;
use std::sync::Arc;

/// A function behind its gateway.
pub(crate) struct Fused {
    gateway: Gateway,
    function: Arc<Function>,
}

impl Fused {
    /// Loads the gateway of the function. The keyring must be complete before that.
    pub(crate) async fn new(function: Arc<Function>) -> anyhow::Result<Self> {
        let operations = function.operations().to_vec();
        let gateway = Gateway::load(&*function, operations)
            .await
            .map_err(|error| anyhow::anyhow!("component {}: gateway: {error}", function.name()))?;
        Ok(Self { gateway, function })
    }

    /// Calls an operation of the function for the runner itself, past the gateway.
    pub(crate) async fn call_directly(&self, path: &str, query: &str, token: &str) -> Answer {
        self.function.call_directly(path, query, token).await
    }

    /// Answers a request of `peer`.
    pub(crate) async fn handle(
        &self,
        peer: IpAddr,
        parts: http::request::Parts,
        body: Incoming,
    ) -> http::Response<ResponseBody> {
        let response = self.gateway.handle(&*self.function, peer, parts, body).await;
        response.map(|body| match body {
            gateway::Body::Empty => ResponseBody::Full(None),
            gateway::Body::Bytes(bytes) => ResponseBody::full(bytes),
            gateway::Body::Streaming(stream) => ResponseBody::Stream(stream),
        })
    }
}
