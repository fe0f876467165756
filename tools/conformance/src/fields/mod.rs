//! The syntax of header fields: each function takes a text, and returns its value or its error.

pub(crate) mod date;
pub(crate) mod etag;
pub(crate) mod link;
pub(crate) mod problem;
pub(crate) mod ratelimit;
