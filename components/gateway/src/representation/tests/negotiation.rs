//! `Accept`: which form is chosen, and when none is.

use http::HeaderMap;
use http::header::ACCEPT;

use super::{books, exchange, fixed, ok, users};
use crate::Operation;
use crate::representation::accept::{Choice, Offer, choose};
use crate::representation::negotiated::prefix;
use crate::representation::profile::Profile;

fn chosen<'a>(operation: &'a Operation, default: Profile, accept: &str) -> Option<Choice<'a>> {
    let mut headers = HeaderMap::new();
    headers.append(ACCEPT, accept.parse().unwrap());
    choose(&headers, &Offer { default, operation: Some(operation) })
}

/// The choice as text: the profile, `+named` if Accept named it, and `+problem`.
fn told(choice: Option<Choice<'_>>) -> String {
    let Some(choice) = choice else { return "406".to_owned() };
    let named = if choice.named { "+named" } else { "" };
    let problem = if choice.problem { "+problem" } else { "" };
    format!("{}{named}{problem}", choice.profile.name())
}

/// Each line is an Accept header, and its choice on `/api/v1` and on the alias `/v1`.
#[test]
fn accept_chooses_the_form() {
    let table = [
        // Any type, or any JSON: the default of the prefix.
        ("", "native", "camel"),
        ("*/*", "native", "camel"),
        ("application/*", "native", "camel"),
        ("application/json", "native", "camel"),
        ("APPLICATION/JSON", "native", "camel"),
        ("application/json; charset=utf-8", "native", "camel"),
        ("application/json, text/plain, */*", "native", "camel"),
        ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", "native", "camel"),
        // By name, quoted or not.
        ("application/json;profile=native", "native+named", "native+named"),
        ("application/json;profile=\"native\"", "native+named", "native+named"),
        ("application/json; profile=envelope", "envelope+named", "envelope+named"),
        ("application/json;Profile=\"camel\"", "camel+named", "camel+named"),
        ("application/vnd.api+json", "json-api+named", "json-api+named"),
        (
            "application/vnd.api+json;profile=\"https://example.com/p\"",
            "json-api+named",
            "json-api+named",
        ),
        ("application/vnd.tenantry.v1+json", "native+named", "native+named"),
        ("application/problem+json", "native+named+problem", "native+named+problem"),
        // Weights.
        ("application/json;q=0.5, application/vnd.api+json", "json-api+named", "json-api+named"),
        ("application/json, application/vnd.api+json;q=0.5", "native", "camel"),
        ("application/vnd.api+json;q=0.5, */*;q=0.1", "json-api+named", "json-api+named"),
        (
            "application/json;profile=camel;q=0.2, application/json;profile=envelope;q=0.3",
            "envelope+named",
            "envelope+named",
        ),
        ("*/*;q=0.001", "native", "camel"),
        // Java's HttpURLConnection sends this.
        ("text/html, image/gif, image/jpeg, *; q=.2, */*; q=.2", "native", "camel"),
        ("application/json;q=0.1234", "native", "camel"),
        // Of equally acceptable ones, the first in the header.
        ("application/vnd.api+json, application/json", "json-api+named", "json-api+named"),
        (
            "application/json;profile=camel, application/json;profile=envelope",
            "camel+named",
            "camel+named",
        ),
        // The most specific range gives the weight.
        ("*/*, application/json;q=0", "json-api", "json-api"),
        ("application/*, application/json;profile=camel;q=0", "native", "native"),
        ("application/*, application/json;profile=native;q=0", "envelope", "camel"),
        // Errors as problems, next to any success whose weight is not higher.
        ("application/json, application/problem+json", "native+problem", "camel+problem"),
        ("application/problem+json, application/json", "native+problem", "camel+problem"),
        ("application/json, application/problem+json;q=0.5", "native", "camel"),
        (
            "application/json;profile=envelope, application/problem+json",
            "envelope+named+problem",
            "envelope+named+problem",
        ),
        ("application/json, application/problem+json;q=0", "native", "camel"),
        ("application/problem+json;q=0", "406", "406"),
        // Nothing acceptable.
        ("text/html", "406", "406"),
        ("text/*", "406", "406"),
        ("*/*;q=0", "406", "406"),
        ("application/json;q=0", "406", "406"),
        ("application/json;profile=hal", "406", "406"),
        ("application/vnd.tenantry.v2+json", "406", "406"),
        ("application/vnd.api+json;charset=utf-8", "406", "406"),
        ("application/vnd.api+json;ext=\"https://example.com/e\"", "406", "406"),
        // An unreadable element is ignored and does not affect the others.
        ("json", "406", "406"),
        (",,;=", "406", "406"),
        ("application/json;q=2", "406", "406"),
        ("application/json;q=.", "406", "406"),
        ("application/json;q=-1", "406", "406"),
        ("*/json", "406", "406"),
        ("application/json;profile=\"camel", "406", "406"),
        ("json, ///, application/json;profile=camel", "camel+named", "camel+named"),
        (
            "application/json;q=high, application/vnd.api+json;q=0.1",
            "json-api+named",
            "json-api+named",
        ),
    ];
    let operation = users("GET", "/users");
    for (accept, canonical, alias) in table {
        assert_eq!(told(chosen(&operation, Profile::Native, accept)), canonical, "{accept}");
        assert_eq!(told(chosen(&operation, Profile::Camel, accept)), alias, "alias: {accept}");
    }
}

/// A form that a standard fixes is chosen by its own media types, with any profile.
#[test]
fn a_fixed_form_is_had_by_its_media_types() {
    let table = [
        (&["application/json"][..], "application/json", "native"),
        (&["application/json"], "application/json;profile=camel", "native"),
        (&["application/json"], "application/vnd.tenantry.v1+json", "native+named"),
        (&["application/json"], "application/vnd.api+json", "406"),
        (&["application/json"], "text/html", "406"),
        (&["text/html"], "text/html", "native"),
        (&["text/html"], "text/*;q=0.1", "native"),
        (&["text/html"], "*/*", "native"),
        (&["text/html"], "application/json", "406"),
        (&["text/html"], "application/problem+json", "406"),
        (&["text/html", "application/json"], "text/html, application/json;q=0.9", "native"),
        (&["application/jwk-set+json"], "application/jwk-set+json", "native"),
    ];
    for (produces, accept, expected) in table {
        let operation = fixed(produces);
        assert_eq!(
            told(chosen(&operation, Profile::Native, accept)),
            expected,
            "{produces:?} {accept}"
        );
    }
}

/// If a function also writes media types other than JSON, then it is told which one is wanted. For
/// every JSON representation it writes the native one.
#[test]
fn the_function_is_told_what_to_write() {
    const BATCH: &str = "application/cloudevents-batch+json";
    let operation = Operation {
        produces: ["application/json", BATCH].map(str::to_owned).to_vec(),
        ..users("GET", "/users")
    };
    for (accept, told) in [
        ("*/*", "application/json"),
        ("application/json", "application/json"),
        ("application/vnd.api+json", "application/json"),
        ("application/json;profile=\"camel\"", "application/json"),
        ("Application/CloudEvents-Batch+JSON; charset=utf-8", BATCH),
        ("application/json;q=0.5, application/cloudevents-batch+json", BATCH),
        ("application/cloudevents-batch+json;q=0.5, application/json", "application/json"),
        ("application/cloudevents-batch+json;q=0, */*", "application/json"),
    ] {
        for prefix in ["/api/v1", "/v1"] {
            let line = format!("GET {prefix}/users");
            // The function writes the media type that it was told.
            let body = if told == BATCH { "[]" } else { "{\"items\":[],\"next_cursor\":null}" };
            let headers = [("content-type", told), ("link-next", "cursor=x")];
            let got =
                exchange(&operation, (&line, &[("accept", accept)], ""), ok(200, &headers, body));
            assert_eq!(got.parameter("accept"), Some(told), "{accept}");
            if told == BATCH {
                let link = format!("<{prefix}/users?cursor=x>; rel=\"next\"");
                assert_eq!((got.header("content-type"), got.header("link")), (BATCH, &*link));
                assert_eq!(got.body, b"[]");
            }
        }
    }
    let got = exchange(
        &fixed(&["text/html"]),
        ("GET /api/v1/fixed", &[], ""),
        ok(200, &[("content-type", "text/html")], "x"),
    );
    assert_eq!(got.parameter("accept"), Some("text/html"));
}

/// An answer without a body is always acceptable.
#[test]
fn what_has_no_body_is_always_acceptable() {
    let operation = Operation { produces: Vec::new(), ..users("DELETE", "/users/{id}") };
    assert_eq!(told(chosen(&operation, Profile::Native, "text/html")), "native");
    assert_eq!(
        told(chosen(&operation, Profile::Native, "application/vnd.api+json")),
        "json-api+named"
    );
}

/// Several header lines are one list.
#[test]
fn lines_are_joined() {
    let mut headers = HeaderMap::new();
    headers.append(ACCEPT, "application/json;q=0.1".parse().unwrap());
    headers.append(ACCEPT, "application/vnd.api+json".parse().unwrap());
    let operation = users("GET", "/users");
    let offer = Offer { default: Profile::Native, operation: Some(&operation) };
    assert_eq!(told(choose(&headers, &offer)), "json-api+named");
}

/// A header with any bytes is read without a panic.
#[test]
fn no_header_breaks_it() {
    const PIECES: [&str; 14] = [
        "application/json",
        "*",
        "/",
        ";",
        "=",
        "\"",
        "\\",
        ",",
        " ",
        "q",
        "0.5",
        "profile",
        "+",
        "x",
    ];
    let operation = users("GET", "/users");
    let mut state = 1_u64;
    let mut acceptable = 0;
    for _ in 0..20_000 {
        let mut accept = String::new();
        for _ in 0..8 {
            // A linear congruential generator: the same headers on every run.
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            accept.push_str(PIECES[(state >> 33) as usize % PIECES.len()]);
        }
        acceptable += usize::from(chosen(&operation, Profile::Native, &accept).is_some());
    }
    assert!((1..20_000).contains(&acceptable), "{acceptable} of 20000 are acceptable");
}

/// A 406 lists the available forms, and the function is not called.
#[test]
fn what_cannot_be_had_is_refused_before_the_function_runs() {
    let got = exchange(
        &users("GET", "/users/{id}"),
        ("GET /api/v1/users/usr_1", &[("accept", "application/xml")], ""),
        ok(200, &[], "{}"),
    );
    assert_eq!(got.status, 406);
    assert!(got.asked.is_none(), "the function was asked");
    assert_eq!(got.json()["error"], "not_acceptable");
    assert_eq!(
        got.json()["details"]["available"],
        "application/json;profile=\"native\", application/json;profile=\"envelope\", \
         application/json;profile=\"camel\", application/vnd.api+json, application/vnd.tenantry.v1+json"
    );
}

/// The same below the alias has the form of the alias.
#[test]
fn a_refusal_has_the_default_form() {
    let got = exchange(
        &books("GET", "/books"),
        ("GET /v1/books", &[("accept", "application/vnd.tenantry.v2+json")], ""),
        ok(200, &[], "{}"),
    );
    assert_eq!(got.status, 406);
    assert_eq!(got.json()["error"]["code"], "BOOKS_REPRESENTATION_NOT_ACCEPTABLE");
}

/// The prefix ends with the version.
#[test]
fn prefixes() {
    let table = [
        ("/api/v1/projects", "/api/v1"),
        ("/v1/projects", "/v1"),
        ("/api/v12/x/y", "/api/v12"),
        ("/v1", "/v1"),
        ("/.well-known/jwks.json", ""),
        ("/api/projects", ""),
        ("/v1x/projects", ""),
        ("/vx/projects", ""),
        ("/", ""),
    ];
    for (path, expected) in table {
        assert_eq!(prefix(path), expected, "{path}");
    }
}
