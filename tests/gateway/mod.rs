mod authentication;
pub(crate) use authentication::issuer_key;
mod bad_requests;
mod cors;
mod first_key;
mod headers;
mod limits;
mod log;
mod registry_reach;
