//! A small API that keeps every clause, except for the fault that a test chooses.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard};

use serde_json::{Value, json};

use super::faults::Fault;
use super::keys::Kept;
use super::quotas::Bucket;
use super::server::{Request, Response};

/// The stored state of the API.
#[derive(Default)]
pub(super) struct State {
    pub(super) notes: Vec<Note>,
    pub(super) numbers: u32,
    pub(super) keys: HashMap<String, Kept>,
    pub(super) buckets: HashMap<String, Bucket>,
    cursors: HashMap<String, u32>,
    pub(super) answers: u32,
}

pub(super) struct Note {
    pub(super) number: u32,
    pub(super) owner: String,
    pub(super) text: String,
    pub(super) version: u32,
}

pub(super) struct Api {
    pub(super) fault: Option<Fault>,
    state: Mutex<State>,
}

pub(super) fn plain(status: u16, body: &Value) -> Response {
    let body = body.to_string();
    Response { status, headers: Vec::new(), body, blunt: false }
        .with("content-type", "application/json")
}

impl Api {
    pub(super) fn new(fault: Option<Fault>) -> Self {
        Self { fault, state: Mutex::default() }
    }

    pub(super) fn has(&self, fault: Fault) -> bool {
        self.fault == Some(fault)
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    pub(super) async fn answer(&self, request: Request) -> Response {
        let class =
            if request.path == "/scarce" { ("scarce", 3.0, 3) } else { ("read", 900.0, 60) };
        let owner = request.header("authorization").unwrap_or_default().to_owned();
        if owner.is_empty() && !["/register", "/openapi.json"].contains(&request.path.as_str()) {
            let refusal = self.problem(401, "Who are you?");
            return if self.has(Fault::NoChallenge) {
                refusal
            } else {
                refusal.with("www-authenticate", "Bearer")
            };
        }
        let (admitted, left, wait) = self.take(class, &owner);
        let response = match admitted {
            true => self.route(&request, &owner).await,
            false => self.refused(wait),
        };
        self.told(response, class, left, wait)
    }

    async fn route(&self, request: &Request, owner: &str) -> Response {
        let parts: Vec<_> = request.path.split('/').skip(1).collect();
        match (request.method.as_str(), parts.as_slice()) {
            ("POST", ["register"]) => {
                self.state().numbers += 1;
                let number = self.state().numbers;
                plain(201, &json!({ "token": format!("t{number}") }))
            }
            ("GET", ["openapi.json"]) => {
                let text = if self.has(Fault::NoExpiry) { "A key." } else { "Kept for a day." };
                plain(
                    200,
                    &json!({ "x": [{ "name": "Idempotency-Key", "in": "header", "description": text }] }),
                )
            }
            ("GET", ["scarce"]) => plain(200, &json!({})),
            ("GET", ["old"]) => self.old(),
            ("POST", ["payments"]) => match request.header("idempotency-key") {
                None if !self.has(Fault::KeyOptional) => self.problem(400, "A key is needed."),
                _ => plain(201, &json!({})),
            },
            ("GET" | "HEAD", ["notes"]) => self.list(request, owner),
            ("POST", ["notes"]) => self.create(request, owner).await,
            (_, ["notes"]) => {
                let refusal = self.problem(405, "Not so.");
                if self.has(Fault::NoAllow) { refusal } else { refusal.with("allow", "GET, POST") }
            }
            ("GET" | "HEAD", ["notes", id]) => self.read(request, id),
            ("PATCH", ["notes", id]) => self.update(request, id).await,
            ("DELETE", ["notes", id]) => {
                self.state().notes.retain(|note| note.id() != *id);
                Response { status: 204, headers: Vec::new(), body: String::new(), blunt: false }
            }
            _ => {
                self.problem(if self.has(Fault::WrongStatus) { 400 } else { 404 }, "Nothing here.")
            }
        }
    }

    pub(super) fn problem(&self, status: u16, detail: &str) -> Response {
        let mut body = json!({ "type": "/docs/problem", "title": "A problem", "status": status, "detail": detail });
        match self.fault {
            Some(Fault::DetailIsAnObject) => body["detail"] = json!({}),
            Some(Fault::StatusOfAnother) => body["status"] = json!(499),
            Some(Fault::TypeWithSpaces) => body["type"] = json!("no uri"),
            Some(Fault::NoTitle) => body["title"] = Value::Null,
            Some(Fault::DashInExtension) => body["trace-id"] = json!("1"),
            Some(Fault::NoDocumentation) => body["type"] = json!("about:blank"),
            _ => {}
        }
        let mut response = plain(status, &body);
        if !self.has(Fault::WrongMediaType) {
            response.headers = vec![("content-type", "application/problem+json".to_owned())];
        }
        response
    }

    fn old(&self) -> Response {
        if self.has(Fault::GoneAlready) {
            return self.problem(410, "Gone.");
        }
        let sunset = match self.fault {
            Some(Fault::SunsetAsNumber) => "@1893456000",
            Some(Fault::SunsetBefore) => "Sat, 01 Jan 2000 00:00:00 GMT",
            _ => "Tue, 01 Jan 2030 00:00:00 GMT",
        };
        let link = match self.fault {
            Some(Fault::NoGuide) => "</notes>; rel=\"item\"",
            Some(Fault::LinkWithoutBrackets) => "/guide; rel=deprecation",
            _ => "</guide>; rel=\"deprecation\"; type=\"text/html\"",
        };
        let response = plain(200, &json!({})).with("sunset", sunset).with("link", link);
        match self.fault {
            Some(Fault::NotAnnounced) => response,
            Some(Fault::DeprecationTrue) => response.with("deprecation", "true"),
            _ => response.with("deprecation", "@1735689600"),
        }
    }

    /// The cursor is the number of the last note of a page.
    fn list(&self, request: &Request, owner: &str) -> Response {
        let mut state = self.state();
        let limit = match request.query.get("limit").map(|limit| limit.parse::<usize>()) {
            None => 50,
            Some(Ok(limit @ 1..=100)) => limit,
            Some(_) if self.has(Fault::LimitCrashes) => return self.problem(500, "Oh."),
            Some(_) => return self.problem(400, "What limit?"),
        };
        let cursor = request.query.get("cursor");
        let after = match cursor.map(|cursor| cursor.strip_prefix("after").map(str::parse::<u32>)) {
            None => 0,
            Some(Some(Ok(after))) => after,
            Some(_) if self.has(Fault::GarbageIsTheBeginning) => 0,
            Some(_) => return self.problem(400, "What cursor?"),
        };
        let mut own: Vec<_> = state.notes.iter().filter(|note| note.owner == owner).collect();
        own.sort_by_key(|note| note.number);
        let counts = self.has(Fault::CursorCounts);
        let ahead = own.iter().enumerate().filter(|(at, note)| match self.fault {
            Some(Fault::CursorCounts) => *at >= after as usize,
            Some(Fault::PagesOverlap) => note.number >= after,
            _ => note.number > after,
        });
        let ahead: Vec<_> = ahead.map(|(_, note)| *note).collect();
        let size = limit + usize::from(self.has(Fault::OneTooMany));
        let page = &ahead[..ahead.len().min(size)];
        let more = ahead.len() > page.len() || self.has(Fault::NoEnd);
        let last = page.last().map_or(after, |note| note.number);
        let place = if counts { after + page.len() as u32 } else { last };
        let next = more.then(|| format!("after{place}"));
        let mut items: Vec<_> = page.iter().map(|note| note.json()).collect();
        if let Some(cursor) = cursor {
            let times = state.cursors.entry(format!("{owner}{cursor}")).or_default();
            *times += 1;
            if *times > 1 && self.has(Fault::CursorForOnce) {
                items.clear();
            }
        }
        let mut response = plain(200, &json!({ "items": items, "next": next }));
        response.blunt = self.has(Fault::HeadWithBody);
        let Some(next) = next else { return response };
        let cursor = if self.has(Fault::LinkToTheBeginning) { "after0" } else { &next };
        response.with("link", format!("</notes?limit={limit}&cursor={cursor}>; rel=\"next\""))
    }
}

impl Note {
    pub(super) fn id(&self) -> String {
        format!("n{}", self.number)
    }

    pub(super) fn json(&self) -> Value {
        json!({ "id": self.id(), "text": self.text, "version": self.version })
    }
}
