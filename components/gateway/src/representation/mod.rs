//! How results and errors become HTTP, and how requests are read. One native result has four forms
//! (K-1, K-2), and `Accept` chooses one of them.
//!
//! | form | asked for by | module |
//! |---|---|---|
//! | native | `application/json` below `/api/v{N}` | [`native`] |
//! | native | `application/vnd.tenantry.v{N}+json` | [`native`] |
//! | envelope | `application/json;profile="envelope"` | [`envelope`] |
//! | camel | `application/json;profile="camel"`; `application/json` below `/v{N}` | [`camel`] |
//! | JSON:API | `application/vnd.api+json`, or by sending a JSON:API document | [`json_api`] |
//!
//! Functions read and write the native form only. The shape of an operation (`wit/route.wit`) has
//! the facts that the gateway needs to write the other forms. An operation without a shape has a
//! form that a standard fixes, and no profile changes it.
//!
//! Native answers are the hot path. Their bodies are passed on unchanged, and common values of
//! `Accept` are recognised without being parsed.

mod accept;
mod camel;
mod conditional;
mod document;
mod envelope;
mod errors;
mod etag;
mod json;
mod json_api;
mod media;
mod native;
mod negotiated;
mod page;
mod pointer;
mod profile;
mod query;
mod render;
mod request;
mod rewrite;
mod success;
#[cfg(test)]
mod tests;

pub(crate) use media::media_type;
pub(crate) use negotiated::Negotiated;
pub(crate) use render::render;
pub(crate) use request::Body;
