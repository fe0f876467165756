//! Filters of the feed: every spelling, walks that miss nothing, and the indexes behind them.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::PATH;
use crate::support::stores::external;
use crate::support::{App, Client, Placement, dedicated};

storage! { every_filter_has_its_index() }

/// Writes events straight into the database, one for each second, beginning an hour ago. They
/// alternate between three types, two functions and about seven objects. Returns the ids in order.
fn seed(app: &App, tenant: &str, count: usize) -> Vec<String> {
    let data = super::project(tenant, "prj_x");
    let now = i64::try_from(std::time::UNIX_EPOCH.elapsed().unwrap().as_secs()).unwrap();
    let begin = (now - 3600) * 1000;
    let id = |n: usize| format!("evt_{tenant}{n:06}");
    let row = |n: usize| {
        let kind = ["project.created", "project.updated", "project.deleted"][n % 3];
        let agent = ["projects", "importer"][n % 2];
        let moment = begin + i64::try_from(n).unwrap() * 1000;
        format!(
            "('{}', '{tenant}', '{kind}', 'prj_{}', '{agent}', '{data}', 't', {moment})",
            id(n),
            n % 7
        )
    };
    let rows: Vec<String> = (0..count).map(row).collect();
    app.execute(&format!(
        "INSERT INTO events (id, tenant_id, type, subject, source_agent, data, trace_id, created_at) VALUES {}",
        rows.join(", ")
    ));
    (0..count).map(id).collect()
}

/// The ids that a walk with this query sees, in its order.
async fn walk(client: &Client, query: &str) -> Vec<String> {
    let (mut seen, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = client.get(&format!("{PATH}?limit=7&{query}{cursor}")).await.expect(200);
        let items = page.body["items"].as_array().unwrap();
        seen.extend(items.iter().map(|event| event["id"].as_str().unwrap().to_owned()));
        match page.body["next_cursor"].as_str() {
            Some(next) if !items.is_empty() => cursor = format!("&cursor={next}"),
            _ => return seen,
        }
    }
}

/// The plan of a store for a query.
#[derive(Debug)]
struct Plan {
    sorts: bool,
    /// How the plan reads events.
    reads: Vec<String>,
}

fn plan(app: &App, sql: &str) -> Plan {
    if external() {
        // With only a few rows no plan is cheaper than a scan and a sort.
        let off = "SET enable_seqscan = off; SET enable_bitmapscan = off; SET enable_sort = off";
        let steps = app.rows(&format!("{off}; EXPLAIN (COSTS OFF) {sql}")).concat();
        let steps = steps.iter().map(|step| step.trim_start_matches([' ', '-', '>']).to_owned());
        let steps: Vec<_> = steps.collect();
        let sorts = steps.iter().any(|step| step == "Sort" || step == "Incremental Sort");
        let reads = |step: &String| step.contains("Scan") && step.contains(" on events");
        return Plan { sorts, reads: steps.into_iter().filter(reads).collect() };
    }
    let steps = app.rows(&format!("EXPLAIN QUERY PLAN {sql}"));
    let steps: Vec<_> = steps.into_iter().map(|mut row| row.remove(3)).collect();
    let sorts = steps.iter().any(|step| step.contains("TEMP B-TREE"));
    let reads =
        |step: &String| step.starts_with("SEARCH events") || step.starts_with("SCAN events");
    Plan { sorts, reads: steps.into_iter().filter(reads).collect() }
}

storage! {
    /// All spellings of a group ask the same. A walk sees every matching event once, in order.
    async fn spellings_agree(app) {
        let owner = app.owner().await;
        let registered = walk(&owner, "").await;
        let ids = seed(&app, owner.tenant(), 60);
        let tenant = format!("tenant_id={}", owner.tenant());
        let all = owner.get(&format!("{PATH}?limit=100")).await.expect(200);
        let time = |n: usize| all.body["items"][registered.len() + n]["created_at"].as_str().unwrap().to_owned();
        let range = |from: &str, first: usize, to: &str, last: usize| format!("{from}={}&{to}={}", time(first), time(last));
        type Wanted = fn(usize) -> bool;
        let groups: &[(Wanted, &[&str])] = &[
            (|_| true, &["type=project.*", "type:in=project.*", "source_agent:in=projects,importer", &format!("type=project.*&{tenant}")]),
            (|n| n % 3 == 0, &["type=project.created", "type=PROJECT.Created", "type:eq=project.created", "filter[type]=project.created", "type:in=project.created", "type=project.created,project.created"]),
            (|n| n % 3 < 2, &["type=project.created,project.updated", "type:in=project.updated,project.created", "filter[type][in]=project.created,project.updated", "type=project.*&type:ne=project.deleted", "type:nin=project.deleted&subject:prefix=prj_"]),
            (|n| n % 2 == 1, &["source_agent=importer", "sourceAgent=importer", "filter[source_agent]=importer", "source_agent:ne=projects&type=project.*"]),
            (|n| n % 7 == 3, &["subject=prj_3", "filter[subject]=prj_3", "subject:in=prj_3,prj_9", "subject=prj_3&type=project.*"]),
            (|n| n % 7 == 3 && n % 3 == 1 && n % 2 == 0, &["subject=prj_3&type=project.updated&source_agent=projects"]),
            (|n| (10..20).contains(&n), &[&range("created_at:gte", 10, "created_at:lt", 20), &range("filter[created_at][gte]", 10, "created_before", 20), &range("created_after", 9, "createdAt:lte", 19)]),
            (|_| false, &["type=INGESTED", "type=ingested", "type=record.*", "type=project.created&type:ne=project.created", "subject=prj_77", "created_before=2020-01-01"]),
        ];
        for (wanted, spellings) in groups {
            let expected: Vec<_> = (0..60).filter(|n| wanted(*n)).map(|n| ids[n].clone()).collect();
            for spelling in *spellings {
                assert_eq!(walk(&owner, spelling).await, expected, "{spelling}");
            }
        }
        for everything in ["type=*", "type:nin=record.ingested", tenant.as_str()] {
            assert_eq!(walk(&owner, everything).await, [&registered[..], &ids].concat(), "{everything}");
        }
    }

    /// The filter finds events that were not delivered yet to some endpoint.
    async fn what_was_not_delivered(app) {
        let owner = app.owner().await;
        let registered = walk(&owner, "").await;
        let ids = seed(&app, owner.tenant(), 9);
        let other = app.owner().await;
        let deliver = |tenant: &str, endpoint: &str, id: &str, status: &str| app.execute(&format!(
            "INSERT INTO webhook_deliveries (tenant_id, endpoint_id, event_id, event_seq, event_type, subject, status, attempts, due_at, created_at, updated_at) \
             SELECT '{tenant}', '{endpoint}', id, seq, type, subject, '{status}', 1, 0, 0, 0 FROM events WHERE id = '{id}'"
        ));
        for (endpoint, number, status) in [("a", 1, "SUCCEEDED"), ("a", 3, "PENDING"), ("b", 3, "FAILED"), ("a", 4, "SUCCEEDED"), ("b", 4, "FAILED"), ("b", 8, "PENDING")] {
            deliver(owner.tenant(), endpoint, &ids[number], status);
        }
        deliver(other.tenant(), "a", &ids[5], "FAILED");
        let of = |numbers: &[usize]| numbers.iter().map(|n| ids[*n].clone()).collect::<Vec<_>>();
        assert_eq!(walk(&owner, "delivery_success=false").await, of(&[3, 4, 8]));
        assert_eq!(walk(&owner, "delivery_success=false&type=project.updated,project.deleted").await, of(&[4, 8]));
        let delivered = [&registered[..], &of(&[0, 1, 2, 5, 6, 7])].concat();
        assert_eq!(walk(&owner, "delivery_success=true").await, delivered);
        owner.get(&format!("{PATH}?delivery_success=no")).await.refused(422, "validation_failed");
        owner.get(&format!("{PATH}/stream?delivery_success=false")).await.refused(400, "invalid_parameter");
    }
}

everywhere! {
    /// A cursor works with any filter. The cursor of an empty page does too, and leads past the
    /// events that did not match.
    async fn a_cursor_is_of_the_feed(app) {
        let owner = app.owner().await;
        let ids = seed(&app, owner.tenant(), 9);
        let first = owner.get(&format!("{PATH}?type=project.created&limit=2")).await.expect(200);
        let cursor = first.body["next_cursor"].as_str().unwrap();
        let rest = owner.get(&format!("{PATH}?cursor={cursor}")).await.expect(200);
        assert_eq!(rest.body["items"][0]["id"], ids[4].as_str());
        let nothing = owner.get(&format!("{PATH}?type=INGESTED")).await.expect(200);
        assert_eq!(nothing.body["items"], json!([]));
        let end = nothing.body["next_cursor"].as_str().unwrap();
        owner.post("/api/v1/projects", &json!({ "name": "a" })).await.expect(201);
        let new = owner.get(&format!("{PATH}?cursor={end}")).await.expect(200);
        let types: Vec<_> = new.body["items"].as_array().unwrap().iter().map(|event| &event["type"]).collect();
        assert_eq!(types, ["project.created", "audit.logged"]);
    }

    /// Followers with different filters together see the same events as one without a filter, while
    /// many callers write.
    async fn followers_share_the_feed(app) {
        let owner = app.owner().await;
        let writers: Vec<_> = (0..8).map(|writer| {
            let owner = owner.clone();
            tokio::spawn(async move {
                for number in 0..6 {
                    let body = json!({ "name": format!("{writer} {number}") });
                    owner.post("/api/v1/projects", &body).await.expect(201);
                }
            })
        }).collect();
        let mut seen: Vec<BTreeSet<String>> = vec![BTreeSet::new(); 2];
        let mut cursors = [String::new(), String::new()];
        loop {
            let done = writers.iter().all(|writer| writer.is_finished());
            let mut new = 0;
            for (index, filter) in ["type=project.*", "type:ne=project.created"].iter().enumerate() {
                let page = owner.get(&format!("{PATH}?limit=5&{filter}{}", cursors[index])).await.expect(200);
                for event in page.body["items"].as_array().unwrap() {
                    new += 1;
                    assert!(seen[index].insert(event["id"].as_str().unwrap().to_owned()), "twice");
                }
                if let Some(next) = page.body["next_cursor"].as_str() {
                    cursors[index] = format!("&cursor={next}");
                }
            }
            if done && new == 0 {
                break;
            }
        }
        let all: BTreeSet<String> = walk(&owner, "").await.into_iter().collect();
        assert_eq!(seen[0].len(), 48);
        assert!(seen[0].is_disjoint(&seen[1]));
        assert_eq!(seen[0].union(&seen[1]).cloned().collect::<BTreeSet<_>>(), all);
    }
}

logic! {
    /// An unknown filter or value is refused, and the refusal names the known ones.
    async fn refusals(app) {
        let owner = app.owner().await;
        let field = |refused: &Value| refused["details"]["fields"][0].clone();
        for query in ["type=nonsense", "type=project.created,nonsense", "type=project*", "type:ne=nonsense", "type=", "filter[type]=nonsense"] {
            let refused = owner.get(&format!("{PATH}?{query}")).await.refused(422, "validation_failed");
            let told = field(&refused.body);
            assert_eq!((&told["code"], told.get("value")), (&json!("NOT_ALLOWED_VALUE"), None), "{told}");
            let message = told["message"].as_str().unwrap();
            assert!(message.contains("project.created, ") && message.contains("INGESTED"), "{message}");
        }
        for query in ["type:gt=project.created", "created_at:prefix=2023", "colour=red", "sort=created_at", "offset=1", "page=1", "search=x", "fields=id", "trace_id=x", "type=*&type=*"] {
            owner.get(&format!("{PATH}?{query}")).await.refused(400, "invalid_parameter");
        }
        for query in ["created_at:gte=soon", "limit=0", "limit=101", "limit=x"] {
            owner.get(&format!("{PATH}?{query}")).await.refused(422, "validation_failed");
        }
        let other = app.owner().await;
        owner.get(&format!("{PATH}?tenant_id={}", other.tenant())).await.refused(403, "tenant_mismatch");
        owner.get(&format!("{PATH}?cursor=x")).await.refused(400, "invalid_cursor");
    }
}

/// An index serves each filter in the order of the feed: nothing is sorted, and no query reads all
/// events.
async fn every_filter_has_its_index() {
    // The test has a database of its own, because PostgreSQL plans by its statistics.
    let (app, server, _directory) = dedicated(Placement::Fused, &[]).await;
    app.owner().await;
    let from = "SELECT seq FROM events WHERE tenant_id = 't' AND seq > 5";
    for (sql, index, columns) in [
        (from.to_owned(), "events_by_tenant", "pkey"),
        (format!("{from} AND created_at >= 1 AND created_at < 2"), "events_by_tenant", "pkey"),
        (format!("{from} AND type || '' IN ('a', 'b')"), "events_by_tenant", "pkey"),
        (format!("{from} AND type = 'a'"), "events_by_type", "tenant_id_type_seq"),
        (format!("{from} AND subject = 'a'"), "events_by_subject", "tenant_id_subject_seq"),
        (
            format!("{from} AND subject = 'a' AND type || '' IN ('a', 'b')"),
            "events_by_subject",
            "tenant_id_subject_seq",
        ),
        (format!("{from} AND source_agent = 'a'"), "events_by_agent", "tenant_id_source_agent_seq"),
        (
            format!(
                "{from} AND seq IN (SELECT event_seq FROM webhook_deliveries WHERE tenant_id = 't' AND status <> 'SUCCEEDED')"
            ),
            "events_by_tenant",
            "pkey",
        ),
        (
            "SELECT seq FROM events WHERE tenant_id = 't' AND id = 'a'".to_owned(),
            "sqlite_autoindex_events_1",
            "tenant_id_id",
        ),
    ] {
        let sql =
            if sql.contains("AND id =") { sql } else { format!("{sql} ORDER BY seq LIMIT 51") };
        let plan = plan(&app, &sql);
        assert!(!plan.sorts, "{sql}: {plan:#?}");
        let wanted = if external() { columns } else { index };
        assert!(
            !plan.reads.is_empty() && plan.reads.iter().all(|step| step.contains(wanted)),
            "{sql}: {plan:#?}"
        );
    }
    // For several types, a page of each type is read, and then a page of these.
    let few = ["a", "b", "c"].map(|name| {
        format!("SELECT seq FROM ({from} AND type = '{name}' ORDER BY seq LIMIT 51) AS {name}")
    });
    let few =
        format!("SELECT seq FROM ({}) AS meant ORDER BY seq LIMIT 51", few.join(" UNION ALL "));
    let sql =
        format!("SELECT id FROM events WHERE tenant_id = 't' AND seq IN ({few}) ORDER BY seq");
    let plan = plan(&app, &sql);
    let wanted =
        ["events_by_type", "tenant_id_type_seq", "pkey", "INTEGER PRIMARY KEY", "events_by_tenant"];
    let good = |step: &String| wanted.iter().any(|index| step.contains(index));
    assert!(plan.reads.len() > 3 && plan.reads.iter().all(good), "{sql}: {plan:#?}");
    server.shutdown().await.unwrap();
}
