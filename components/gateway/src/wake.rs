//! Work that goes on behind the answer of a function, such as deliveries. The function reports it
//! in a header for the gateway, and the gateway wakes the dispatcher.

use crate::{Platform, Response};

/// The header. Its value names the kind of work; there is only one kind.
const HEADER: &str = "x-work-due";

/// Removes the header. If it was there, then wakes the dispatcher.
pub(crate) fn listen<P: Platform>(platform: &P, response: &mut Response<P::Stream>) {
    let sent = response.headers.len();
    response.headers.retain(|(name, _)| !name.eq_ignore_ascii_case(HEADER));
    if response.headers.len() < sent {
        platform.wake();
    }
}
