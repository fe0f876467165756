//! Finds the component that answers a path. As in Spin, an exact route comes before a wildcard, and
//! a longer wildcard before a shorter one.

use anyhow::{bail, ensure};

/// A route of the manifest.
#[derive(Clone, Debug)]
pub(crate) struct Route {
    /// The route as the manifest writes it.
    pub(crate) raw: String,
    /// The path without `/...` and without a slash at the end.
    prefix: String,
    wildcard: bool,
}

/// A line of the route table.
#[derive(Clone, Debug)]
pub struct RouteLine {
    /// The component that answers.
    pub component: String,
    /// The path, without the wildcard.
    pub path: String,
    /// Whether every path below it is meant too.
    pub wildcard: bool,
}

/// Routes and their targets, in the order of precedence.
pub(crate) struct Routes<T>(Vec<(Route, T)>);

impl Route {
    /// Reads `/exact/path`, `/prefix/...` or `/...`.
    pub(crate) fn parse(raw: &str) -> anyhow::Result<Self> {
        ensure!(raw.starts_with('/'), "route {raw:?} does not begin with a slash");
        let (path, wildcard) = match raw.strip_suffix("/...") {
            Some(prefix) => (prefix, true),
            None => (raw, false),
        };
        if path.split('/').any(|segment| segment.starts_with(':') || segment.contains(['*', '?'])) {
            bail!("route {raw:?}: only exact routes and a `/...` at the end are supported");
        }
        ensure!(!path.contains("..."), "route {raw:?}: `...` must be the last segment");
        Ok(Self { raw: raw.to_owned(), prefix: path.trim_end_matches('/').to_owned(), wildcard })
    }

    /// Whether the route ends in `/...`.
    pub(crate) fn is_wildcard(&self) -> bool {
        self.wildcard
    }

    /// The path that the route begins with, at least `/`.
    pub(crate) fn path(&self) -> &str {
        if self.prefix.is_empty() { "/" } else { &self.prefix }
    }

    /// The part of `path` that the wildcard matches; `None` if the route does not match.
    pub(crate) fn rest<'a>(&self, path: &'a str) -> Option<&'a str> {
        let rest = path.strip_prefix(self.prefix.as_str())?;
        match rest {
            "" | "/" => Some(rest),
            _ if self.wildcard && rest.starts_with('/') => Some(rest),
            _ => None,
        }
    }
}

impl<T> Routes<T> {
    /// Sorts the routes by precedence. Refuses two equal routes.
    pub(crate) fn new(mut routes: Vec<(Route, T)>) -> anyhow::Result<Self> {
        let precedence = |route: &Route| (route.wildcard, std::cmp::Reverse(route.prefix.len()));
        routes.sort_by_key(|(route, _)| precedence(route));
        for (at, (route, _)) in routes.iter().enumerate() {
            let same = |(other, _): &&(Route, T)| {
                other.prefix == route.prefix && other.wildcard == route.wildcard
            };
            if routes[..at].iter().any(|other| same(&other)) {
                bail!("[[trigger.http]] route {:?} is there twice", route.raw);
            }
        }
        Ok(Self(routes))
    }

    /// The route that answers `path`.
    pub(crate) fn find(&self, path: &str) -> Option<(&Route, &T)> {
        let found = self.0.iter().find(|(route, _)| route.rest(path).is_some());
        found.map(|(route, target)| (route, target))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn routes() -> Routes<&'static str> {
        let all =
            ["/...", "/api/...", "/api/v1/projects/...", "/api/v1/projects/export", "/health"];
        let parsed = all.map(|raw| (Route::parse(raw).expect("valid"), raw));
        Routes::new(parsed.to_vec()).expect("no duplicates")
    }

    #[test]
    fn the_longest_match_answers_and_exact_comes_first() {
        for (path, route) in [
            ("/api/v1/projects", "/api/v1/projects/..."),
            ("/api/v1/projects/", "/api/v1/projects/..."),
            ("/api/v1/projects/1/x", "/api/v1/projects/..."),
            ("/api/v1/projects/export", "/api/v1/projects/export"),
            ("/api/v1/projects/export/1", "/api/v1/projects/..."),
            ("/api/v1/projectsx", "/api/..."),
            ("/health", "/health"),
            ("/health/", "/health"),
            ("/healthy", "/..."),
            ("/", "/..."),
        ] {
            assert_eq!(routes().find(path).map(|(_, found)| *found), Some(route), "{path}");
        }
    }

    #[test]
    fn what_spin_has_and_this_host_has_not_is_refused() {
        for raw in ["api", "/users/:id", "/a/*/b", "/a/.../b"] {
            assert!(Route::parse(raw).is_err(), "{raw}");
        }
        let twice = ["/a/...", "/a/..."].map(|raw| (Route::parse(raw).expect("valid"), ()));
        assert!(Routes::new(twice.to_vec()).is_err());
    }
}
