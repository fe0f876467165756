//! The description of an API: the requests to send, and the behaviour that the API promises. If a
//! description leaves out a part, then that part is not checked. `targets/tenantry.toml` explains
//! every member.

use std::collections::BTreeMap;

use anyhow::Context;
use serde::Deserialize;
use serde_json::Value;

use crate::client::Answer;

/// The description that is used without `--target`, and an example for others.
pub(crate) const TENANTRY: &str = include_str!("../targets/tenantry.toml");

/// A whole description.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Target {
    pub(crate) name: String,
    /// The path of the contract, which is in JSON.
    pub(crate) openapi: Option<String>,
    #[serde(default)]
    pub(crate) identity: Identities,
    pub(crate) collection: Option<Collection>,
    pub(crate) update: Option<Update>,
    pub(crate) idempotency: Option<Idempotency>,
    pub(crate) ratelimit: Option<RateLimit>,
    pub(crate) deprecated: Option<Deprecated>,
    pub(crate) problem: Option<Problem>,
}

/// How callers authenticate.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Identities {
    /// The header lines of existing callers.
    #[serde(default)]
    pub(crate) fixed: Vec<Vec<String>>,
    pub(crate) register: Option<Register>,
}

/// A request that makes a new caller.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Register {
    pub(crate) path: String,
    pub(crate) body: Value,
    /// The JSON Pointer of the token in the answer.
    pub(crate) token: String,
    /// The header line with the token, with `{{token}}`.
    pub(crate) header: String,
}

/// A list to which objects can be added.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Collection {
    pub(crate) path: String,
    /// The body of a creation, with `{{unique}}`.
    pub(crate) body: Value,
    /// A body that is refused before anything is done.
    pub(crate) invalid: Option<Value>,
    /// The JSON Pointer of the object in an answer about one object. Empty means the whole body.
    #[serde(default)]
    pub(crate) object: String,
    /// The JSON Pointer of the id in an object.
    pub(crate) id: String,
    /// The JSON Pointers of the objects in a page, and of the cursor of the next page.
    pub(crate) items: String,
    pub(crate) cursor: Option<String>,
    #[serde(default = "cursor")]
    pub(crate) cursor_parameter: String,
    #[serde(default = "limit")]
    pub(crate) limit_parameter: String,
    /// The most items of a page.
    pub(crate) limit_max: Option<u64>,
    /// Whether pages have `Link` with `rel="next"`.
    #[serde(default)]
    pub(crate) link: bool,
    /// Whether `DELETE` of an object removes it.
    #[serde(default)]
    pub(crate) delete: bool,
    /// A list of the objects that contain a text, by `{{unique}}`. Without it the list is walked.
    pub(crate) find: Option<String>,
}

/// A request that changes an object and honours `If-Match`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Update {
    pub(crate) method: String,
    pub(crate) media_type: String,
    /// The body of the update, with `{{unique}}`, which a later read shows.
    pub(crate) body: Value,
    /// The number of concurrent updates in a race.
    #[serde(default = "racers")]
    pub(crate) racers: usize,
}

/// How the creation of the collection treats keys.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Idempotency {
    /// The header line that marks a replay.
    pub(crate) marker: Option<String>,
    /// Whether `Idempotency-Key: abc` means the same mechanism as `"abc"`.
    #[serde(default)]
    pub(crate) bare: bool,
    /// The length of the longest key.
    pub(crate) longest: Option<usize>,
    /// The fields of a replay that may differ, such as the id of the request.
    #[serde(default)]
    pub(crate) volatile: Vec<String>,
    #[serde(default = "concurrent")]
    pub(crate) concurrent: usize,
    /// An operation that requires a key.
    pub(crate) required: Option<Operation>,
}

/// A request.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Operation {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) body: Option<Value>,
}

/// The operation whose quota can be used up.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RateLimit {
    /// Whether a run uses up the quota of a new identity without `--exhaust`.
    #[serde(default)]
    pub(crate) exhaust: bool,
    /// The operation with the small quota. If it is left out, the creation is used.
    pub(crate) operation: Option<Operation>,
    /// The number of requests after which the quota must be used up.
    pub(crate) at_most: u32,
}

/// A deprecated operation that still answers.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Deprecated {
    pub(crate) operation: Operation,
    /// Whether the answer has a `Link` to documentation.
    #[serde(default)]
    pub(crate) link: bool,
}

/// Requests that are refused.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Problem {
    #[serde(rename = "case")]
    pub(crate) cases: Vec<Case>,
}

/// A request that is refused.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Case {
    pub(crate) name: String,
    #[serde(default = "get")]
    pub(crate) method: String,
    pub(crate) path: String,
    /// The status, or all statuses that are right.
    pub(crate) status: Vec<u16>,
    /// Whether the request is sent without a credential.
    #[serde(default)]
    pub(crate) anonymous: bool,
    #[serde(default)]
    pub(crate) headers: BTreeMap<String, String>,
    /// The body, which is sent as it is, so that it can be malformed.
    pub(crate) body: Option<String>,
}

fn cursor() -> String {
    "cursor".into()
}

fn limit() -> String {
    "limit".into()
}

fn get() -> String {
    "GET".into()
}

const fn racers() -> usize {
    8
}

const fn concurrent() -> usize {
    16
}

impl Collection {
    /// The id in the answer about one object.
    pub(crate) fn id_in(&self, answer: &Answer) -> Option<String> {
        answer.at(&format!("{}{}", self.object, self.id))
    }
}

impl Target {
    /// Parses a description, in which `{{env:NAME}}` stands for an environment variable.
    pub(crate) fn parse(text: &str) -> anyhow::Result<Self> {
        let mut table: toml::Table = text.parse()?;
        for value in table.iter_mut().map(|(_, value)| value) {
            expand(value)?;
        }
        let target: Self = table.try_into()?;
        for pointer in target.pointers() {
            let valid = pointer.is_empty() || pointer.starts_with('/');
            anyhow::ensure!(valid, "`{pointer}` is no JSON Pointer: it begins with `/`");
        }
        Ok(target)
    }

    fn pointers(&self) -> impl Iterator<Item = &String> {
        let list = self.collection.iter();
        let list = list
            .flat_map(|it| [Some(&it.object), Some(&it.id), Some(&it.items), it.cursor.as_ref()]);
        let volatile = self.idempotency.iter().flat_map(|it| &it.volatile);
        list.flatten().chain(volatile).chain(self.identity.register.iter().map(|it| &it.token))
    }
}

/// Replaces environment variables by their values.
fn expand(value: &mut toml::Value) -> anyhow::Result<()> {
    match value {
        toml::Value::String(text) => {
            while let Some(start) = text.find("{{env:") {
                let end = text[start..].find("}}").context("`{{env:` is not closed")? + start;
                let name = &text[start + 6..end];
                let variable = std::env::var(name)
                    .with_context(|| format!("the environment has no variable {name}"))?;
                text.replace_range(start..end + 2, &variable);
            }
            Ok(())
        }
        toml::Value::Array(items) => items.iter_mut().try_for_each(expand),
        toml::Value::Table(members) => {
            members.iter_mut().map(|(_, member)| member).try_for_each(expand)
        }
        _ => Ok(()),
    }
}

/// A body with `{{unique}}` replaced.
pub(crate) fn fill(template: &Value, unique: &str) -> Value {
    match template {
        Value::String(text) => Value::String(text.replace("{{unique}}", unique)),
        Value::Array(items) => items.iter().map(|item| fill(item, unique)).collect(),
        Value::Object(members) => Value::Object(
            members.iter().map(|(name, value)| (name.clone(), fill(value, unique))).collect(),
        ),
        other => other.clone(),
    }
}

/// A text that differs for each run and call: 16 hexadecimal digits.
pub(crate) fn unique() -> String {
    let mut bytes = [0; 8];
    getrandom::fill(&mut bytes).expect("the system has random numbers");
    format!("{:016x}", u64::from_be_bytes(bytes))
}
