//! Reads and updates of a note, with their preconditions.

use std::time::Duration;

use serde_json::Value;

use super::api::{Api, Note, State, plain};
use super::faults::Fault;
use super::server::{Request, Response};

impl Api {
    fn tag(&self, note: &Note) -> String {
        match (self.has(Fault::OneTagForAll), self.has(Fault::TagWithoutQuotes)) {
            (true, _) => "\"v\"".to_owned(),
            (_, true) => format!("v{}", note.version),
            _ => format!("\"v{}\"", note.version),
        }
    }

    pub(super) fn read(&self, request: &Request, id: &str) -> Response {
        let state = self.state();
        let Some(note) = state.notes.iter().find(|note| note.id() == id) else {
            return self.problem(404, "No such note.");
        };
        let tag = self.tag(note);
        let mut response = plain(200, &note.json());
        let tags = request.header("if-none-match").unwrap_or_default();
        let same = match self.has(Fault::StrongComparison) {
            true => tags == tag,
            false => {
                let mut listed = tags.split(", ").map(|it| it.trim_start_matches("W/"));
                tags == "*" || listed.any(|it| it == tag)
            }
        };
        if same && !self.has(Fault::NeverNotModified) {
            response.status = 304;
            response.blunt = self.has(Fault::BodyOf304);
        }
        let head = request.method == "HEAD" && self.has(Fault::HeadWithoutTag);
        if head || self.has(Fault::NoTag) { response } else { response.with("etag", tag) }
    }

    fn matches(&self, tags: &str, tag: &str) -> bool {
        let opaque = match self.has(Fault::WeakTagMatches) {
            true => tags.trim_start_matches("W/"),
            false => tags,
        };
        match tags {
            "*" => !self.has(Fault::NoAsterisk),
            _ if self.has(Fault::OldTagMatches) => !tags.starts_with("W/"),
            _ if self.has(Fault::NoLists) => tags == tag,
            _ => opaque.split(", ").any(|it| it == tag),
        }
    }

    pub(super) async fn update(&self, request: &Request, id: &str) -> Response {
        let tags = request.header("if-match").unwrap_or("*").to_owned();
        let text = serde_json::from_str::<Value>(&request.body).unwrap()["text"].clone();
        let current = |state: &State| {
            let note = state.notes.iter().find(|note| note.id() == id).unwrap();
            self.matches(&tags, &self.tag(note))
        };
        if self.has(Fault::LostUpdate) && current(&self.state()) {
            // The tag is checked at one moment, and the write happens at another.
            tokio::time::sleep(Duration::from_millis(100)).await;
        } else if !current(&self.state()) {
            return self.problem(412, "It was changed.");
        }
        let mut state = self.state();
        if !self.has(Fault::LostUpdate) && !current(&state) {
            return self.problem(412, "It was changed.");
        }
        let note = state.notes.iter_mut().find(|note| note.id() == id).unwrap();
        note.text = text.as_str().unwrap().to_owned();
        note.version += 1;
        plain(200, &note.json())
    }
}
