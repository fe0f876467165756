//! The creation of a note, with its idempotency key.

use std::time::Duration;

use serde_json::{Value, json};

use super::api::{Api, Note, plain};
use super::faults::Fault;
use super::server::{Request, Response};

/// The stored record of a key.
#[derive(Clone)]
pub(super) struct Kept {
    body: String,
    /// The answer, or `None` while the request runs.
    answer: Option<(u16, Value)>,
}

impl Api {
    pub(super) async fn create(&self, request: &Request, owner: &str) -> Response {
        let key = match request.header("idempotency-key").map(|it| self.key(it)) {
            Some(Err(status)) => return self.problem(status, "What key?"),
            Some(Ok(key)) => key,
            None => None,
        };
        let Some(key) = key else { return self.make(request, owner) };
        let key = if self.has(Fault::KeysOfAll) { key } else { format!("{owner} {key}") };
        if let Some(response) = self.known(&key, request) {
            return response;
        }
        // The pause is long enough for the other requests of a race to arrive.
        tokio::time::sleep(Duration::from_millis(100)).await;
        let response = self.make(request, owner);
        if response.status == 201 && self.has(Fault::MadeTwice) {
            self.make(request, owner);
        }
        let refused = response.status != 201 && !self.has(Fault::RefusalKept);
        if refused || self.has(Fault::KeyForgotten) {
            self.state().keys.remove(&key);
        } else {
            let answer = serde_json::from_str(&response.body).unwrap();
            let kept = Kept { body: request.body.clone(), answer: Some((response.status, answer)) };
            self.state().keys.insert(key, kept);
        }
        response
    }

    /// The key itself, or none if it is ignored. The error is the status of the refusal.
    fn key(&self, field: &str) -> Result<Option<String>, u16> {
        let quoted = field.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
        let key = quoted.unwrap_or(field);
        let word = key.chars().all(|c| c.is_ascii_graphic());
        let valid = (1..=100).contains(&key.len()) && word;
        match (valid, quoted) {
            (false, _) if self.has(Fault::KeyCrashes) => Err(500),
            (false, _) if self.has(Fault::AnythingIsAKey) => Ok(None),
            (false, _) => Err(400),
            (_, Some(_)) if self.has(Fault::QuotesIgnored) => Ok(None),
            (_, None) if self.has(Fault::BareIgnored) => Ok(None),
            _ => Ok(Some(key.to_owned())),
        }
    }

    /// The answer to a key that was seen before. A new key is reserved.
    fn known(&self, key: &str, request: &Request) -> Option<Response> {
        let mut state = self.state();
        let Some(kept) = state.keys.get(key).cloned() else {
            if !self.has(Fault::NoReservation) {
                state
                    .keys
                    .insert(key.to_owned(), Kept { body: request.body.clone(), answer: None });
            }
            return None;
        };
        if kept.body != request.body && !self.has(Fault::BodyIgnored) {
            return Some(match (kept.answer, self.has(Fault::RefusalKept)) {
                (Some((status, answer)), true) if status >= 400 => plain(status, &answer),
                _ => self.problem(422, "The key was used with another body."),
            });
        }
        let Some((status, mut answer)) = kept.answer else {
            let refusal = self.problem(409, "It is still running.");
            return Some(if self.has(Fault::NoWait) {
                refusal
            } else {
                refusal.with("retry-after", "1")
            });
        };
        if self.has(Fault::AnotherAnswer) {
            answer["again"] = json!(true);
        }
        let response = plain(status, &answer);
        let marked = !self.has(Fault::NoMarker);
        Some(if marked { response.with("idempotent-replayed", "true") } else { response })
    }

    fn make(&self, request: &Request, owner: &str) -> Response {
        let body: Value = serde_json::from_str(&request.body).unwrap_or_default();
        let Some(text) = body["text"].as_str().filter(|text| !text.is_empty()) else {
            return self.problem(422, "A note needs a text.");
        };
        let mut state = self.state();
        state.numbers += 1;
        let note = Note {
            number: state.numbers,
            owner: owner.to_owned(),
            text: text.to_owned(),
            version: 1,
        };
        let response = plain(201, &note.json());
        state.notes.push(note);
        response
    }
}
