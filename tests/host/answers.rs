//! Answers that clients have not read yet, and answers without content.

use http::Method;
use serde_json::json;

use crate::support::raw::Raw;
use crate::support::server::{UNLIMITED, options, start};
use crate::support::{App, Placement};
use host::{Connections, Server};

transport! { answers_have_a_bound(placement) what_was_done_is_not_refused(placement) }

/// A server with these bounds for the memory of unread answers: `each` for an address, `all` in
/// total.
async fn bounded(
    placement: Placement,
    each: usize,
    all: usize,
) -> (App, Server, tempfile::TempDir) {
    let directory = tempfile::tempdir().unwrap();
    let mut options = options(placement, directory.path(), &UNLIMITED);
    options.limits.connections =
        Connections { body_bytes: all, body_bytes_per_address: each, ..Connections::default() };
    let (app, server) = start(options).await;
    (app, server, directory)
}

/// The memory of unread answers is bounded, for each address and in total. Small answers are always
/// sent.
async fn answers_have_a_bound(placement: Placement) {
    for (each, all, status, code) in [
        (100_000, 1 << 30, 429, "rate_limit_exceeded"),
        (1 << 30, 100_000, 503, "service_unavailable"),
    ] {
        let (app, server, _directory) = bounded(placement, each, all).await;
        let get = async |path| app.anon().try_send(Method::GET, path, &[], None).await.unwrap();
        for _ in 0..2 {
            let refused = get("/api/v1/openapi.json").await.refused(status, code);
            assert!(refused.header("retry-after").is_some());
            assert_eq!(get("/.well-known/jwks.json").await.status, 200);
        }
        server.shutdown().await.unwrap();
    }
}

/// If there is no memory for the answer of a write that was done, then the write is not refused:
/// its connection ends without an answer.
async fn what_was_done_is_not_refused(placement: Placement) {
    for (each, answered) in [(1, false), (1 << 20, true)] {
        let (app, server, _directory) = bounded(placement, each, 1 << 30).await;
        let owner = app.owner().await;
        let made = owner.post("/api/v1/projects", &json!({ "name": "a" })).await.expect(201);
        // Each of these ids has its part in the answer.
        let unknown = (0..99).map(|number| format!("prj_{number:0>60}"));
        let ids: Vec<_> = std::iter::once(made.id().to_owned()).chain(unknown).collect();
        let body = json!({ "action": "ARCHIVE", "ids": ids }).to_string();
        let headers = [("content-type", "application/json")];
        let path = "/api/v1/projects/bulk";
        let answer = owner.try_send(Method::POST, path, &headers, Some(body)).await;
        assert_eq!(answer.is_ok_and(|it| it.status == 200 && it.text.len() > 16 << 10), answered);
        assert_eq!(app.rows("SELECT status FROM projects"), [["ARCHIVED"]]);
        server.shutdown().await.unwrap();
    }
}

transport! {
    /// An answer without content has a `Content-Length` (RFC 9110 section 8.6), unless its status
    /// never has content (RFC 9112 section 6.1).
    async fn no_content_has_a_length(app) {
        let moved = Raw::get(&app, "/projects").await;
        assert_eq!(moved.statuses(), [308]);
        assert_eq!((moved.header("content-length"), moved.header("transfer-encoding")), (Some("0"), None));
        let owner = app.owner().await;
        let made = owner.post("/api/v1/projects", &json!({ "name": "a" })).await.expect(201);
        let gone = owner.delete(&format!("/api/v1/projects/{}", made.id())).await.expect(204);
        assert_eq!((gone.header("content-length"), gone.header("transfer-encoding")), (None, None));
    }
}
