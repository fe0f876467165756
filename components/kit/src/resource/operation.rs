//! Operations: `POST /{collection}/{id}/{action}` changes the status as the contract allows
//! (`x-transition`), and `POST /{collection}/bulk` applies one action to many objects (K-22).

use serde::{Deserialize, Serialize};

use super::{Action, Change, Record, Rule, conditional};
use crate::contract::{Resource, Transition};
use crate::{Call, Code, Error, Reply, Scope};

/// The most ids of a bulk operation (K-22); the contract says the same.
const BULK: usize = 100;

#[derive(Deserialize)]
struct Bulk {
    action: String,
    ids: Vec<String>,
}

/// The result for one object of a bulk operation.
#[derive(Serialize)]
struct Outcome<'a> {
    id: &'a str,
    outcome: &'static str,
    error: Option<&'static str>,
    message: Option<String>,
}

impl Resource {
    /// `POST /{collection}/{id}/{action}`: a change of the status that the contract allows
    /// (`x-transition`).
    ///
    /// # Errors
    /// 404, 410; 412 and 428 for the version; 409 from any other status.
    pub fn operate(&'static self, call: &Call, rule: Rule) -> Result<Reply, Error> {
        let action = call.operation.path.rsplit('/').next().unwrap_or_default();
        let transition = self.transition(action)?;
        conditional::require(call)?;
        call.write(|scope| {
            let before = self.find_to_change(call, scope)?;
            self.reply(200, &self.apply_transition(call, scope, transition, &before, rule)?)
        })
    }

    /// `POST /{collection}/bulk`: one action on up to 100 objects, each with its own result (K-22).
    /// If one object refuses, then the others are not affected.
    ///
    /// # Errors
    /// Faults of the server only. Then no object was changed.
    pub fn bulk(&'static self, call: &Call, rule: Rule) -> Result<Reply, Error> {
        let bulk: Bulk = call.json()?;
        debug_assert!(bulk.ids.len() <= BULK);
        let action = bulk.action.to_ascii_lowercase().replace('_', "-");
        call.write(|scope| {
            let results: Result<Vec<Outcome>, Error> = bulk
                .ids
                .iter()
                .map(|id| {
                    let applied = self.apply_action(call, scope, &action, id, rule);
                    // An error belongs to the object whose write has it.
                    (id, applied.and_then(|()| scope.flush()))
                })
                .map(|(id, applied)| match applied {
                    Ok(()) => Ok(Outcome { id, outcome: "DONE", error: None, message: None }),
                    // The object is not the cause, so the whole operation fails.
                    Err(error) if error.internal.is_some() => Err(error),
                    Err(error) => Ok(Outcome {
                        id,
                        outcome: "REFUSED",
                        error: Some(error.code.row().name),
                        message: Some(error.message),
                    }),
                })
                .collect();
            Reply::ok(&serde_json::json!({ "results": results? }))
        })
    }

    fn apply_action(
        &'static self,
        call: &Call,
        scope: &Scope<'_>,
        action: &str,
        id: &str,
        rule: Rule,
    ) -> Result<(), Error> {
        let before = self.find(scope, id)?;
        match action {
            "delete" => self.soft_delete(call, scope, &before, rule),
            action => self
                .apply_transition(call, scope, self.transition(action)?, &before, rule)
                .map(drop),
        }
    }

    fn transition(&'static self, action: &str) -> Result<&'static Transition, Error> {
        let found = self.transitions.iter().find(|transition| transition.action == action);
        found.ok_or_else(|| Error::internal(format!("{} has no action {action}", self.name)))
    }

    fn apply_transition(
        &'static self,
        call: &Call,
        scope: &Scope<'_>,
        transition: &'static Transition,
        before: &Record,
        rule: Rule,
    ) -> Result<Record, Error> {
        let status = before.get(self.column::<String>("status")?)?;
        if !transition.from.contains(&status) {
            let from = transition.from.join(" or ");
            return Err(Error {
                context: vec![("status".to_owned(), status.to_owned())],
                ..Error::new(
                    Code::Conflict,
                    format!("`{}` needs the status {from}, and it is {status}.", transition.action),
                )
            });
        }
        let mut record = before.clone();
        record.set(self.column::<String>("status")?, transition.to)?;
        let (action, after) = (Action::Operation(transition.action), &mut record);
        rule(Change { call, scope, action, before: Some(before), after })?;
        let write = self.update(&mut record)?;
        let verb = transition.event.rsplit('.').next().unwrap_or_default();
        self.record_change(call, scope, verb, &record, write)?;
        Ok(record)
    }
}
