//! `RateLimit-Policy` and `RateLimit` of one answer.

use crate::client::Answer;
use crate::fields::ratelimit::{Limit, Policy, limits, policies};

/// Both fields of an answer, if they are valid.
pub(super) type Pair<'a> = (&'a Answer, Vec<Policy>, Vec<Limit>);

pub(super) fn pair(answer: &Answer) -> Option<Pair<'_>> {
    let told = policies(&answer.joined("ratelimit-policy")?).ok()?;
    Some((answer, told, limits(&answer.joined("ratelimit")?).ok()?))
}
