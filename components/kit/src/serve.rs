//! The steps of a request inside a function: find the operation, check the request against its
//! contract, call the handler.

use serde_json::{Map, Value};

use crate::bindings::exports::tenantry::platform::route;
use crate::bindings::tenantry::platform::messages::{self, Request, Response};
use crate::bindings::tenantry::platform::tenancy::Context;
use crate::contract::{Idempotency, Location, Operation, Operations, Relation};
use crate::validate;
use crate::{Call, Code, Error, Reply, Violation, problem, refusal};

impl From<validate::Violation> for Violation {
    fn from(found: validate::Violation) -> Self {
        let validate::Violation { pointer, code, message, value } = found;
        Self { pointer, code, message, value }
    }
}

/// The operations of a contract, as `route.describe` lists them.
pub fn describe<O: Operations>() -> Vec<route::Operation> {
    let owned = |list: &[&str]| list.iter().map(|item| (*item).to_owned()).collect();
    O::ALL
        .iter()
        .map(|(_, operation)| route::Operation {
            id: operation.id.to_owned(),
            method: operation.method.to_owned(),
            path: operation.path.to_owned(),
            version: operation.version,
            public: operation.public,
            scopes: owned(operation.scopes),
            limit: route::Limit {
                class: operation.limit.class.to_owned(),
                per_minute: operation.limit.per_minute,
                burst: operation.limit.burst,
                cost: operation.limit.cost,
            },
            idempotency: match operation.idempotency {
                Idempotency::Unsupported => route::Idempotency::Unsupported,
                Idempotency::Optional => route::Idempotency::Optional,
                Idempotency::Required => route::Idempotency::Required,
            },
            consumes: owned(operation.consumes),
            body_required: operation.body.as_ref().is_some_and(|body| body.required),
            produces: owned(operation.produces),
            shape: operation.shape.map(|shape| route::Shape {
                collection: shape.collection.to_owned(),
                is_page: shape.is_page,
                is_addressed: shape.is_addressed,
                is_numbered: shape.is_numbered,
                enums: owned(shape.enums),
                maps: owned(shape.maps),
                relations: shape.relations.iter().map(relation).collect(),
            }),
        })
        .collect()
}

fn relation(relation: &Relation) -> route::Relation {
    route::Relation {
        name: relation.name.to_owned(),
        member: relation.member.to_owned(),
        collection: relation.collection.to_owned(),
        many: relation.many,
    }
}

/// Answers one request (`route.handle`).
///
/// # Errors
/// The violations of the contract, then the errors of the handler.
pub async fn serve<O, F>(
    context: Context,
    operation: &str,
    request: Request,
    dispatch: impl Fn(O, Call) -> F,
) -> Result<Response, Error>
where
    O: Operations,
    F: Future<Output = Result<Reply, Error>>,
{
    if operation == refusal::OPERATION {
        crate::sql::configure().await;
        let noted = refusal::note(O::FUNCTION, &context, &request);
        return noted.map(|reply| Response::from(reply.maybe(crate::outbox::DUE, due())));
    }
    let Some((op, operation)) = O::find(operation) else {
        return Err(problem(Code::RouteNotFound, "No operation has this path."));
    };
    let document = check(operation, &request)?;
    crate::sabotage::listen(&request.parameters);
    crate::sql::configure().await;
    let Request { parameters, body } = request;
    let call = Call { function: O::FUNCTION, operation, context, parameters, body, document };
    let outcome = dispatch(*op, call).await;
    // A refused request may revoke tokens too: a refresh token that is used twice ends its login.
    let _ = crate::revocation::publish_fresh();
    let due = due();
    let cache = operation.cache.map(str::to_owned);
    outcome.map(|reply| {
        Response::from(reply.maybe(crate::outbox::DUE, due).maybe("cache-control", cache))
    })
}

/// The value of the header that tells the gateway which work is due.
fn due() -> Option<String> {
    crate::outbox::take_due().then(|| "deliveries".to_owned())
}

fn check(operation: &Operation, request: &Request) -> Result<Value, Error> {
    let parameters: Vec<_> = request
        .parameters
        .iter()
        .map(|p| (location(p.location), p.name.as_str(), p.value.as_str()))
        .collect();
    let mut violations = validate::parameters(operation, &parameters);
    // A request with an unknown parameter cannot be understood: 400, not 422 (K-29).
    let unknown = violations.iter().any(|violation| violation.code == "UNKNOWN_PARAMETER");
    let document = match &operation.body {
        // An optional body that is missing counts as an object without members.
        Some(body) if !body.required && request.body.is_empty() => Value::Object(Map::new()),
        Some(body) if body.validate => {
            let document: Value = serde_json::from_slice(&request.body).map_err(|_| {
                problem(Code::MalformedRequest, "The body is not JSON that can be read: it is nested too deeply or too large a number.")
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
    let violations = violations.into_iter().map(Violation::from).collect();
    Err(Error { violations, ..problem(code, message) })
}

fn location(location: messages::Location) -> Location {
    match location {
        messages::Location::Path => Location::Path,
        messages::Location::Query => Location::Query,
        messages::Location::Header => Location::Header,
    }
}
