//! One request, as a handler sees it: authenticated, within its limits, and valid by the contract.

use protocol::message::find;
use protocol::metadata::RequestMetadata;
use protocol::{Context, Location, Parameter};
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::contract::Operation;
use crate::{Caller, Code, Error, Internal};

/// A request that keeps its contract.
pub struct Call {
    /// The name under which the called function records events.
    pub(crate) recorder: &'static str,
    pub(crate) operation: &'static Operation,
    pub(crate) context: Context,
    pub(crate) metadata: RequestMetadata,
    pub(crate) parameters: Vec<Parameter>,
    pub(crate) body: Vec<u8>,
    /// The body as JSON, checked against the contract's schema.
    pub(crate) document: Value,
}

impl Call {
    /// The caller.
    ///
    /// # Errors
    /// `authentication-required` on public operations, which have no caller.
    pub fn caller(&self) -> Result<&Caller, Error> {
        let missing = || Error::new(Code::AuthenticationRequired, "A credential is needed.");
        self.context.caller.as_ref().ok_or_else(missing)
    }

    /// The trace id, for the rows that this call writes.
    pub fn trace_id(&self) -> &str {
        &self.context.trace_id
    }

    /// What the gateway knows of the request.
    pub fn metadata(&self) -> &RequestMetadata {
        &self.metadata
    }

    /// A variable of the path.
    pub fn path(&self, name: &str) -> &str {
        self.find(Location::Path, name).unwrap_or_default()
    }

    /// A query parameter.
    pub fn query(&self, name: &str) -> Option<&str> {
        self.find(Location::Query, name)
    }

    /// All query parameters, in order.
    pub fn query_parameters(&self) -> Vec<(&str, &str)> {
        let query = self.parameters.iter().filter(|p| p.location == Location::Query);
        query.map(|p| (p.name.as_str(), p.value.as_str())).collect()
    }

    /// A header that the gateway passes on. `name` is in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.find(Location::Header, name)
    }

    /// The body, raw.
    pub fn body(&self) -> &[u8] {
        &self.body
    }

    /// The body as JSON, for distinctions that serde cannot make, such as absent and null.
    pub fn document(&self) -> &Value {
        &self.document
    }

    /// The body as a type whose shape the contract guarantees.
    ///
    /// # Errors
    /// `internal-error` if the type does not agree with the contract.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, Error> {
        T::deserialize(&self.document).internal()
    }

    /// Refuses a `tenant_id` in the body that is not the caller's (K-39).
    ///
    /// # Errors
    /// `tenant-mismatch`.
    pub fn check_tenant(&self, named: Option<&str>) -> Result<(), Error> {
        match named {
            Some(named) if named != self.caller()?.tenant => Err(Error::new(
                Code::TenantMismatch,
                "tenant_id names another tenant than the credential; leave it out or log in for that tenant.",
            )),
            _ => Ok(()),
        }
    }

    fn find(&self, location: Location, name: &str) -> Option<&str> {
        find(&self.parameters, location, name)
    }
}
