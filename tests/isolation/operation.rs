//! An operation of the contract, as the isolation table calls it.

use http::Method;
use serde_json::Value;

use super::objects::ATTEMPT;
use crate::support::{Client, Exchange};

/// An id that no object has.
pub(super) const MISSING: &str = "none_0000000000000000000000";

/// The kind of an operation, as far as tenants are concerned.
#[derive(Clone, Copy)]
pub enum Row {
    /// It needs no credential of a tenant, and shows no tenant's data.
    Public,
    /// It lists objects of the caller's tenant, with this query.
    List(&'static str),
    /// It makes an object in the caller's tenant.
    Create(fn() -> Value),
    /// It works on one object of the caller's tenant.
    Object(fn() -> Option<Value>),
    /// It works on the objects that its body names, and has a result for each.
    Bulk(fn(&str) -> Value),
    /// It works on the caller alone. Its body may name a tenant.
    Caller(fn(&str) -> Option<Value>),
}

/// An operation of the contract with its row.
pub(super) struct Operation<'a> {
    pub(super) id: &'a str,
    pub(super) method: Method,
    /// `/api/v1/projects/{id}`
    pub(super) template: &'a str,
    pub(super) row: Row,
}

/// Whether the contract lets anybody call an operation.
pub fn is_public(document: &Value) -> bool {
    let ways = document["security"].as_array();
    ways.is_some_and(|ways| {
        ways.is_empty() || ways.iter().any(|way| way.as_object().unwrap().is_empty())
    })
}

impl Operation<'_> {
    /// Calls the operation, on this object if it works on one, at any version of the object.
    pub(super) async fn call(&self, client: &Client, object: &str) -> Exchange {
        let any = [("if-match", "*")];
        let headers: &[(&str, &str)] = if self.method == Method::PUT { &any } else { &[] };
        self.call_if(client, object, headers).await
    }

    /// Calls the operation with these headers, which may be preconditions.
    pub(super) async fn call_if(
        &self,
        client: &Client,
        object: &str,
        headers: &[(&str, &str)],
    ) -> Exchange {
        let query = if let Row::List(query) = self.row { query } else { "" };
        let path = self.template.replace("{id}", object).replace("{attempt_id}", ATTEMPT) + query;
        let method = self.method.clone();
        let body = match self.row {
            Row::Public | Row::List(_) => None,
            Row::Create(body) => Some(body()),
            Row::Object(body) => body(),
            Row::Bulk(body) => Some(body(object)),
            Row::Caller(body) => body(object),
        };
        match body {
            Some(body) => client.json(method, &path, &body, headers).await,
            None => client.send(method, &path, headers, None).await,
        }
    }
}

/// The part of an answer that does not depend on the caller and on the id that was asked for.
pub(super) fn comparable(exchange: &Exchange, id: &str) -> String {
    let trace = exchange.body["trace_id"].as_str().unwrap_or("no trace id");
    let mut headers: Vec<_> = exchange
        .headers
        .iter()
        .filter(|(name, _)| {
            !name.as_str().starts_with("x-") && *name != "date" && *name != "content-length"
        })
        .map(|(name, value)| format!("{name}: {value:?}"))
        .collect();
    headers.sort();
    // Each signature of the key set has noise of its own.
    let signed = exchange.body["signed"].as_str().unwrap_or("no signed keys");
    let text = exchange.text.replace(id, "[id]").replace(trace, "[trace]");
    format!("{} {headers:?} {}", exchange.status, text.replace(signed, "[signed]"))
}
