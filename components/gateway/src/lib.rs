//! The only entrance of the bundle. It turns an HTTP request into a call of a function, and the
//! result into an HTTP response.
//!
//! `Gateway::answer` lists all concerns in the order in which a wrong request is refused.
//! Everything is refused by default: an operation that the function does not describe is a 404, and
//! an operation that is not public needs a token.
//!
//! The gateway has no I/O (see [`Platform`]) and no knowledge of any single function. Both are
//! deliberate.

mod access_log;
mod authentication;
mod authorization;
mod calendar;
mod config;
mod content;
mod cors;
mod head;
pub mod holder;
mod hops;
mod idempotency;
mod json;
mod key_set;
#[cfg(any(target_arch = "wasm32", test))]
mod length;
mod lifecycle;
pub mod limits;
mod nearness;
mod platform;
mod proxies;
mod refusals;
mod replicas;
mod representation;
mod revocation;
mod router;
mod scheduler;
mod security;
mod singletons;
mod tenant;
mod trace;
mod versions;

#[cfg(target_arch = "wasm32")]
mod composed;
#[cfg(test)]
mod tests;

pub use head::equivalent_path;
pub use platform::*;
pub use protocol::{
    Body, Caller, Code, Context, Error, Grant, Idempotency, Limit, Location, Operation, Parameter,
    Principal, Relation, Request, Response, Row, Shape, Violation,
};
pub use proxies::Proxy;
pub use security::headers as security_headers;
pub use trace::{is_request_id, new_ids};

use std::net::IpAddr;

use http::request::Parts;

/// The value of `API-Version`: the version of this artifact, whose major is that of the URL (K-17).
pub const API_VERSION: &str = env!("CARGO_PKG_VERSION");

/// The gateway of one function.
pub struct Gateway {
    config: config::Config,
    routes: router::Routes,
    limits: limits::Limits,
    tokens: authentication::Tokens,
}

impl Gateway {
    /// Reads the configuration (Spin variables) and takes the operations that the function
    /// describes.
    ///
    /// # Errors
    /// A sentence for the operator that names the wrong variable or operation.
    pub async fn load<P: Platform>(
        platform: &P,
        operations: Vec<Operation>,
    ) -> Result<Self, String> {
        let config = config::Config::load(platform, &operations).await?;
        Ok(Self {
            routes: router::Routes::new(operations, &config)?,
            limits: limits::Limits::default(),
            tokens: authentication::Tokens::default(),
            config,
        })
    }

    /// Answers one request of `peer`. There is always an answer. The cause of a failure is in the
    /// log, under the trace id that the client got.
    pub async fn handle<P: Platform, B: IncomingBody>(
        &self,
        platform: &P,
        peer: IpAddr,
        parts: Parts,
        body: B,
    ) -> http::Response<Body<P::Stream>> {
        let started = platform.now();
        let mut seen = trace::Seen::new(platform, &self.config, &parts, peer);
        let mut form = representation::Form::new(&self.config, &parts, started);
        let outcome = self.answer(platform, body, &mut form, &mut seen).await;
        if let Err(refusal) = &outcome {
            refusals::note(platform, refusal, &mut seen).await;
        }
        let mut response = representation::render(outcome, form, &mut seen);
        versions::headers(&seen, response.headers_mut());
        self.config.lifecycle.headers(started, &seen, response.headers_mut());
        cors::headers(&self.config, &parts, response.headers_mut());
        security::headers(response.headers_mut());
        platform.log(&access_log::line(&parts, &seen, response.status(), started, platform.now()));
        response
    }

    async fn answer<'a, P: Platform, B: IncomingBody>(
        &'a self,
        platform: &P,
        body: B,
        form: &mut representation::Form<'a>,
        seen: &mut trace::Seen,
    ) -> Result<Response<P::Stream>, Error> {
        let parts = form.parts;
        head::check(parts)?;
        singletons::check(&parts.headers)?;
        if cors::is_preflight(parts) {
            return Ok(cors::preflight());
        }
        let found = self.routes.find(parts, seen);
        self.config.lifecycle.check(platform.now(), seen)?;
        let route = match found? {
            router::Found::Operation(route) => route,
            router::Found::Elsewhere(location) => return Ok(router::elsewhere(location)),
            router::Found::Options(allow) => return Ok(router::options(allow)),
        };
        singletons::check_declared(&parts.headers, route.operation)?;
        versions::check(parts, seen.major)?;
        form.matched(route.operation)?;
        let unlimited = scheduler::calls(&self.config, parts, &route);
        if !unlimited {
            self.limits.address(&self.config, platform.now(), seen)?;
        }
        hops::check(parts, &route)?;
        let caller =
            match self.tokens.authenticate(platform, &self.config, parts, &route, seen).await {
                Ok(caller) => caller,
                Err(error) => {
                    return Err(limits::refused(platform, &self.config, seen, error).await);
                }
            };
        tenant::check(parts, caller.as_ref())?;
        authorization::check(&route, caller.as_ref())?;
        if !unlimited {
            self.limits.identity(platform, &self.config, &route, caller.as_ref(), seen).await?;
        }
        let body = content::read(&self.config, parts, &route, body).await?;
        let body = form.read(&route, body)?;
        let mark = replicas::mark(&self.config, caller.as_ref());
        replicas::choose(platform, &self.config, &route, mark.as_deref(), seen).await;
        let outcome =
            idempotency::once(platform, &self.config, form, &route, caller, body, seen).await;
        replicas::note(platform, &self.config, &route, mark.as_deref(), &outcome, seen).await;
        outcome
    }
}
