//! The work of `integrations`. The tests of its operations are in `tests/webhooks/`, with the tag
//! that the contract has for them.

mod work_integrations;
