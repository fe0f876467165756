//! `Accept`: the choice of the representation that answers a request (RFC 9110 section 12.5.1, K-1,
//! K-11).
//!
//! The crate `mediatype` reads the header. It splits lists around quoted strings, reads parameters,
//! compares case-insensitively, has no dependencies and allocates little. The matching is our own.
//! The crate for the whole job, `headers-accept`, compares parameters literally (`charset=utf-8`
//! would not match) and drops a header for one malformed element. Also, a range without a `profile`
//! stands here for a default that depends on the URL.

use std::cmp::Reverse;

use http::HeaderMap;
use http::header::ACCEPT;
use mediatype::{MediaType, MediaTypeList, Name, ReadParams, names};
use protocol::Operation;

use super::profile::Profile;

pub(super) const JSON: &str = "application/json";
pub(super) const JSON_API: &str = "application/vnd.api+json";
pub(super) const PROBLEM: &str = "application/problem+json";
pub(super) const PROFILE: Name<'static> = Name::new_unchecked("profile");

/// The representation that the client gets.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Choice<'a> {
    pub(super) profile: Profile,
    /// Whether `Accept` names this representation, rather than any type or any JSON.
    pub(super) named: bool,
    /// Whether it names it by the parameter `profile`. Then the answer repeats the parameter.
    pub(super) by_parameter: bool,
    /// Whether errors are RFC 9457 problems.
    pub(super) problem: bool,
    /// The media type that the function is to write if it is not JSON.
    pub(super) other: Option<&'a str>,
}

/// The representations that can be chosen.
pub(super) struct Offer<'a> {
    /// The profile that plain JSON means below this prefix.
    pub(super) default: Profile,
    /// `None` if no route has matched. Then only the form of an error is chosen.
    pub(super) operation: Option<&'a Operation>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Candidate<'a> {
    /// `application/json` with this profile.
    Json(Profile),
    /// `application/json` in a form that a standard fixes, so no profile changes it.
    Fixed,
    JsonApi,
    /// `application/vnd.tenantry.v{major}+json`
    Vendor(u32),
    Problem,
    /// A media type of the contract.
    Other(&'a str),
}

struct Range<'a> {
    media: MediaType<'a>,
    /// The weight in thousandths.
    quality: u16,
}

impl<'a> Offer<'a> {
    fn is_json(&self) -> bool {
        self.operation.is_none_or(|o| o.produces.is_empty() || o.produces.iter().any(|t| t == JSON))
    }

    /// The candidates. If several are equally acceptable, then the first one is preferred.
    fn candidates(&self) -> Vec<Candidate<'a>> {
        let mut all = Vec::with_capacity(8);
        if self.is_json() {
            if self.operation.is_none_or(|operation| operation.shape.is_some()) {
                let rest = Profile::OF_JSON.into_iter().filter(|it| *it != self.default);
                all.extend(std::iter::once(self.default).chain(rest).map(Candidate::Json));
                all.push(Candidate::JsonApi);
            } else {
                all.push(Candidate::Fixed);
            }
            if let Some(major) = self.operation.map(|o| o.version).filter(|major| *major > 0) {
                all.push(Candidate::Vendor(major));
            }
        }
        let produced = self.operation.map_or(&[][..], |operation| &operation.produces);
        all.extend(produced.iter().filter(|it| *it != JSON).map(|it| Candidate::Other(it)));
        all
    }

    /// The names of all representations, for a client that accepts none of them.
    pub(super) fn available(&self) -> String {
        let name = |candidate| match candidate {
            Candidate::Json(profile) => format!("{JSON};profile=\"{}\"", profile.name()),
            Candidate::Fixed => JSON.to_owned(),
            Candidate::JsonApi => JSON_API.to_owned(),
            Candidate::Vendor(major) => format!("application/vnd.tenantry.v{major}+json"),
            Candidate::Problem => PROBLEM.to_owned(),
            Candidate::Other(media_type) => media_type.to_owned(),
        };
        self.candidates().into_iter().map(name).collect::<Vec<_>>().join(", ")
    }
}

/// Chooses a representation; `None` if none is acceptable.
pub(super) fn choose<'a>(headers: &HeaderMap, offer: &Offer<'a>) -> Option<Choice<'a>> {
    let default = Choice { profile: offer.default, ..Choice::default() };
    let mut lines = headers.get_all(ACCEPT).iter();
    match (lines.next().map(|line| line.as_bytes()), lines.next()) {
        (None | Some(b"" | b"*/*"), None) => return Some(default),
        (Some(b"application/json"), None) if offer.is_json() => return Some(default),
        _ => {}
    }
    let lines = headers.get_all(ACCEPT).iter().filter_map(|line| line.to_str().ok());
    let ranges: Vec<_> = lines.flat_map(MediaTypeList::new).flatten().filter_map(range).collect();

    if offer.operation.is_none_or(|operation| operation.shape.is_some())
        && is_modified_only(&ranges)
    {
        return None;
    }

    // How acceptable a candidate is: its quality, the position of its range, and how specific the
    // range is.
    let accepted = |candidate: Candidate<'_>| {
        let matching = ranges.iter().enumerate();
        let matching =
            matching.filter_map(|(at, range)| Some((specificity(range, candidate)?, at)));
        let (specific, at) = matching.max_by_key(|(specific, at)| (*specific, Reverse(*at)))?;
        (ranges[at].quality > 0).then_some((ranges[at].quality, at, specific))
    };
    let problem = accepted(Candidate::Problem).filter(|(.., specific)| *specific > 1);
    let best = offer
        .candidates()
        .into_iter()
        .enumerate()
        .filter_map(|(rank, candidate)| Some((accepted(candidate)?, rank, candidate)))
        .max_by_key(|((quality, at, _), rank, _)| (*quality, Reverse(*at), Reverse(*rank)));
    match best {
        Some(((quality, _, specific), _, candidate)) => Some(Choice {
            profile: match candidate {
                Candidate::Json(profile) => profile,
                Candidate::JsonApi => Profile::JsonApi,
                Candidate::Fixed | Candidate::Vendor(_) | Candidate::Problem => Profile::Native,
                Candidate::Other(_) => offer.default,
            },
            named: match candidate {
                Candidate::Json(_) => specific > 2,
                Candidate::JsonApi | Candidate::Vendor(_) => specific > 1,
                _ => false,
            },
            by_parameter: matches!(candidate, Candidate::Json(_)) && specific > 2,
            problem: problem.is_some_and(|(of_problem, ..)| of_problem >= quality),
            other: match candidate {
                Candidate::Other(media_type) => Some(media_type),
                _ => None,
            },
        }),
        // If `Accept` names only the form of errors, then successes are plain.
        None if problem.is_some() && offer.is_json() => {
            Some(Choice { named: true, problem: true, ..Choice::default() })
        }
        None if offer.operation.is_some_and(|operation| operation.produces.is_empty()) => {
            Some(default)
        }
        None => None,
    }
}

/// An element of the list; `None` if its weight is not valid. A weight without its zero, or with
/// more digits than allowed, is accepted: Java's clients send `*;q=.2`.
fn range(media: MediaType<'_>) -> Option<Range<'_>> {
    let quality = match media.get_param(names::Q) {
        None => 1000,
        Some(weight) => {
            let weight = weight.as_str();
            let (whole, decimals) = weight.split_once('.').unwrap_or((weight, ""));
            let fits = matches!(whole, "" | "0" | "1")
                && !(whole.is_empty() && decimals.is_empty())
                && decimals.bytes().all(|b| b.is_ascii_digit());
            let thousandths = fits.then(|| format!("{whole}{decimals:0<3.3}").parse().ok());
            thousandths.flatten().filter(|thousandths: &u16| *thousandths <= 1000)?
        }
    };
    Some(Range { media, quality })
}

/// How closely a range names the candidate: 0 for `*/*`, 1 for `application/*`, 2 for the type, 3
/// for the type with its profile. `None` if the range names another type.
fn specificity(range: &Range<'_>, candidate: Candidate<'_>) -> Option<u8> {
    let media = &range.media;
    let vendor;
    let name = match candidate {
        Candidate::Json(_) | Candidate::Fixed => JSON,
        Candidate::JsonApi => JSON_API,
        Candidate::Problem => PROBLEM,
        Candidate::Other(name) => name,
        Candidate::Vendor(major) => {
            vendor = format!("application/vnd.tenantry.v{major}+json");
            &vendor
        }
    };
    let name = MediaType::parse(name).ok()?;
    if media.subty == names::_STAR && media.suffix.is_none() {
        return if media.ty == names::_STAR { Some(0) } else { (media.ty == name.ty).then_some(1) };
    }
    if media.essence() != name.essence() {
        return None;
    }
    match candidate {
        Candidate::Json(profile) => match media.get_param(PROFILE) {
            None => Some(2),
            Some(named) => (profile.name() == named.unquoted_str()).then_some(3),
        },
        Candidate::JsonApi => is_plain(media).then_some(2),
        _ => Some(2),
    }
}

/// Whether a JSON:API media type has only allowed parameters. JSON:API allows `ext`, which is not
/// supported here, and `profile`, which may be ignored (JSON:API 1.1, "Server Responsibilities").
/// `Accept` also has the weight.
fn is_plain(media: &MediaType<'_>) -> bool {
    media.params().all(|(name, _)| name == names::Q || name == PROFILE)
}

/// Whether JSON:API is named, but only with parameters that are not supported. That is a 406,
/// whatever else is accepted (JSON:API 1.1, "Server Responsibilities").
fn is_modified_only(ranges: &[Range<'_>]) -> bool {
    let named =
        |range: &&Range<'_>| range.media.essence().to_string().eq_ignore_ascii_case(JSON_API);
    let mut named = ranges.iter().filter(named).peekable();
    named.peek().is_some() && named.all(|range| !is_plain(&range.media))
}
