//! Deliveries of webhooks are for receivers of webhooks. An endpoint may lead to any other operation,
//! with a credential among its headers, and each delivery then cause the next: what this system has
//! delivered says so, and is refused there.

use http::request::Parts;

use crate::router::Route;
use crate::{Code, Error};

/// The header of a delivery: how many it has behind it, itself included.
pub(crate) const HEADER: &str = "tenantry-hops";
/// The class of receivers.
const RECEIVERS: &str = "inbound";

pub(crate) fn check(parts: &Parts, route: &Route<'_>) -> Result<(), Error> {
    if !parts.headers.contains_key(HEADER) || route.operation.limit.class == RECEIVERS {
        return Ok(());
    }
    Err(Error::new(
        Code::MalformedRequest,
        "Tenantry-Hops marks a delivery of webhooks, which receivers of webhooks alone take.",
    ))
}
