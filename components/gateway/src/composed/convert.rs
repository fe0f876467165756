//! Converts the gateway's types to those of the generated bindings, and back.

use super::bindings::tenantry::platform::{messages, route, tenancy};
use crate::{Context, Grant, Location, Parameter, Principal, Relation, Shape};

pub(super) fn context_out(context: Context) -> tenancy::Context {
    tenancy::Context {
        trace_id: context.trace_id,
        caller: context.caller.map(|caller| tenancy::Caller {
            tenant: caller.tenant,
            principal: match caller.principal {
                Principal::User(id) => tenancy::Principal::User(id),
                Principal::Client(id) => tenancy::Principal::Client(id),
                Principal::ApiKey(id) => tenancy::Principal::ApiKey(id),
            },
            grants: caller
                .grants
                .into_iter()
                .map(|grant| match grant {
                    Grant::Role(name) => tenancy::Grant::Role(name),
                    Grant::Scope(name) => tenancy::Grant::Scope(name),
                    Grant::Plan(name) => tenancy::Grant::Plan(name),
                })
                .collect(),
        }),
    }
}

pub(super) fn parameter_out(parameter: Parameter) -> messages::Parameter {
    messages::Parameter {
        location: match parameter.location {
            Location::Path => messages::Location::Path,
            Location::Query => messages::Location::Query,
            Location::Header => messages::Location::Header,
        },
        name: parameter.name,
        value: parameter.value,
    }
}

pub(super) fn shape(shape: route::Shape) -> Shape {
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
