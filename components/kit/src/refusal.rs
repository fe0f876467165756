//! Refused requests in the audit log (D-169). A gateway refuses the request, but it has no
//! database. So it asks the function behind it to write the entry, once an hour for each caller
//! (`components/gateway/src/refusals.rs`).

use protocol::{Context, Request, metadata};
use serde_json::json;

use crate::{Error, Event, Reply, System};

/// The `action_type` of the entry.
const KIND: &str = "access.refused";

/// Writes the entry, with the caller as actor, in the caller's own tenant.
///
/// # Errors
/// Those of the database. A function without a database cannot write the entry.
pub(crate) fn record(
    function: &'static str,
    context: &Context,
    request: &Request,
) -> Result<Reply, Error> {
    let Some(caller) = &context.caller else { return Ok(Reply::no_content()) };
    let refusal = metadata::Refusal::read(request);
    let data = json!({
        "operation": refusal.operation,
        "error": refusal.error,
        "required_scope": refusal.required_scope,
    });
    let attempt =
        Event { kind: KIND, subject: caller.id(), source_agent: function, data: data.to_string() };
    let system = System::in_background(&context.trace_id, "a refusal is noted behind the request")?;
    system.transaction(|| system.enter(&caller.tenant).audit(caller.id(), &attempt))?;
    Ok(Reply::no_content())
}
