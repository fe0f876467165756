//! The scheduler, which calls `POST /internal/tick`.

use http::request::Parts;
use subtle::ConstantTimeEq as _;

use crate::config::Config;
use crate::router::Route;
use crate::trace::header;

/// The class of its operation.
const CLASS: &str = "tick";

/// Whether it is the scheduler, by its credential. No limit holds it up: it calls as often as
/// something is due, from an address that clients may share, and what it does is bounded by
/// what is due. Whoever guesses is limited like any other.
pub(crate) fn calls(config: &Config, parts: &Parts, route: &Route<'_>) -> bool {
    let token = config.tick_token.as_bytes();
    let given = header(&parts.headers, "authorization").and_then(|it| it.strip_prefix("Bearer "));
    route.operation.limit.class == CLASS
        && !token.is_empty()
        && given.is_some_and(|given| given.as_bytes().ct_eq(token).into())
}
