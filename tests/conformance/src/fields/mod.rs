//! The syntax of header fields: text in, what is wrong with it out.

pub(crate) mod date;
pub(crate) mod etag;
pub(crate) mod link;
pub(crate) mod problem;
pub(crate) mod ratelimit;
