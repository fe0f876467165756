//! The call of the function: its request, with the metadata that the gateway adds, and its answer.

use protocol::metadata::{self, RequestMetadata};
use protocol::{Caller, Code, Context, Error, Operation, Parameter, Request, Response};

use crate::holder;
use crate::platform::{Fault, Platform};
use crate::record::Record;
use crate::representation::{Body, Negotiated};
use crate::router::Route;

/// The headers of HTTP that every function gets. The others are those that the contract of the
/// operation declares.
const HANDED_ON: [&str; 5] =
    ["accept", "content-type", "if-match", "if-none-match", "if-unmodified-since"];

/// A credential that the gateway has not checked, such as that of a client at the token endpoint.
/// Public operations get it.
const CREDENTIAL: &str = "authorization";

/// Leaves in each operation only the headers that its contract declares beyond [`HANDED_ON`], so
/// that no header is handed on twice.
///
/// # Errors
/// A sentence for the operator, if an operation declares a header of the metadata or the
/// credential, which only public operations get.
pub(crate) fn declared(mut operations: Vec<Operation>) -> Result<Vec<Operation>, String> {
    for Operation { id, headers, .. } in &mut operations {
        headers.iter_mut().for_each(|name| name.make_ascii_lowercase());
        let own = |name: &&String| RequestMetadata::is_metadata(name) || *name == CREDENTIAL;
        if let Some(name) = headers.iter().find(own) {
            return Err(format!("operation {id}: the header {name} is the gateway's own"));
        }
        headers.retain(|name| !HANDED_ON.contains(&name.as_str()));
    }
    Ok(operations)
}

/// Calls the function of the route. If its work makes deliveries due, then this wakes the
/// dispatcher. `key` is the key of the request, if the operation honours one.
pub(crate) async fn function<P: Platform>(
    platform: &P,
    negotiated: &Negotiated<'_>,
    route: &Route<'_>,
    caller: Option<Caller>,
    body: Body,
    key: Option<metadata::Key>,
    record: &Record,
) -> Result<Response<P::Stream>, Error> {
    let Body { sent, native } = body;
    let mut request =
        Request { parameters: parameters(negotiated, route), body: native.unwrap_or(sent) };
    request_metadata(record, key).write(&mut request.parameters);
    let context = Context { trace_id: record.trace.trace_id.clone(), caller };
    let outcome = platform.call(context, &route.operation.id, request).await;
    let mut outcome = outcome.unwrap_or_else(|fault| Err(failure(fault)));
    // The header is removed before the answer is stored, because a replay makes nothing due.
    if let Ok(response) = &mut outcome {
        metadata::take_work_due(&mut response.headers)
            .into_iter()
            .for_each(|due| platform.wake(due));
    }
    outcome
}

fn parameters(negotiated: &Negotiated<'_>, route: &Route<'_>) -> Vec<Parameter> {
    let mut parameters = route.variables.clone();
    let query = negotiated.parts.uri.query().unwrap_or_default();
    let query = form_urlencoded::parse(query.as_bytes());
    parameters.extend(query.map(|(name, value)| negotiated.query_parameter(name, value)));
    parameters.extend(negotiated.first_page());
    let declared = route.operation.headers.iter().map(String::as_str);
    let credential = route.operation.public.then_some(CREDENTIAL);
    for name in HANDED_ON.into_iter().chain(declared).chain(credential) {
        if let Some(value) = negotiated.header(name) {
            parameters.push(Parameter::header(name, value));
        }
    }
    parameters
}

fn request_metadata(record: &Record, key: Option<metadata::Key>) -> RequestMetadata {
    let verified = record.verified.as_ref();
    RequestMetadata {
        request_id: record.trace.request_id.clone(),
        address: Some(record.address),
        is_local: record.is_local,
        is_for_replica: record.is_for_replica,
        credential: verified.map(|it| it.credential.clone()).unwrap_or_default(),
        key,
    }
}

/// What the client is told if the function gave no answer.
fn failure(fault: Fault) -> Error {
    match fault {
        Fault::Timeout => Error::new(Code::Timeout, Code::Timeout.row().title),
        Fault::Trapped(cause) => Error::because(Code::InternalError, cause),
        Fault::Unavailable(cause) => Error::because(Code::ServiceUnavailable, cause),
        Fault::Busy => {
            let mut error = Error::because(Code::ServiceUnavailable, "all instances are busy");
            error.retry_after = Some(1);
            error
        }
        Fault::Streams => {
            let mut error = Error::new(Code::RateLimitExceeded, holder::MESSAGE);
            error.retry_after = Some(holder::RETRY_AFTER);
            error
        }
    }
}
