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
mod call;
mod content;
mod cors;
mod head;
pub mod holder;
mod hops;
mod idempotency;
mod json;
mod key_set;
pub mod length;
mod lifecycle;
pub mod limits;
mod local_request;
mod platform;
mod proxies;
mod public_url;
mod record;
mod refusals;
mod replicas;
mod representation;
mod revocation;
mod router;
mod scheduler;
mod security;
mod settings;
mod singletons;
mod tenant;
mod text;
mod trace;
mod verified;
mod versions;

#[cfg(test)]
mod tests;

pub use head::equivalent_path;
pub use local_request::is_loopback_url;
pub use platform::*;
pub use protocol::metadata::DueWork;
pub use protocol::{
    Body, Caller, Code, Context, Error, Grants, Idempotency, Limit, Location, Operation, Parameter,
    Principal, Relation, Request, Response, Row, Shape, Violation,
};
pub use proxies::Proxy;
pub use security::headers as security_headers;
pub use trace::{is_request_id, new_ids};

use std::net::IpAddr;

use http::request::Parts;

use crate::idempotency::Claim;
use crate::record::Record;
use crate::representation::Negotiated;
use crate::router::RouteMatch;
use crate::settings::Settings;
use crate::trace::Trace;

/// The gateway of one function: the concerns that have settings or a memory.
pub struct Gateway {
    proxies: proxies::Proxies,
    public_url: public_url::PublicUrl,
    cors: cors::Cors,
    routes: router::Routes,
    lifecycle: lifecycle::Lifecycle,
    scheduler: scheduler::Scheduler,
    limits: limits::Limits,
    tokens: authentication::Tokens,
    bodies: content::Bodies,
    replicas: replicas::Replicas,
    slots: idempotency::Slots,
}

impl Gateway {
    /// Reads the settings (Spin variables) and takes the operations that the function describes.
    ///
    /// # Errors
    /// A sentence for the operator that names the wrong variable or operation.
    pub async fn load<P: Platform>(
        platform: &P,
        mut operations: Vec<Operation>,
    ) -> Result<Self, String> {
        let settings = Settings(platform);
        Ok(Self {
            limits: limits::Limits::load(&settings, &mut operations).await?,
            bodies: content::Bodies::load(&settings).await?,
            cors: cors::Cors::load(&settings).await?,
            proxies: proxies::Proxies::load(&settings).await?,
            public_url: public_url::PublicUrl::load(&settings).await,
            lifecycle: lifecycle::Lifecycle::load(&settings).await?,
            tokens: authentication::Tokens::load(&settings).await?,
            slots: idempotency::Slots::load(&settings).await?,
            replicas: replicas::Replicas::load(&settings).await?,
            scheduler: scheduler::Scheduler::load(&settings).await,
            routes: router::Routes::load(&settings, call::declared(operations)?).await,
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
        let mut record = self.record(platform, &parts, peer);
        let mut negotiated = Negotiated::new(&self.public_url.base, &parts, started);
        let outcome = self.answer(platform, body, &mut negotiated, &mut record).await;
        if let Err(refusal) = &outcome {
            refusals::record(platform, refusal, &mut record).await;
        }
        let mut response = representation::render(outcome, negotiated, &mut record);
        versions::headers(&record, response.headers_mut());
        self.lifecycle.headers(started, &record, response.headers_mut());
        self.cors.headers(&parts, response.headers_mut());
        security::headers(response.headers_mut());
        let (status, now) = (response.status(), platform.now());
        platform.log(&access_log::line(&parts, &record, status, started, now));
        response
    }

    /// The record of a request: its ids, and where it comes from.
    fn record<P: Platform>(&self, platform: &P, parts: &Parts, peer: IpAddr) -> Record {
        let trace = Trace::of(&parts.headers, platform.random());
        let address = self.proxies.client(&parts.headers, peer);
        let is_local = self.public_url.is_loopback_url && local_request::is_local(parts, peer);
        Record::new(trace, address, is_local)
    }

    async fn answer<'a, P: Platform, B: IncomingBody>(
        &'a self,
        platform: &P,
        body: B,
        negotiated: &mut Negotiated<'a>,
        record: &mut Record,
    ) -> Result<Response<P::Stream>, Error> {
        let parts = negotiated.parts;
        head::check(parts)?;
        singletons::check(&parts.headers)?;
        if cors::is_preflight(parts) {
            return Ok(cors::preflight());
        }
        let found = self.routes.find(parts, record);
        self.lifecycle.check(platform.now(), record)?;
        let route = match found? {
            RouteMatch::Operation(route) => route,
            RouteMatch::Redirect(location) => return Ok(router::redirect(location)),
            RouteMatch::Options(allow) => return Ok(router::options(allow)),
        };
        singletons::check_declared(&parts.headers, route.operation)?;
        versions::check(parts, record.major)?;
        negotiated.matched(route.operation)?;
        let unlimited = self.scheduler.calls(parts, &route);
        if !unlimited {
            self.limits.address(platform.now(), record)?;
        }
        hops::check(parts, &route)?;
        let caller = match self.tokens.authenticate(platform, parts, &route, record).await {
            Ok(caller) => caller,
            Err(refusal) => return Err(self.limits.refused(platform, record, refusal).await),
        };
        tenant::check(parts, caller.as_ref())?;
        authorization::check(&route, caller.as_ref())?;
        if !unlimited {
            self.limits.identity(platform, &route, caller.as_ref(), record).await?;
        }
        let body = self.bodies.read(parts, &route, body).await?;
        let body = negotiated.read(&route, body)?;
        let mark = self.replicas.write_mark(caller.as_ref());
        self.replicas.choose(platform, &route, mark.as_deref(), record).await;
        let claim = self.slots.claim(platform, parts, &route, caller.as_ref(), &body, record).await;
        let outcome = match claim {
            Ok(Claim::Proceed(slot)) => {
                let key = slot.as_ref().map(|slot| slot.key.clone());
                let outcome =
                    call::function(platform, negotiated, &route, caller, body, key, record).await;
                self.slots.finish(platform, slot, outcome, record).await
            }
            Ok(Claim::Replay(response)) => Ok(response),
            Err(refusal) => Err(refusal),
        };
        self.replicas.record_write(platform, &route, mark.as_deref(), &outcome, record).await;
        outcome
    }
}
