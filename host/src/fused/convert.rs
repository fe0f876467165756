//! Conversions between the types of the WIT and those of the gateway library. Strings are moved,
//! not copied.

use super::bindings::exports::tenantry::platform::route;
use super::bindings::tenantry::platform::{errors, messages, tenancy};
use gateway::limits::Quota;
use gateway::{
    Caller, Code, Context, Error, Grant, Idempotency, Limit, Location, Operation, Principal,
    Relation, Request, Shape,
};

/// Makes a `tenancy.context`.
pub(super) fn context(context: Context) -> tenancy::Context {
    tenancy::Context { trace_id: context.trace_id, caller: context.caller.map(caller) }
}

fn caller(caller: Caller) -> tenancy::Caller {
    let grant = |grant| match grant {
        Grant::Role(name) => tenancy::Grant::Role(name),
        Grant::Scope(name) => tenancy::Grant::Scope(name),
        Grant::Plan(name) => tenancy::Grant::Plan(name),
    };
    tenancy::Caller {
        tenant: caller.tenant,
        principal: match caller.principal {
            Principal::User(id) => tenancy::Principal::User(id),
            Principal::Client(id) => tenancy::Principal::Client(id),
            Principal::ApiKey(id) => tenancy::Principal::ApiKey(id),
        },
        grants: caller.grants.into_iter().map(grant).collect(),
    }
}

/// Makes a `messages.request`.
pub(super) fn request(request: Request) -> messages::Request {
    let parameter = |parameter: gateway::Parameter| messages::Parameter {
        location: match parameter.location {
            Location::Path => messages::Location::Path,
            Location::Query => messages::Location::Query,
            Location::Header => messages::Location::Header,
        },
        name: parameter.name,
        value: parameter.value,
    };
    messages::Request {
        parameters: request.parameters.into_iter().map(parameter).collect(),
        body: request.body,
    }
}

/// Converts an `errors.error`.
pub(super) fn error(error: errors::Error) -> Error {
    let violation = |violation: errors::Violation| gateway::Violation {
        pointer: violation.pointer,
        code: violation.code,
        message: violation.message,
        value: violation.value,
    };
    Error {
        // Both sides have the codes in the order of wit/errors.wit.
        code: Code::ALL[error.code as usize],
        message: error.message,
        violations: error.violations.into_iter().map(violation).collect(),
        context: error.context,
        retry_after: error.retry_after,
        internal: error.internal,
    }
}

/// Converts a `route.operation`.
pub(super) fn operation(operation: route::Operation) -> Operation {
    Operation {
        id: operation.id,
        method: operation.method,
        path: operation.path,
        version: operation.version,
        public: operation.public,
        scopes: operation.scopes,
        limit: Limit {
            class: operation.limit.class,
            quota: Quota { per_minute: operation.limit.per_minute, burst: operation.limit.burst },
            cost: operation.limit.cost,
        },
        idempotency: match operation.idempotency {
            route::Idempotency::Unsupported => Idempotency::Unsupported,
            route::Idempotency::Optional => Idempotency::Optional,
            route::Idempotency::Required => Idempotency::Required,
        },
        consumes: operation.consumes,
        body_required: operation.body_required,
        produces: operation.produces,
        shape: operation.shape.map(shape),
    }
}

fn shape(shape: route::Shape) -> Shape {
    let relation = |relation: route::Relation| Relation {
        name: relation.name,
        member: relation.member,
        collection: relation.collection,
        many: relation.many,
    };
    Shape {
        collection: shape.collection,
        is_page: shape.is_page,
        is_addressed: shape.is_addressed,
        is_numbered: shape.is_numbered,
        enums: shape.enums,
        maps: shape.maps,
        relations: shape.relations.into_iter().map(relation).collect(),
    }
}
