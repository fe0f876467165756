//! The event feed: written in the transaction of what happened.

use crate::scope::Scope;
use crate::sql::Value;
use crate::{Call, Error, id};

/// Something that happened in a tenant.
pub struct Event<'a> {
    /// A name of the registry, such as `project.created`.
    pub kind: &'a str,
    /// The id of the object that it happened to.
    pub subject: &'a str,
    /// The function that tells.
    pub source_agent: &'static str,
    /// The object after it happened, as JSON: nothing secret or personal.
    pub data: String,
}

impl Scope<'_> {
    /// Appends to the tenant's feed; returns the id of the event.
    ///
    /// # Errors
    /// `internal-error` of the database.
    pub fn emit(&self, event: Event<'_>) -> Result<String, Error> {
        let event_id = id("evt");
        let columns = [
            event_id.clone(),
            event.kind.to_owned(),
            event.subject.to_owned(),
            event.source_agent.to_owned(),
            event.data,
            self.trace_id().to_owned(),
        ];
        let created_at = Value::Integer(crate::now());
        self.execute_one(
            "INSERT INTO events \
             (tenant_id, id, type, subject, source_agent, data, trace_id, created_at) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
            columns.into_iter().map(Value::Text).chain([created_at]),
        )?;
        self.announce(event.kind)?;
        Ok(event_id)
    }

    /// Writes who did what (C-19), in the transaction of what was done.
    pub(crate) fn audit(
        &self,
        call: &Call,
        action: &str,
        resource: &str,
        metadata: &str,
    ) -> Result<(), Error> {
        let columns =
            [&id("aud"), call.caller()?.id(), action, resource, metadata, self.trace_id()];
        let columns = columns.map(|text| Value::Text(text.to_owned()));
        self.execute_one(
            "INSERT INTO audit_logs \
             (tenant_id, id, actor_id, action_type, resource_id, metadata, trace_id, created_at) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
            columns.into_iter().chain([Value::Integer(crate::now())]),
        )
    }
}
