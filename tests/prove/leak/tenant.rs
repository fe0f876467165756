//! A tenant: the callers that act in it, and every text that it owns.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use regex::Regex;

use crate::support::{App, Client};
use crate::tenants;

/// Ids of objects, by their prefix. Signing keys belong to all tenants.
static IDS: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"\b(usr|tenant|prj|evt|cli|tok|team|ntc)_[0-9A-Za-z]{22}\b").unwrap()
});
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
}

impl Tenant {
    pub(super) async fn new(app: &App, random: &mut fastrand::Rng) -> Self {
        let mark: String = (0..12).map(|_| random.lowercase()).collect();
        let owner = app.owner_named(&format!("{mark}b0z@example.com"), None).await;
        let scopes = ["projects", "users", "teams", "events", "notices"];
        let scopes = scopes.map(|name| format!("{name}:read"));
        let scopes: Vec<&str> = scopes.iter().map(String::as_str).collect();
        let mut this = Self {
            viewer: tenants::caller(app, &owner, &["viewer"], &scopes),
            marks: Regex::new(&format!("{mark}[bh][0-9]+z")).unwrap(),
            mark,
            next: 1,
            secrets: BTreeSet::new(),
            ids: BTreeMap::new(),
            cursors: Vec::new(),
            keys: Vec::new(),
            owner,
        };
        let session = this.owner.session.to_string();
        this.learn(&session, "");
        for _ in 0..3 {
            let notice = this.mark('b');
            tenants::publish(app, this.owner.tenant(), &notice, 0);
            this.ids.entry("notices").or_default().push(notice);
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
        for id in IDS.captures_iter(answer) {
            if request.contains(&id[0]) || !self.secrets.insert(id[0].to_owned()) {
                continue;
            }
            let collection = match &id[1] {
                "usr" => "users",
                "prj" => "projects",
                "team" => "teams",
                "tenant" => "tenants",
                _ => continue,
            };
            self.ids.entry(collection).or_default().push(id[0].to_owned());
        }
        let traces = TRACES.find_iter(answer).map(|trace| trace.as_str().to_owned());
        self.secrets.extend(traces.filter(|trace| !request.contains(trace)));
        self.cursors.extend(CURSORS.captures_iter(answer).map(|found| found[1].to_owned()));
    }

    /// The parts of this text that belong to the tenant.
    pub(super) fn own_in(&self, text: &str) -> Vec<String> {
        let known = IDS.find_iter(text).chain(TRACES.find_iter(text));
        let known = known.filter(|found| self.secrets.contains(found.as_str()));
        let found = known.chain(self.marks.find_iter(text));
        found.map(|found| found.as_str().to_owned()).collect()
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
