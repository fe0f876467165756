//! `kill -9` in the middle of a write load: every acknowledged project is there once, and
//! a retry with the same key makes no second one.

use std::time::Duration;

use http::Method;
use serde_json::json;

use crate::support::Client;
use crate::support::process::{Process, Setting};

const ROUNDS: usize = 6;
const WRITERS: usize = 8;

pub async fn write(client: &Client, key: &str) -> Option<String> {
    let headers = [("idempotency-key", key), ("content-type", "application/json")];
    let body = Some(json!({ "name": key }).to_string());
    let answer = client.try_send(Method::POST, "/api/v1/projects", &headers, body).await.ok()?;
    (answer.status == 201).then(|| answer.id().to_owned())
}

async fn survives(composed: bool) {
    let directory = tempfile::tempdir().unwrap();
    let setting = Setting::new(directory.path(), composed);
    let mut child = Process::spawn(&setting);
    let owner = child.app.owner().await;
    let mut sent: Vec<(String, Option<String>)> = Vec::new();
    for round in 0..ROUNDS {
        if round > 0 {
            child = Process::spawn(&setting);
            let client = Client::new(&child.app.base, Some(owner.token()));
            retry(&client, &mut sent).await;
            check(&client, &sent).await;
            sent.extend(load(&client, round, &mut child).await);
        } else {
            sent.extend(load(&owner, round, &mut child).await);
        }
    }
    let mut child = Process::spawn(&setting);
    let client = Client::new(&child.app.base, Some(owner.token()));
    retry(&client, &mut sent).await;
    check(&client, &sent).await;
    child.kill();
    let acknowledged = sent.iter().filter(|(_, id)| id.is_some()).count();
    assert!(acknowledged > ROUNDS * WRITERS, "too little load to prove anything: {acknowledged}");
}

/// Writers that write until the server is killed under them.
async fn load(client: &Client, round: usize, child: &mut Process) -> Vec<(String, Option<String>)> {
    let writers: Vec<_> = (0..WRITERS)
        .map(|writer| {
            let client = client.clone();
            tokio::spawn(async move {
                let mut sent = Vec::new();
                for number in 0.. {
                    let key = format!("r{round}-w{writer}-n{number}");
                    let id = write(&client, &key).await;
                    let ended = id.is_none();
                    sent.push((key, id));
                    if ended {
                        break;
                    }
                }
                sent
            })
        })
        .collect();
    tokio::time::sleep(Duration::from_millis(150 + 130 * round as u64)).await;
    child.kill();
    let mut all = Vec::new();
    for writer in writers {
        all.extend(writer.await.unwrap());
    }
    all
}

/// Asks again for everything, also for what was acknowledged: the answer is the same.
async fn retry(client: &Client, sent: &mut [(String, Option<String>)]) {
    for (key, id) in sent {
        let mut answer = write(client, key).await;
        // A reservation of the killed server stands until its lease ends; it must not
        // stand for ever.
        for _ in 0..80 {
            if answer.is_some() {
                break;
            }
            tokio::time::sleep(Duration::from_secs(1)).await;
            answer = write(client, key).await;
        }
        let answer = answer.unwrap_or_else(|| panic!("{key} is never answered"));
        if let Some(id) = id {
            assert_eq!(*id, answer, "{key} was made twice");
        }
        *id = Some(answer);
    }
}

/// Each key has exactly one project.
pub async fn check(client: &Client, sent: &[(String, Option<String>)]) {
    let mut found = std::collections::BTreeMap::<String, Vec<String>>::new();
    let mut cursor = String::new();
    loop {
        let page = client.get(&format!("/api/v1/projects?limit=100{cursor}")).await.expect(200);
        for item in page.body["items"].as_array().unwrap() {
            let text = |name: &str| item[name].as_str().unwrap().to_owned();
            found.entry(text("name")).or_default().push(text("id"));
        }
        match page.body["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    for (key, id) in sent {
        let ids = found.remove(key).unwrap_or_default();
        assert_eq!(ids, [id.clone().unwrap()], "{key}");
    }
    assert!(found.is_empty(), "projects that nobody asked for: {found:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn acknowledged_writes_survive_fused() {
    survives(false).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn acknowledged_writes_survive_composed() {
    survives(true).await;
}
