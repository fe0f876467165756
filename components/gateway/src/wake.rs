//! Work that a function leaves behind its answer, such as deliveries: it says so in a header
//! that is for the gateway alone, and the gateway wakes who does it.

use crate::{Platform, Response};

/// Its value names the work; there is one kind.
const HEADER: &str = "x-work-due";

/// Takes the header away, and wakes if it was there.
pub(crate) fn listen<P: Platform>(platform: &P, response: &mut Response<P::Stream>) {
    let sent = response.headers.len();
    response.headers.retain(|(name, _)| !name.eq_ignore_ascii_case(HEADER));
    if response.headers.len() < sent {
        platform.wake();
    }
}
