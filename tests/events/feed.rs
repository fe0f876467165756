//! The feed while many callers write: every reader sees every committed event once, in one order.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::json;

use crate::support::Client;

const WRITERS: usize = 32;
const EACH: usize = 12;

/// Follows the feed until it is told to stop and there is nothing more. Returns the ids in order.
async fn follow(client: Client, stop: Arc<AtomicBool>) -> Vec<String> {
    let (mut seen, mut cursor) = (Vec::new(), String::new());
    loop {
        let last = stop.load(Ordering::Relaxed);
        let page = client.get(&format!("/api/v1/events?limit=7{cursor}")).await.expect(200);
        let items = page.body["items"].as_array().unwrap();
        if items.is_empty() && last {
            return seen;
        }
        seen.extend(items.iter().map(|item| item["id"].as_str().unwrap().to_owned()));
        if let Some(next) = page.body["next_cursor"].as_str() {
            cursor = format!("&cursor={next}");
        }
    }
}

everywhere! {
    /// Followers that read while 32 writers commit see the same events as a reader afterwards.
    async fn loses_nothing_under_load(app) {
        let owner = app.owner().await;
        let stop = Arc::new(AtomicBool::new(false));
        let followers: Vec<_> =
            (0..3).map(|_| tokio::spawn(follow(owner.clone(), stop.clone()))).collect();
        let writers: Vec<_> = (0..WRITERS)
            .map(|writer| {
                let owner = owner.clone();
                tokio::spawn(async move {
                    for number in 0..EACH {
                        let body = json!({ "name": format!("{writer} {number}") });
                        owner.post("/api/v1/projects", &body).await.expect(201);
                    }
                })
            })
            .collect();
        for writer in writers {
            writer.await.unwrap();
        }
        stop.store(true, Ordering::Relaxed);
        let afterwards = follow(owner, stop).await;
        // The feed has each write together with its audit entry.
        assert_eq!(afterwards.len(), 2 + 2 * WRITERS * EACH);
        for follower in followers {
            assert_eq!(follower.await.unwrap(), afterwards);
        }
    }
}
