//! Many people sign in or register at the same time: a hash takes 19 MiB and a core.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use http::Method;
use serde_json::{Map, Value, json};

use crate::support::Placement;
use crate::support::process::memory;
use crate::support::server::{PASSWORD, REAL_HASH, UNLIMITED, options, start};
use host::Limits;

transport! {
    few_hash_at_a_time(placement) what_was_not_looked_at_is_no_failure(placement)
    large_lists_hold_up_no_sign_in(placement)
}

const LOGIN: &str = "/api/v1/auth/login";
const REGISTER: &str = "/api/v1/auth/register";
const AT_ONCE: usize = 24;
/// The memory that an instance of `auth` may keep, in bytes: less than half of a hash.
const KEPT: usize = 10 << 20;

/// Few requests hash at a time, and some wait for their turn. The others are told to come back, and
/// change nothing, so they can come back with the same key. No instance keeps the memory of a hash.
async fn few_hash_at_a_time(placement: Placement) {
    let directory = tempfile::tempdir().unwrap();
    let mut options =
        options(placement, directory.path(), &[&UNLIMITED[..], &[REAL_HASH]].concat());
    let max_queue_wait = Duration::from_millis(200);
    options.limits = Limits { max_large: 1, max_queue_wait, ..Limits::default() };
    let (app, server) = start(options).await;
    app.owner().await;
    let person = |number: usize| json!({ "email": format!("p{number}@example.com"), "password": PASSWORD, "tenant_name": "a" });
    let ask = |path: &'static str, number: usize, body: Value| {
        let client = app.anon();
        async move {
            let key = format!("{}-{number}", path.len());
            client.json(Method::POST, path, &body, &[("idempotency-key", key.as_str())]).await
        }
    };
    let flood = |path, body: &dyn Fn(usize) -> Value| {
        let asked: Vec<_> =
            (0..AT_ONCE).map(|number| tokio::spawn(ask(path, number, body(number)))).collect();
        async move {
            let (mut done, mut refused) = (0, Vec::new());
            for (number, answer) in asked.into_iter().enumerate() {
                let answer = answer.await.unwrap();
                if matches!(answer.status, 200 | 201) {
                    done += 1;
                } else {
                    let answer = answer.refused(503, "service_unavailable");
                    assert!(answer.header("retry-after").is_some());
                    refused.push(number);
                }
            }
            assert!(done > 0 && !refused.is_empty(), "{done} done, refused: {refused:?}");
            (done, refused)
        }
    };
    let (done, refused) = flood(REGISTER, &person).await;
    let users = || app.rows("SELECT id FROM users").len();
    assert_eq!(users(), done + 1, "who was refused is not there");
    for number in refused {
        ask(REGISTER, number, person(number)).await.expect(201);
    }
    assert_eq!(users(), AT_ONCE + 1);

    let login =
        |number: usize| json!({ "email": format!("p{number}@example.com"), "password": PASSWORD });
    let (_, refused) = flood(LOGIN, &login).await;
    for number in refused {
        ask(LOGIN, number, login(number)).await.expect(200);
    }
    let kept = memory(&app, "auth").await;
    assert!(kept < AT_ONCE * KEPT, "{} MiB stay", kept >> 20);
    server.shutdown().await.unwrap();
}

/// A try does not count as a failure if its password was not checked, because there was no room for
/// its hash or the database did not answer. However many such tries there are, no later sign-in
/// waits for them.
async fn what_was_not_looked_at_is_no_failure(placement: Placement) {
    /// More tries than are free.
    const TRIES: usize = 12;
    let directory = tempfile::tempdir().unwrap();
    let options = options(placement, directory.path(), &[&UNLIMITED[..], &[REAL_HASH]].concat());
    let (app, server) = start(options.clone()).await;
    let owner = app.owner().await;
    let login = json!({ "email": owner.session["user"]["email"], "password": PASSWORD });
    app.execute("ALTER TABLE users RENAME TO users_away");
    for _ in 0..TRIES {
        app.anon().post(LOGIN, &login).await.refused(500, "internal_error");
    }
    app.execute("ALTER TABLE users_away RENAME TO users");
    app.anon().post(LOGIN, &login).await.expect(200);
    server.shutdown().await.unwrap();

    let mut full = options.clone();
    full.limits = Limits { max_large: 0, ..Limits::default() };
    let (app, server) = start(full).await;
    for _ in 0..TRIES {
        app.anon().post(LOGIN, &login).await.refused(503, "service_unavailable");
    }
    server.shutdown().await.unwrap();
    let (app, server) = start(options).await;
    app.anon().post(LOGIN, &login).await.expect(200);
    server.shutdown().await.unwrap();
}

/// A caller that reads large answers of another function delays no sign-in, because the large
/// instances of that function have places of their own.
async fn large_lists_hold_up_no_sign_in(placement: Placement) {
    let directory = tempfile::tempdir().unwrap();
    let mut options =
        options(placement, directory.path(), &[&UNLIMITED[..], &[REAL_HASH]].concat());
    let max_queue_wait = Duration::from_millis(300);
    options.limits = Limits { max_large: 1, max_queue_wait, ..Limits::default() };
    let (app, server) = start(options).await;
    let (reader, other) = (app.owner().await, app.owner().await);
    let labels: Map<_, _> =
        (0..63).map(|number| (format!("{number:x>60}"), "\u{1f600}".repeat(200).into())).collect();
    let description = "\u{1f600}".repeat(2000);
    let project = json!({ "name": "large", "description": description, "labels": labels });
    for _ in 0..100 {
        reader.post("/api/v1/projects", &project).await.expect(201);
    }
    let full = Arc::new(AtomicUsize::new(0));
    let readers: Vec<_> = (0..32)
        .map(|_| {
            let (reader, full) = (reader.clone(), full.clone());
            tokio::spawn(async move {
                loop {
                    let list = "/api/v1/projects?limit=100";
                    let answer = reader.try_send(Method::GET, list, &[], None).await;
                    let is_full = answer.is_ok_and(|answer| answer.status == 503);
                    full.fetch_add(usize::from(is_full), Ordering::Relaxed);
                }
            })
        })
        .collect();
    tokio::time::sleep(Duration::from_secs(1)).await;
    let login = json!({ "email": other.session["user"]["email"], "password": PASSWORD });
    for _ in 0..10 {
        app.anon().post(LOGIN, &login).await.expect(200);
    }
    assert!(full.load(Ordering::Relaxed) > 0, "nobody was in anybody's way");
    readers.iter().for_each(tokio::task::JoinHandle::abort);
    server.shutdown().await.unwrap();
}
