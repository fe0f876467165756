//! Version and path match: from a request target to an operation of the function.

use http::Method;
use http::request::Parts;
use percent_encoding::percent_decode_str;

use crate::config::Config;
use crate::trace::Seen;
use crate::{Code, Error, Location, Operation, Parameter};

/// The longest request target, in bytes.
const TARGET_LIMIT: usize = 8192;

/// The operations of one function.
pub(crate) struct Routes(Vec<Compiled>);

struct Compiled {
    operation: Operation,
    /// Segments below the version prefix, or from the root for `/.well-known/…`.
    segments: Vec<Segment>,
    /// Not below a version prefix.
    rooted: bool,
    /// Requests per minute of the operation's class.
    limit: u32,
}

enum Segment {
    Literal(String),
    Variable(String),
}

/// A matched operation with its variables.
pub(crate) struct Route<'a> {
    pub(crate) operation: &'a Operation,
    pub(crate) limit: u32,
    pub(crate) variables: Vec<Parameter>,
}

impl Routes {
    pub(crate) fn new(operations: Vec<Operation>, config: &Config) -> Result<Self, String> {
        operations
            .into_iter()
            .map(|operation| compile(operation, config))
            .collect::<Result<_, _>>()
            .map(Self)
    }

    /// Finds the operation: 404 when no path matches, 405 with `Allow` when the method does not.
    pub(crate) fn find(&self, parts: &Parts, seen: &mut Seen) -> Result<Route<'_>, Error> {
        let target = parts.uri.path();
        let length = target.len() + parts.uri.query().map_or(0, |query| query.len() + 1);
        if length > TARGET_LIMIT {
            return Err(Error::new(
                Code::UriTooLong,
                format!("The request target has {length} bytes; at most {TARGET_LIMIT} are read."),
            ));
        }
        let target = Target::parse(target);
        // HEAD is answered as GET, without the body (RFC 9110 section 9.3.2).
        let method = if parts.method == Method::HEAD { "GET" } else { parts.method.as_str() };
        let mut allow: Vec<&str> = Vec::new();
        for compiled in &self.0 {
            let Some(variables) = compiled.matches(&target) else { continue };
            if compiled.operation.method != method {
                allow.push(&compiled.operation.method);
                continue;
            }
            let variables = variables?;
            seen.matched(&compiled.operation, target.canonical);
            return Ok(Route { operation: &compiled.operation, limit: compiled.limit, variables });
        }
        if allow.is_empty() {
            return Err(Error::new(Code::RouteNotFound, "No operation has this path."));
        }
        allow.push("OPTIONS");
        let message = format!("This path does not take {method}.");
        Err(Error::new(Code::MethodNotAllowed, message).with("allow", allow.join(", ")))
    }
}

impl Compiled {
    fn matches(&self, target: &Target<'_>) -> Option<Result<Vec<Parameter>, Error>> {
        if self.rooted == target.versioned || self.segments.len() != target.segments.len() {
            return None;
        }
        let mut variables = Ok(Vec::new());
        for (segment, actual) in self.segments.iter().zip(&target.segments) {
            match segment {
                Segment::Literal(text) if text == actual => {}
                Segment::Literal(_) => return None,
                Segment::Variable(_) if actual.is_empty() => return None,
                Segment::Variable(name) => match percent_decode_str(actual).decode_utf8() {
                    Ok(value) => {
                        if let Ok(list) = &mut variables {
                            list.push(Parameter {
                                location: Location::Path,
                                name: name.clone(),
                                value: value.into_owned(),
                            });
                        }
                    }
                    Err(_) => {
                        variables = Err(Error::new(
                            Code::MalformedRequest,
                            "The path holds percent-encoded bytes that are not UTF-8.",
                        ));
                    }
                },
            }
        }
        Some(variables)
    }
}

fn compile(operation: Operation, config: &Config) -> Result<Compiled, String> {
    let limit = config
        .limits
        .iter()
        .find(|(class, _)| *class == operation.limit)
        .map(|(_, limit)| *limit)
        .ok_or_else(|| {
            format!("operation {}: no limit class '{}'", operation.id, operation.limit)
        })?;
    let segments = operation.path.split('/').skip(1).map(|segment| {
        match segment.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')) {
            Some(name) => Segment::Variable(name.to_owned()),
            None => Segment::Literal(segment.to_owned()),
        }
    });
    Ok(Compiled { segments: segments.collect(), rooted: operation.version == 0, limit, operation })
}

struct Target<'a> {
    segments: Vec<&'a str>,
    versioned: bool,
    /// `/api/v1` rather than the alias `/v1` (K-14).
    canonical: bool,
}

impl<'a> Target<'a> {
    fn parse(path: &'a str) -> Self {
        let (rest, versioned, canonical) = if let Some(rest) = path.strip_prefix("/api/v1/") {
            (rest, true, true)
        } else if let Some(rest) = path.strip_prefix("/v1/") {
            (rest, true, false)
        } else {
            (path.strip_prefix('/').unwrap_or(path), false, false)
        };
        Self { segments: rest.split('/').collect(), versioned, canonical }
    }
}
