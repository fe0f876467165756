//! The event feed: written in the transaction of what happened.

use serde_json::Value as Json;

use crate::scope::Scope;
use crate::sql::Value;
use crate::{Error, id};

/// Something that happened in a tenant.
pub struct Event<'a> {
    /// A name of the registry, such as `project.created`.
    pub kind: &'static str,
    /// The id of the object that it happened to.
    pub subject: &'a str,
    /// The function that tells.
    pub source_agent: &'static str,
    /// The object after it happened.
    pub data: Json,
}

impl Scope<'_> {
    /// Appends to the tenant's feed.
    ///
    /// # Errors
    /// `internal-error` of the database.
    pub fn emit(&self, event: Event<'_>) -> Result<(), Error> {
        let columns = [
            id("evt"),
            event.kind.to_owned(),
            event.subject.to_owned(),
            event.source_agent.to_owned(),
            event.data.to_string(),
            self.trace_id().to_owned(),
        ];
        let created_at = Value::Integer(crate::now());
        self.execute_one(
            "INSERT INTO events \
             (tenant_id, id, type, subject, source_agent, data, trace_id, created_at) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
            columns.into_iter().map(Value::Text).chain([created_at]),
        )?;
        Ok(())
    }
}
