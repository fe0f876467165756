//! The steps of a request inside a function: find the operation, check the request against its
//! contract, call the handler.

use std::collections::BTreeSet;

use protocol::metadata::{DueWork, Refusal, RequestMetadata, work_due};
use protocol::{Context, Parameter, Request, Response, message};
use serde_json::{Map, Value};
use spin_sdk::wit_bindgen::StreamReader;

use crate::contract::{Operation, Operations};
use crate::settings::{COMMON, Loaded, Settings};
use crate::validate;
use crate::{Call, Code, Error, Internal as _, Reply, refusal};

/// The operations of a contract (`route.describe`).
///
/// # Errors
/// A sentence for the operator if a setting is wrong.
pub async fn describe<O: Operations, S: Settings>(
    settings: &Loaded<S>,
) -> Result<impl Iterator<Item = message::Operation>, String> {
    load(settings).await?;
    Ok(O::ALL.iter().map(|(_, operation)| operation.into()))
}

/// Loads the settings of the kit and of the function.
async fn load<S: Settings>(settings: &Loaded<S>) -> Result<(), String> {
    COMMON.load().await?;
    settings.load().await
}

/// Answers one request (`route.handle`).
///
/// # Errors
/// `internal-error` for a wrong setting; the violations of the contract; the errors of the handler.
pub async fn serve<O, S, F>(
    settings: &Loaded<S>,
    context: Context,
    operation: &str,
    request: Request,
    dispatch: impl Fn(O, Call) -> F,
) -> Result<Response<StreamReader<u8>>, Error>
where
    O: Operations,
    S: Settings,
    F: Future<Output = Result<Reply, Error>>,
{
    load(settings).await.internal()?;
    if operation == Refusal::OPERATION {
        let noted = refusal::record(O::RECORDER, &context, &request);
        let due = crate::outbox::take_due();
        return noted.map(|reply| answer(reply, due));
    }
    let Some((op, operation)) = O::find(operation) else {
        return Err(Error::new(Code::RouteNotFound, "No operation has this path."));
    };
    let Request { mut parameters, body } = request;
    let metadata = RequestMetadata::take(&mut parameters);
    let document = check(operation, &parameters, &body)?;
    crate::fault_injection::read_faults(&metadata.request_id);
    let call =
        Call { recorder: O::RECORDER, operation, context, metadata, parameters, body, document };
    let outcome = dispatch(*op, call).await;
    // A refused request may revoke tokens too: a refresh token that is used twice ends its login.
    let _ = crate::revocation::publish_fresh();
    // Also taken after a refusal, so that it is not told with the next answer of this instance.
    let due = crate::outbox::take_due();
    let cache = operation.cache.map(str::to_owned);
    outcome.map(|reply| answer(reply.maybe("cache-control", cache), due))
}

/// The answer, with a note for the gateway about each function for which work became due.
fn answer(reply: Reply, due: BTreeSet<DueWork>) -> Response<StreamReader<u8>> {
    let mut response = Response::from(reply);
    response.headers.extend(due.into_iter().map(work_due));
    response
}

fn check(operation: &Operation, given: &[Parameter], sent: &[u8]) -> Result<Value, Error> {
    let parameters: Vec<_> =
        given.iter().map(|it| (it.location, it.name.as_str(), it.value.as_str())).collect();
    let mut violations = validate::parameters(operation, &parameters);
    // A request with an unknown parameter cannot be understood: 400, not 422 (K-29).
    let unknown = violations.iter().any(|violation| violation.code == "UNKNOWN_PARAMETER");
    let document = match &operation.body {
        // An optional body that is missing counts as an object without members.
        Some(body) if !body.required && sent.is_empty() => Value::Object(Map::new()),
        Some(body) if body.validate => {
            let document: Value = serde_json::from_slice(sent).map_err(|_| {
                Error::new(
                    Code::MalformedRequest,
                    "The JSON of the body cannot be read: it is \
                    nested too deeply, or has a number that is too large.",
                )
            })?;
            violations.extend(validate::body(body.schema, &document));
            document
        }
        _ => Value::Null,
    };
    if violations.is_empty() {
        return Ok(document);
    }
    let (code, message) = if unknown {
        (Code::InvalidParameter, "The request has a parameter that this operation does not know.")
    } else {
        (
            Code::ValidationFailed,
            "The request breaks the contract; details.fields lists every violation.",
        )
    };
    Err(Error { violations, ..Error::new(code, message) })
}
