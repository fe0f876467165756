//! The scheduler, which calls `POST /internal/tick`, and the calls for work of single functions.

use http::request::Parts;
use subtle::ConstantTimeEq as _;

use crate::platform::Platform;
use crate::router::Route;
use crate::settings::Settings;
use crate::text::header;

/// The limit class of these operations.
const CLASS: &str = "tick";

/// The scheduler, as this gateway knows it.
pub(crate) struct Scheduler {
    /// Its credential; empty if there is none.
    token: String,
}

impl Scheduler {
    pub(crate) async fn load<P: Platform>(settings: &Settings<'_, P>) -> Self {
        Self { token: settings.text("tick_token", "").await }
    }

    /// Whether the request comes from the scheduler, by its credential. No limit applies to the
    /// scheduler. It calls as often as work is due, from an address that clients may share, and the
    /// due work bounds what it does. A caller that guesses the credential is limited like any
    /// other.
    ///
    /// The native ticker needs no such exemption, because it calls the function past the gateway. A
    /// composed gateway does: on Spin and in our runner it calls itself over `http://self` after
    /// every write that makes deliveries due, and again as long as there are more (`wake` in
    /// `composed/`), all from one address. A scheduler of the operator may call in either
    /// placement.
    pub(crate) fn calls(&self, parts: &Parts, route: &Route<'_>) -> bool {
        // Most requests end here, without a look at their credential.
        if route.operation.limit.class != CLASS || self.token.is_empty() {
            return false;
        }
        let given = header(&parts.headers, "authorization");
        let given = given.and_then(|given| given.strip_prefix("Bearer "));
        given.is_some_and(|given| given.as_bytes().ct_eq(self.token.as_bytes()).into())
    }
}
