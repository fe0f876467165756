//! Every store gives the same refusal to a wrong request: a value that one store cannot keep
//! reaches no store. Every parameter of every operation gets values that some store, or some
//! integer or float type, cannot represent.

use std::sync::LazyLock;

use http::Method;
use protocol::contract::{Location, Operation, Query, Schema};
use serde_json::Value;

use crate::isolation::{ROWS, Row};
use crate::support::server::{OPERATOR, SCHEDULER, UNLIMITED, options, plain_options, start};
use crate::support::{Client, Exchange, Placement};

external! { every_refusal_is_the_same() }

/// Values as they are written in queries, paths and forms: U+0000, half of a surrogate pair, a
/// number beyond 64 bits, and times that do not exist.
const TEXTS: [&str; 5] = [
    "a%00b",
    "%ED%A0%80",
    "9223372036854775808",
    "2026-02-30T25:00:00Z",
    "%2B292278994-08-17T07:12:55Z",
];
/// Values as they are written in JSON. None of the first three is valid anywhere.
const VALUES: [&str; 6] = [
    r#""a\u0000b""#,
    r#""\ud800""#,
    "1e400",
    "9223372036854775808",
    r#""2026-02-30T25:00:00Z""#,
    r#"{"a\u0000b":["\u0000"]}"#,
];
/// Query parameters of lists, besides those that the contract declares.
const ASKED: [&str; 12] = [
    "cursor",
    "limit",
    "page",
    "sort",
    "fields",
    "expand",
    "search",
    "id",
    "created_at:gte",
    "name:in",
    "filter[status]",
    "a%00b",
];

static OPERATIONS: LazyLock<Vec<Operation>> = LazyLock::new(|| {
    let functions = openapi::functions().unwrap();
    functions.iter().flat_map(|name| openapi::load(name).unwrap()).collect()
});

struct Case {
    method: Method,
    path: String,
    headers: Vec<(&'static str, String)>,
    body: Option<String>,
    /// Whether the request can only be refused.
    is_wrong: bool,
}

fn path(operation: &Operation, variable: Option<(&str, &str)>) -> String {
    let prefix = if operation.version == 0 { "" } else { "/api/v1" };
    let mut path = format!("{prefix}{}", operation.path);
    for parameter in operation.parameters.iter().filter(|it| it.location == Location::Path) {
        let value = match variable {
            Some((name, value)) if name == parameter.name => value,
            _ => "none_0000000000000000000000",
        };
        path = path.replace(&format!("{{{}}}", parameter.name), value);
    }
    path
}

/// The members that a body may have.
fn members(schema: &Schema) -> Vec<&'static str> {
    match *schema {
        Schema::Nullable(inner) => members(inner),
        Schema::Object { properties, .. } => {
            properties.iter().map(|property| property.name).chain(["unknown"]).collect()
        }
        _ => Vec::new(),
    }
}

/// A body that keeps the contract, without this member, as JSON without its last brace.
fn begun(operation: &Operation, without: &str) -> String {
    let row = ROWS.iter().find(|(id, _)| *id == operation.id).map(|(_, row)| row);
    let mut body = match row {
        Some(Row::Create(body)) => body(),
        Some(Row::Object(body)) => body().unwrap_or_default(),
        Some(Row::Bulk(body)) => body("none"),
        _ => Value::Null,
    };
    let Some(members) = body.as_object_mut() else { return "{".to_owned() };
    members.remove(without);
    let text = body.to_string();
    let text = text.trim_end_matches('}');
    if text == "{" { text.to_owned() } else { format!("{text},") }
}

fn cases(operation: &'static Operation) -> Vec<Case> {
    let method = Method::from_bytes(operation.method.as_bytes()).unwrap();
    let case = |path: String, headers: Vec<_>, body, is_wrong| Case {
        method: method.clone(),
        path,
        headers,
        body,
        is_wrong,
    };
    let mut all = Vec::new();
    let mut headers = match operation.if_match {
        true => vec![("if-match", "*".to_owned())],
        false => Vec::new(),
    };
    let json = operation.body.as_ref().filter(|body| body.validate);
    if json.is_some() {
        headers.push(("content-type", "application/json".to_owned()));
    }
    let plain = json.map(|_| begun(operation, "").trim_end_matches(',').to_owned() + "}");
    for value in TEXTS {
        for parameter in operation.parameters.iter().filter(|it| it.location == Location::Path) {
            let path = path(operation, Some((parameter.name, value)));
            all.push(case(path, headers.clone(), plain.clone(), true));
        }
        let declared = operation.parameters.iter().filter(|it| it.location == Location::Query);
        let mut names: Vec<_> = declared.map(|parameter| parameter.name).collect();
        match operation.query {
            Query::List | Query::Feed => names.extend(ASKED),
            Query::Object => names.extend(["fields", "expand"]),
            _ => names.push("a%00b"),
        }
        names.sort_unstable();
        names.dedup();
        for name in names {
            let path = format!("{}?{name}={value}", path(operation, None));
            let never = TEXTS[..2].contains(&value);
            all.push(case(path, headers.clone(), plain.clone(), never));
        }
    }
    for value in VALUES {
        for name in json.map(|body| members(body.schema)).unwrap_or_default() {
            let body = format!("{}\"{name}\":{value}}}", begun(operation, name));
            let never = VALUES[..3].contains(&value);
            all.push(case(path(operation, None), headers.clone(), Some(body), never));
        }
    }
    for tag in ["\"v9223372036854775808\"", "W/\"v-1\"", "nonsense"] {
        let mut headers = headers.clone();
        headers.retain(|(name, _)| *name != "if-match");
        headers.push(("if-match", tag.to_owned()));
        all.push(case(path(operation, None), headers, plain.clone(), false));
    }
    all
}

/// Requests to the token endpoint, which reads forms (RFC 6749 appendix B).
fn forms() -> Vec<Case> {
    let clients =
        [("grant_type", "client_credentials"), ("client_id", "cli_x"), ("client_secret", "x")];
    let people = [("grant_type", "refresh_token"), ("refresh_token", "x")];
    let mut all = Vec::new();
    let mut add = |body: String, more: Option<(&'static str, String)>| {
        let form = ("content-type", "application/x-www-form-urlencoded".to_owned());
        let headers = std::iter::once(form).chain(more).collect();
        let path = "/api/v1/auth/token".to_owned();
        all.push(Case { method: Method::POST, path, headers, body: Some(body), is_wrong: true });
    };
    for (grant, value) in
        [&clients[..], &people].into_iter().flat_map(|grant| TEXTS.map(|value| (grant, value)))
    {
        for name in [
            "grant_type",
            "client_id",
            "client_secret",
            "refresh_token",
            "scope",
            "unknown",
            "a%00b",
        ] {
            let others = grant.iter().filter(|(known, _)| *known != name);
            let form: String = others.map(|(name, value)| format!("{name}={value}&")).collect();
            add(format!("{form}{name}={value}"), None);
        }
    }
    // `a\0b:c`, `a:\0`, and `%00:%00`, which is decoded twice.
    for basic in ["YQBiOmM=", "YToA", "JTAwOiUwMA=="] {
        let header = ("authorization", format!("Basic {basic}"));
        add("grant_type=client_credentials".to_owned(), Some(header));
    }
    all
}

/// The part of an answer that must be the same on both stores.
fn comparable(answer: &Exchange) -> (u16, Value) {
    let mut body = answer.body.clone();
    if let Some(members) = body.as_object_mut() {
        members.remove("trace_id");
    }
    (answer.status, if answer.status < 400 { Value::Null } else { body })
}

async fn ask(client: &Client, case: &Case) -> Exchange {
    let headers: Vec<_> = case.headers.iter().map(|(name, value)| (*name, &**value)).collect();
    // These answers are not checked against the contract: there are many, and other tests check all
    // their forms.
    client.try_send(case.method.clone(), &case.path, &headers, case.body.clone()).await.unwrap()
}

/// SQLite and PostgreSQL give the same answer to each request.
async fn every_refusal_is_the_same() {
    let directories = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    let sqlite = plain_options(Placement::Fused, directories[0].path(), &UNLIMITED);
    let postgres = options(Placement::Fused, directories[1].path(), &UNLIMITED);
    let servers = [start(sqlite).await, start(postgres).await];
    let mut owners = Vec::new();
    for (app, _) in &servers {
        owners.push(app.owner().await);
    }
    let mut asked = 0;
    let all = OPERATIONS.iter().map(|operation| (Some(operation), cases(operation)));
    for (operation, cases) in all.chain([(None, forms())]) {
        for case in cases {
            let mut answers = Vec::new();
            for owner in &owners {
                let client = match operation {
                    Some(it) if it.path == "/internal/tick" => owner.with_token(SCHEDULER),
                    Some(it) if it.path.starts_with("/internal/") => owner.with_token(OPERATOR),
                    Some(it) if !it.public => owner.clone(),
                    _ => servers[answers.len()].0.anon(),
                };
                answers.push(ask(&client, &case).await);
            }
            asked += 1;
            let Case { method, path, headers, body, .. } = &case;
            let what = format!("{method} {path} {headers:?} {body:?}: {}", answers[0].text);
            assert!(answers[0].status < 500, "{what}");
            // The error is one of the registry.
            assert!(answers[0].status < 400 || !answers[0].error().is_empty(), "{what}");
            assert!(!case.is_wrong || answers[0].status >= 400, "{what}");
            assert_eq!(comparable(&answers[0]), comparable(&answers[1]), "{what}");
        }
    }
    assert!(asked > 1000, "{asked}");
    for (_, server) in servers {
        server.shutdown().await.unwrap();
    }
}
