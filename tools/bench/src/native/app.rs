//! The steps of a request: ids, route, limits, token, scope, handler, headers, log line.

use std::net::IpAddr;
use std::path::Path;

use anyhow::anyhow;
use bytes::Bytes;
use http::header::{self, HeaderMap, HeaderName, HeaderValue};
use http::request::Parts;
use http::{Method, Request, Response};
use http_body_util::Full;
use hyper::body::Incoming;

use super::access_log::Log;
use super::buckets::Buckets;
use super::caller::Caller;
use super::cursor::Sealer;
use super::external::External;
use super::limits::{Limits, Quota};
use super::problem::{Problem, problem};
use super::request_record::RequestRecord;
use super::store::Store;
use super::tokens::Tokens;
use super::trace::Trace;
use super::{access_log, create, limits, moment, projects};

const VERSION: HeaderValue = HeaderValue::from_static(env!("CARGO_PKG_VERSION"));
const FIXED: [(HeaderName, HeaderValue); 8] = [
    (header::VARY, HeaderValue::from_static("Authorization, X-Tenant-Id, Accept, Origin")),
    (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    (header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY")),
    (
        header::STRICT_TRANSPORT_SECURITY,
        HeaderValue::from_static("max-age=63072000; includeSubDomains"),
    ),
    (
        header::CONTENT_SECURITY_POLICY,
        HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'"),
    ),
    (header::X_XSS_PROTECTION, HeaderValue::from_static("0")),
    (header::REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
    (
        HeaderName::from_static("cross-origin-resource-policy"),
        HeaderValue::from_static("same-origin"),
    ),
];

/// The service.
pub(super) struct App {
    store: Store,
    sealer: Sealer,
    tokens: Tokens,
    limits: Limits,
    log: Log,
}

/// The operations.
#[derive(Clone, Copy)]
enum Route<'a> {
    List,
    Create,
    Get(&'a str),
}

impl App {
    pub(super) async fn open(
        data: &Path,
        external: Option<&External>,
        of_address: Quota,
        of_class: Quota,
    ) -> anyhow::Result<Self> {
        let store = Store::open(data, external)?;
        let key = store.cursor_key().await.map_err(|_| anyhow!("the database has no keys"))?;
        Ok(Self {
            sealer: Sealer::new(&key),
            store,
            tokens: Tokens::default(),
            limits: Limits::new(Buckets::open(data, external).await?, of_address, of_class),
            log: Log::start()?,
        })
    }

    pub(super) async fn handle(
        &self,
        peer: IpAddr,
        request: Request<Incoming>,
    ) -> Response<Full<Bytes>> {
        if request.uri().path() == "/readyz" {
            return Response::new(Full::from("{\"status\":\"ready\"}"));
        }
        let started = moment::now();
        let (parts, body) = request.into_parts();
        let trace = Trace::of(&parts.headers);
        let mut record = RequestRecord::default();
        let answer = self.answer(peer, &parts, body, &trace, &mut record).await;
        let error = answer.as_ref().err().map(|problem| problem.code);
        let mut response = answer.unwrap_or_else(|problem| problem.response(&trace));
        let headers = response.headers_mut();
        trace.headers(headers);
        headers.extend(FIXED);
        headers.insert("api-version", VERSION);
        limits::headers(&record.standings, headers);
        record.replayed = headers.contains_key("idempotent-replayed");
        let status = response.status();
        self.log.line(&access_log::line(&parts, &trace, &record, status, error, started));
        response
    }

    async fn answer(
        &self,
        peer: IpAddr,
        parts: &Parts,
        body: Incoming,
        trace: &Trace,
        record: &mut RequestRecord,
    ) -> Result<Response<Full<Bytes>>, Problem> {
        let route = route(parts)?;
        record.operation = Some(route.operation());
        let now = moment::now();
        self.limits.address(peer, now, &mut record.standings)?;
        let caller = match self.tokens.authenticate(&self.store, &parts.headers, now).await {
            Ok(caller) => caller,
            Err(refusal) => {
                return Err(self.limits.refused(peer, now, &mut record.standings, refusal).await);
            }
        };
        record.caller = Some(caller.clone());
        tenant(&parts.headers, &caller)?;
        let scope = route.scope();
        if !caller.scopes.iter().any(|held| held == scope) {
            return Err(problem(
                403,
                "insufficient_scope",
                format!("The credential lacks the scope {scope}."),
            ));
        }
        self.limits.identity(route.class(), &caller, now, &mut record.standings).await?;
        match route {
            Route::Get(id) => projects::get(&self.store, &caller, &parts.headers, id).await,
            Route::List => projects::list(&self.store, &self.sealer, &caller, parts).await,
            Route::Create => create::create(&self.store, caller, &parts.headers, body, trace).await,
        }
    }
}

impl Route<'_> {
    fn operation(self) -> &'static str {
        match self {
            Self::List => "list-projects",
            Self::Create => "create-project",
            Self::Get(_) => "get-project",
        }
    }

    fn scope(self) -> &'static str {
        if matches!(self, Self::Create) { "projects:write" } else { "projects:read" }
    }

    fn class(self) -> &'static str {
        if matches!(self, Self::Create) { "write" } else { "read" }
    }
}

fn route(parts: &Parts) -> Result<Route<'_>, Problem> {
    let path = parts.uri.path();
    let path =
        path.strip_prefix("/api/v1").or_else(|| path.strip_prefix("/v1")).unwrap_or_default();
    let rest = path.strip_prefix("/projects");
    let id = rest
        .and_then(|rest| rest.strip_prefix('/'))
        .filter(|id| !id.is_empty() && !id.contains('/'));
    match (&parts.method, rest, id) {
        (&Method::GET, Some(""), _) => Ok(Route::List),
        (&Method::POST, Some(""), _) => Ok(Route::Create),
        (&Method::GET, _, Some(id)) => Ok(Route::Get(id)),
        (_, Some(""), _) | (_, _, Some(_)) => {
            Err(problem(405, "method_not_allowed", "This path does not take this method."))
        }
        _ => Err(problem(404, "route_not_found", "No operation has this path.")),
    }
}

/// `X-Tenant-Id` may repeat the tenant of the token.
fn tenant(headers: &HeaderMap, caller: &Caller) -> Result<(), Problem> {
    match headers.get("x-tenant-id") {
        Some(named) if named.as_bytes() != caller.tenant.as_bytes() => Err(problem(
            403,
            "tenant_mismatch",
            "X-Tenant-Id names another tenant than the credential.",
        )),
        _ => Ok(()),
    }
}
