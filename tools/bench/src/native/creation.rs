//! What a create writes.

use std::sync::Arc;

use http::header;

use super::caller::Caller;
use super::moment::{now, rfc3339};
use super::problem::{Problem, internal, problem};
use super::project::Project;
use super::receipt::{Answer, Key};
use super::trace::Trace;

/// A project to be created, with everything that is written with it.
pub(super) struct Creation {
    pub(super) project: Project,
    pub(super) caller: Arc<Caller>,
    pub(super) key: Option<Key>,
    /// The answer, unless the key was answered before.
    pub(super) answer: Answer,
    pub(super) trace_id: String,
    pub(super) audit_id: String,
    /// The ids of the event of the creation, and of the event of its audit entry.
    pub(super) event_ids: [String; 2],
}

impl Creation {
    /// A creation with its answer and with fresh ids.
    pub(super) fn new(
        caller: Arc<Caller>,
        project: Project,
        key: Option<Key>,
        trace: &Trace,
    ) -> Result<Self, Problem> {
        let body = serde_json::to_string(&project).map_err(internal)?;
        let location = (header::LOCATION, format!("/api/v1/projects/{}", project.id));
        let headers = project.validators().into_iter().chain([location]);
        let headers = headers.map(|(name, value)| (name.to_string(), value)).collect();
        Ok(Self {
            project,
            caller,
            key,
            answer: Answer { headers, body, replayed: false },
            trace_id: trace.trace_id.clone(),
            audit_id: id("aud")?,
            event_ids: [id("evt")?, id("evt")?],
        })
    }

    /// The data of the event about the audit entry that was written at this time.
    pub(super) fn audited(&self, now: i64) -> String {
        serde_json::json!({
            "id": self.audit_id, "actor_id": self.caller.id, "action_type": "project.created",
            "resource_id": self.project.id, "created_at": rfc3339(now.cast_unsigned()),
        })
        .to_string()
    }

    /// The owner, if it is not the caller. It must be checked that this owner is a user of the
    /// tenant. The caller is one.
    pub(super) fn other_owner(&self) -> Option<&str> {
        let owner = &self.project.owner_id;
        (*owner != self.caller.id).then_some(owner)
    }

    /// The refusal of an owner who is not a user of this tenant.
    pub(super) fn no_owner() -> Problem {
        problem(422, "validation_failed", "owner_id: there is no such user.")
    }
}

/// A new identifier: a prefix, 48 bits of milliseconds and 80 random bits in base62.
pub(super) fn id(prefix: &str) -> Result<String, Problem> {
    let mut random = [0; 16];
    getrandom::fill(&mut random[6..]).map_err(internal)?;
    let number = u128::from(now()) << 80 | u128::from_be_bytes(random);
    Ok(format!("{prefix}_{:0>22}", base62::encode(number)))
}
