//! Matches the version and the path: from a request target to an operation of the function.

use http::Method;
use http::request::Parts;
use percent_encoding::percent_decode_str;
use protocol::{Body, Code, Error, Location, Operation, Parameter, Response};

use crate::head::{linked, malformed, normalised};
use crate::platform::Platform;
use crate::record::Record;
use crate::settings::Settings;
use crate::versions;

/// First segments of paths that have no version prefix. Such a path is never searched below a
/// version.
const ABSOLUTE: [&str; 8] =
    [".well-known", "api", "docs", "healthz", "internal", "metrics", "readyz", "webhooks"];

/// The operations of one function.
pub(crate) struct Routes {
    /// Sorted: at the same place, paths with a literal come before paths with a variable.
    operations: Vec<Compiled>,
    /// The majors that have operations, and those that were released.
    majors: Vec<u32>,
    /// The name of the service, below which the function's paths are served as well (E-3, K-15);
    /// `None` if it is the first segment of one of these paths.
    service: Option<String>,
}

struct Compiled {
    operation: Operation,
    /// Segments below the version prefix, or from the root for `/.well-known/…`.
    segments: Vec<Segment>,
}

enum Segment {
    Literal(String),
    Variable(String),
}

/// A matched operation with its variables.
pub(crate) struct Route<'a> {
    pub(crate) operation: &'a Operation,
    pub(crate) variables: Vec<Parameter>,
}

/// The result of a search for a target.
pub(crate) enum RouteMatch<'a> {
    Operation(Route<'a>),
    /// The resource has another target: a redirect (308) to this location.
    Redirect(String),
    /// OPTIONS on a path with these methods (D-27).
    Options(String),
}

impl Routes {
    /// Takes the operations, and reads the name of the service from the settings.
    pub(crate) async fn load<P: Platform>(
        settings: &Settings<'_, P>,
        operations: Vec<Operation>,
    ) -> Self {
        let name = settings.text("service_name", "").await;
        let mut operations: Vec<_> = operations.into_iter().map(compile).collect();
        // The sort is stable, so equal paths keep the order of the contract.
        operations.sort_by(|a, b| {
            let variables = |one: &Compiled| {
                one.segments.iter().map(|s| matches!(s, Segment::Variable(_))).collect::<Vec<_>>()
            };
            variables(a).cmp(&variables(b))
        });
        let mut majors: Vec<_> = operations.iter().map(|one| one.operation.version).collect();
        majors.extend(versions::majors());
        majors.retain(|major| *major > 0);
        majors.sort_unstable();
        majors.dedup();
        let is_resource = |name: &str| {
            let first = operations.iter().filter(|one| one.operation.version > 0);
            let mut first = first.filter_map(|one| one.segments.first());
            first.any(|segment| matches!(segment, Segment::Literal(text) if text == name))
        };
        let service = Some(name).filter(|name| !name.is_empty() && !is_resource(name));
        Self { operations, majors, service }
    }

    /// Finds the operation: 404 if no path matches, 405 with `Allow` if no operation of the path
    /// has the method.
    pub(crate) fn find(&self, parts: &Parts, record: &mut Record) -> Result<RouteMatch<'_>, Error> {
        let path = normalised(parts.uri.path())?;
        let mut target = Target::parse(&path);
        if let Some(service) = &self.service {
            target.strip_service(service);
        }
        let known = self.majors.contains(&target.major);
        record.addressed(target.major, target.canonical && known);
        // HEAD is answered like GET, without the body (RFC 9110 section 9.3.2).
        let method = if parts.method == Method::HEAD { "GET" } else { parts.method.as_str() };
        let mut allow: Vec<&str> = Vec::new();
        let mut template = None;
        for compiled in self.operations.iter().filter(|compiled| compiled.fits(&target)) {
            // If several templates fit, then the most literal one counts, for all methods.
            if *template.get_or_insert(&compiled.operation.path) != &compiled.operation.path {
                break;
            }
            if compiled.operation.method == method && !target.slash {
                let variables = compiled.variables(&target)?;
                record.matched(&compiled.operation);
                let operation = &compiled.operation;
                return Ok(RouteMatch::Operation(Route { operation, variables }));
            }
            allow.push(&compiled.operation.method);
        }
        let redirect = |prefix: &str| {
            let path = path.strip_suffix('/').unwrap_or(&path);
            let query =
                parts.uri.query().map(|query| format!("?{}", linked(query))).unwrap_or_default();
            Ok(RouteMatch::Redirect(format!("{prefix}{path}{query}")))
        };
        if allow.is_empty() {
            // The paths of other functions are not known here. So a redirect leads to the target,
            // which knows.
            return if target.may_lack_its_prefix() {
                redirect("/api/v1")
            } else if path != parts.uri.path() {
                // A router before this gateway may have sent this spelling to the wrong function.
                // The redirect has the normalised spelling.
                redirect("")
            } else {
                Err(self.unknown(&target))
            };
        }
        if target.slash {
            return redirect("");
        }
        if allow.contains(&"GET") {
            allow.push("HEAD");
        }
        allow.push("OPTIONS");
        let allow = allow.join(", ");
        if method == "OPTIONS" {
            return Ok(RouteMatch::Options(allow));
        }
        let message = format!("This path does not take {method}.");
        Err(Error::new(Code::MethodNotAllowed, message).with("allow", allow))
    }

    fn unknown(&self, target: &Target<'_>) -> Error {
        let message = if target.major > 0 && !self.majors.contains(&target.major) {
            let majors: Vec<_> = self.majors.iter().map(|major| format!("v{major}")).collect();
            format!("This API does not have this version; it has {}.", majors.join(", "))
        } else {
            "No operation has this path.".to_owned()
        };
        Error::new(Code::RouteNotFound, message)
    }
}

/// The redirect 308, which keeps method and body.
pub(crate) fn redirect<S>(location: String) -> Response<S> {
    let headers = vec![("location".to_owned(), location)];
    Response { status: 308, headers, body: Body::Empty }
}

/// The answer to OPTIONS if the request is not a preflight.
pub(crate) fn options<S>(allow: String) -> Response<S> {
    let headers = vec![("allow".to_owned(), allow)];
    Response { status: 204, headers, body: Body::Empty }
}

impl Compiled {
    fn fits(&self, target: &Target<'_>) -> bool {
        self.operation.version == target.major
            && self.segments.len() == target.segments.len()
            && self.segments.iter().zip(&target.segments).all(|(segment, actual)| match segment {
                Segment::Literal(text) => text == actual,
                Segment::Variable(_) => !actual.is_empty(),
            })
    }

    fn variables(&self, target: &Target<'_>) -> Result<Vec<Parameter>, Error> {
        let mut variables = Vec::new();
        for (segment, actual) in self.segments.iter().zip(&target.segments) {
            let Segment::Variable(name) = segment else { continue };
            let value = percent_decode_str(actual).decode_utf8().map_err(|_| {
                malformed("The path holds percent-encoded bytes that are not UTF-8.")
            })?;
            if value.chars().any(char::is_control) {
                return Err(malformed("The path holds control characters."));
            }
            let (name, value) = (name.clone(), value.into_owned());
            variables.push(Parameter { location: Location::Path, name, value });
        }
        Ok(variables)
    }
}

fn compile(operation: Operation) -> Compiled {
    let segments = operation.path.split('/').skip(1).map(|segment| {
        match segment.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')) {
            Some(name) => Segment::Variable(name.to_owned()),
            None => Segment::Literal(segment.to_owned()),
        }
    });
    Compiled { segments: segments.collect(), operation }
}

/// The parts of a normalised path.
struct Target<'a> {
    /// The major version; 0 for an absolute path.
    major: u32,
    /// Whether the prefix is `/api/v1` and not the alias `/v1` (K-14).
    canonical: bool,
    /// The segments below the prefix, without the empty one behind a slash at the end.
    segments: Vec<&'a str>,
    /// Whether there is a slash at the end.
    slash: bool,
}

impl<'a> Target<'a> {
    fn parse(path: &'a str) -> Self {
        let canonical = path.starts_with("/api/");
        let start = if canonical { "/api".len() } else { 0 };
        let end = path[start + 1..].find('/').map_or(path.len(), |at| start + 1 + at);
        let (prefix, major) = match major(&path[start + 1..end]) {
            Some(major) => (&path[..end], major),
            None => ("", 0),
        };
        let below = path[prefix.len()..].strip_prefix('/');
        let mut segments: Vec<_> =
            below.map(|below| below.split('/').collect()).unwrap_or_default();
        let slash = segments.pop_if(|last| last.is_empty()).is_some();
        Self { major, canonical, segments, slash }
    }

    /// Reads `/v1/{service}/…` as `/v1/…`.
    fn strip_service(&mut self, service: &str) {
        if self.major > 0
            && !self.canonical
            && self.segments.len() > 1
            && self.segments[0] == service
        {
            self.segments.remove(0);
        }
    }

    /// Whether the path may lack its version prefix (K-14).
    fn may_lack_its_prefix(&self) -> bool {
        self.major == 0
            && self.segments.first().is_some_and(|first| {
                let version = first.strip_prefix(['v', 'V']);
                !ABSOLUTE.contains(first)
                    && !version.is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))
            })
    }
}

/// Reads a version such as `v1`. There is only one spelling for each version.
fn major(segment: &str) -> Option<u32> {
    let digits = segment.strip_prefix('v')?;
    let plain = !digits.starts_with('0') && digits.bytes().all(|byte| byte.is_ascii_digit());
    digits.parse().ok().filter(|_| plain)
}
