//! The keys themselves: valid forms, invalid ones, and how long they are kept.

use serde_json::Value;

use crate::check::{Stop, Verdict, each, failed, skipped};
use crate::client::{Answer, Ask, Identity};
use crate::raw;
use crate::report::Recorder;
use crate::target::{Collection, Idempotency, unique};
use crate::world::World;

/// The common parameters of all steps.
pub(super) struct Keys<'a> {
    pub(super) world: &'a World,
    pub(super) list: &'a Collection,
    pub(super) says: &'a Idempotency,
    pub(super) by: &'a Identity,
}

impl<'a> Keys<'a> {
    /// A creation with this value of the field, as it is.
    pub(super) fn creation(&self, field: &str, unique: &str) -> Ask<'a> {
        let ask = self.world.creation(self.list, unique);
        ask.header("accept", "application/json, application/problem+json")
            .header("idempotency-key", field)
    }

    pub(super) async fn create(&self, field: &str, unique: &str) -> anyhow::Result<Answer> {
        self.creation(field, unique).by(self.by).send().await
    }

    pub(super) async fn count(&self, unique: &str) -> anyhow::Result<usize> {
        self.world.count(self.list, self.by, unique).await
    }

    pub(super) fn id(&self, answer: &Answer) -> Option<String> {
        self.list.id_in(answer)
    }
}

/// A key as a String of structured fields.
pub(super) fn quoted(key: &str) -> String {
    format!("\"{key}\"")
}

/// Checks that a key in this form protects: its retry makes nothing.
pub(super) async fn form(keys: &Keys<'_>, form: fn(&str) -> String) -> anyhow::Result<Verdict> {
    let (key, text) = (form(&unique()), unique());
    let first = keys.create(&key, &text).await?;
    if !first.success() {
        return Ok(failed(format!("Idempotency-Key: {key}: {}", first.seen())));
    }
    let again = keys.create(&key, &text).await?;
    let count = keys.count(&text).await?;
    Ok(match count == 1 && again.success() {
        true => Ok(()),
        false => failed(format!("Idempotency-Key: {key} twice made {count} objects")),
    })
}

/// Calls the operation that requires a key by the target, without one.
pub(super) async fn missing(keys: &Keys<'_>) -> anyhow::Result<Verdict> {
    let Some(operation) = &keys.says.required else {
        return Ok(skipped("the target names no operation that requires a key"));
    };
    let method = http::Method::from_bytes(operation.method.as_bytes())?;
    let mut ask = keys.world.ask(method, &operation.path).by(keys.by);
    if let Some(body) = &operation.body {
        ask = ask.json(&crate::target::fill(body, &unique()));
    }
    let answer = ask.send().await?;
    Ok(match answer.status {
        400 => Ok(()),
        _ => failed(format!("{}, expected 400", answer.seen())),
    })
}

/// Sends invalid keys. They go over a socket of their own, because an HTTP client refuses some.
pub(super) async fn malformed(keys: &Keys<'_>, out: &mut Recorder<'_>) -> Result<(), Stop> {
    let mut cases = vec![
        ("an empty field", String::new()),
        ("an empty String", quoted("")),
        ("a tab", quoted("a\tb")),
        ("a control character", quoted("a\u{1}b")),
        ("a letter that is not ASCII", quoted("caf\u{e9}")),
    ];
    if let Some(longest) = keys.says.longest {
        cases.push(("a key that is too long", quoted(&"k".repeat(longest + 1))));
    }
    let (mut broken, mut taken) = (Vec::new(), Vec::new());
    for (name, field) in &cases {
        let text = unique();
        let Some(answer) = raw::send(keys.creation(field, &text).by(keys.by)).await? else {
            out.skip_rest("idempotency-malformed", "only tried without TLS");
            return Ok(());
        };
        if answer.status >= 500 {
            broken.push(format!("{name} was answered {}", answer.status));
        } else if answer.status != 400 || keys.count(&text).await? != 0 {
            taken.push(format!("{name} was answered {}", answer.status));
        }
    }
    out.note("idempotency-malformed", each(cases.len(), "no cases", broken));
    out.note("idempotency-malformed-refused", each(cases.len(), "no cases", taken));
    Ok(())
}

/// Checks that the description of the field in the contract names a time.
pub(super) async fn expiry(world: &World) -> anyhow::Result<Verdict> {
    let Some(path) = &world.target.openapi else {
        return Ok(skipped("the target does not say where its OpenAPI document is"));
    };
    let answer = world.get(path).send().await?.succeeded()?;
    if answer.body.is_null() {
        return Ok(skipped("the OpenAPI document is not JSON"));
    }
    let mut descriptions = Vec::new();
    describe(&answer.body, &mut descriptions);
    Ok(match descriptions.iter().any(|text| names_a_time(text)) {
        true => Ok(()),
        false if descriptions.is_empty() => {
            failed(format!("{path} describes no parameter Idempotency-Key"))
        }
        false => failed(format!("{path} says nothing of a time: {:?}", descriptions[0])),
    })
}

/// Collects the descriptions of the parameters with the name of the field.
fn describe(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| describe(item, found)),
        Value::Object(members) => {
            let name = members.get("name").and_then(Value::as_str).unwrap_or_default();
            if name.eq_ignore_ascii_case("idempotency-key") && members.contains_key("in") {
                let text = members.get("description").and_then(Value::as_str);
                found.push(text.unwrap_or_default().to_owned());
            }
            members.values().for_each(|member| describe(member, found));
        }
        _ => {}
    }
}

fn names_a_time(text: &str) -> bool {
    let text = text.to_lowercase();
    let unit = ["second", "minute", "hour", "day", "week", "month", "year"];
    unit.iter().any(|unit| text.contains(unit))
        || ["expire", "never"].iter().any(|it| text.contains(it))
}
