//! A tenant: the callers that act in it, and every text that it owns.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use regex::Regex;
use serde_json::Value;

use super::operations::collection;
use crate::isolation::{ATTEMPT, COLLECTIONS, make, read_scopes};
use crate::support::{App, Client};
use crate::tenants;

/// Ids of objects of any kind.
static IDS: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"\b([a-z]{2,8})_[0-9A-Za-z]{22}\b").unwrap());
/// Ids of traces.
static TRACES: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"\b[0-9a-f]{32}\b").unwrap());
static CURSORS: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r#"(?:cursor|after|before)":\s*"([\w-]{20,})""#).unwrap());

pub(super) struct Tenant {
    pub(super) owner: Client,
    /// A caller that may only read.
    pub(super) viewer: Client,
    /// The beginning of every text that the tenant writes.
    mark: String,
    marks: Regex,
    next: u32,
    /// The ids of its objects and traces that answers have told it.
    secrets: BTreeSet<String>,
    /// The ids of its objects, by collection.
    ids: BTreeMap<&'static str, Vec<String>>,
    cursors: Vec<String>,
    pub(super) keys: Vec<String>,
    /// What its requests have said of the other tenant, such as the id of an object.
    said: BTreeSet<String>,
}

impl Tenant {
    pub(super) async fn new(app: &App, random: &mut fastrand::Rng) -> Self {
        let mark: String = (0..12).map(|_| random.lowercase()).collect();
        let owner = app.owner_named(&format!("{mark}b0z@example.com"), None).await;
        let mut this = Self {
            viewer: tenants::caller(app, &owner, &["viewer"], &read_scopes()),
            marks: Regex::new(&format!("{mark}[bh][0-9]+z")).unwrap(),
            mark,
            next: 1,
            secrets: BTreeSet::new(),
            ids: BTreeMap::new(),
            cursors: Vec::new(),
            keys: Vec::new(),
            said: BTreeSet::new(),
            owner,
        };
        let session = this.owner.session.clone();
        this.learn(&session.to_string(), "");
        this.meet("tenants", &session["tenant"]);
        this.meet("users", &session["user"]);
        // The feed has events already. Its operations would also show those of other tenants here,
        // if the functions have lost their tenant.
        for path in COLLECTIONS.iter().filter(|path| **path != "events") {
            let name = collection(&format!("/{path}")).unwrap();
            for _ in 0..3 {
                let mark = this.mark('b');
                let made = make(app, &this.owner, path, &mark).await;
                this.learn(&made.text, "");
                this.meet(name, &made.body);
            }
        }
        this
    }

    /// A new text of the tenant: of class `b` for stored data, and of class `h` for text that a log
    /// may contain.
    pub(super) fn mark(&mut self, class: char) -> String {
        self.next += 1;
        format!("{}{class}{}z", self.mark, self.next)
    }

    /// A new trace id of the tenant.
    pub(super) fn trace(&mut self, random: &mut fastrand::Rng) -> String {
        let trace = format!("{:032x}", random.u128(1..));
        self.secrets.insert(trace.clone());
        trace
    }

    /// Records what an answer tells of the tenant. The text of the request itself is left out,
    /// because it may belong to the other tenant.
    pub(super) fn learn(&mut self, answer: &str, request: &str) {
        // Signing keys belong to all tenants, and one attempt here is the same in all.
        let is_own = |id: &str| !id.starts_with("key_") && id != ATTEMPT && !request.contains(id);
        let ids = IDS.find_iter(answer).map(|id| id.as_str().to_owned());
        self.secrets.extend(ids.filter(|id| is_own(id)));
        let traces = TRACES.find_iter(answer).map(|trace| trace.as_str().to_owned());
        self.secrets.extend(traces.filter(|trace| !request.contains(trace)));
        self.cursors.extend(CURSORS.captures_iter(answer).map(|found| found[1].to_owned()));
    }

    /// Records the objects of the collection that an answer shows in any form, one or a page of
    /// them. Only objects that the tenant has learned of are its own.
    pub(super) fn meet(&mut self, collection: &'static str, body: &Value) {
        if collection.is_empty() {
            return;
        }
        let data = &body["data"];
        let pages = [&body["items"], data, &data["items"]];
        let items = pages.into_iter().filter_map(Value::as_array).flatten();
        let known = self.ids.entry(collection).or_default();
        for id in [body, data].into_iter().chain(items).filter_map(|one| one["id"].as_str()) {
            let is_own = self.secrets.contains(id) || self.marks.is_match(id);
            if is_own && !known.iter().any(|other| other == id) {
                known.push(id.to_owned());
            }
        }
    }

    /// The parts of this text that belong to the tenant.
    pub(super) fn own_in(&self, text: &str) -> Vec<String> {
        let known = IDS.find_iter(text).chain(TRACES.find_iter(text));
        let known = known.filter(|found| self.secrets.contains(found.as_str()));
        let found = known.chain(self.marks.find_iter(text));
        found.map(|found| found.as_str().to_owned()).collect()
    }

    /// Records what a request says of the other tenant.
    pub(super) fn say(&mut self, of_the_other: Vec<String>) {
        self.said.extend(of_the_other);
    }

    /// Whether a request of the tenant has said this of the other tenant.
    pub(super) fn has_said(&self, text: &str) -> bool {
        self.said.contains(text)
    }

    /// Whether a text contains something that not even a log may contain.
    pub(super) fn writes(&self, text: &str) -> bool {
        text.contains(&format!("{}b", self.mark))
    }

    /// The id of an object of the collection, more often a recent one than not.
    pub(super) fn id(&self, collection: &str, random: &mut fastrand::Rng) -> Option<String> {
        let ids = self.ids.get(collection)?;
        let recent = &ids[ids.len().saturating_sub(8)..];
        let ids = if random.bool() { recent } else { ids };
        random.choice(ids).cloned()
    }

    pub(super) fn cursor(&self, random: &mut fastrand::Rng) -> Option<String> {
        random.choice(&self.cursors).cloned()
    }

    /// A text that the tenant has written before.
    pub(super) fn written(&self, random: &mut fastrand::Rng) -> String {
        format!("{}b{}z", self.mark, random.u32(0..=self.next))
    }
}
