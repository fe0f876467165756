//! Lists of projects: every spelling of a query, and walks over many rows; and the indexes of all
//! lists.

use std::collections::BTreeSet;

use protocol::contract::{Operation, Query};
use serde_json::{Value, json};

use super::{PATH, create};
use crate::isolation::make;
use crate::support::contract::CONTRACT;
use crate::support::stores::external;
use crate::support::{App, Client};

/// Writes projects straight into the database. Their names are in another order than their ids, and
/// ten rows share each time.
fn seed(app: &App, tenant: &str, count: usize) -> Vec<String> {
    let ids: Vec<String> = (0..count).map(|number| format!("prj_{tenant}{number:06}")).collect();
    let row = |(number, id): (usize, &String)| {
        let moment = 1_700_000_000_000 + i64::try_from(number / 10).unwrap() * 1000;
        let status = ["ACTIVE", "PAUSED", "ARCHIVED"][number % 3];
        format!(
            "('{id}', '{tenant}', 'usr_x', 'name {:03}', '{status}', '{{\"env\":\"{}\"}}', \
             '[\"t{}\"]', 1, {moment}, {moment})",
            (number * 7) % 1000,
            if number % 2 == 0 { "prod" } else { "test" },
            number % 5
        )
    };
    let rows: Vec<String> = ids.iter().enumerate().map(row).collect();
    app.execute(&format!(
        "INSERT INTO projects (id, tenant_id, owner_id, name, status, labels, tags, version, \
         created_at, updated_at) VALUES {}",
        rows.join(", ")
    ));
    ids
}

async fn ids(client: &Client, query: &str) -> Vec<String> {
    let page = client.get(&format!("{PATH}?{query}")).await.expect(200);
    page.body["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| item["id"].as_str().unwrap().to_owned())
        .collect()
}

storage! {
    /// All spellings of the same query give the same rows (S-36).
    async fn spellings_agree(app) {
        let owner = app.owner().await;
        seed(&app, owner.tenant(), 60);
        let groups: &[&[&str]] = &[
            &["status=ACTIVE", "status=active", "status:eq=ACTIVE", "status%3Aeq=active", "filter[status]=ACTIVE", "filter%5Bstatus%5D=ACTIVE", "status_eq=Active", "status:nin=PAUSED,ARCHIVED,COMPLETED"],
            &["status:in=ACTIVE,PAUSED", "status:ne=ARCHIVED", "status_in=active,paused", "filter[status][in]=ACTIVE,PAUSED"],
            &["created_after=2023-11-14T22:13:21Z", "created_at:gt=2023-11-14T22:13:21.000Z", "createdAfter=2023-11-14T22:13:21Z", "created_at:gte=2023-11-14T22:13:22Z", "created_at:gt=2023-11-14T23:13:21%2B01:00", "created_at:gt=2023-11-14T23:13:21+01:00"],
            &["name:prefix=name 00", "title:prefix=name 00", "name:contains=NAME 00", "filter[name][prefix]=name 00"],
            &["search=Name 00", "q=name 00"],
            &["tags=t1", "tags:in=t1", "tags:contains=t1", "filter[tags]=t1"],
            &["labels[env]=prod", "labels[env]:ne=test", "filter[labels[env]]=prod"],
            &["sort=created_at:desc,name:asc", "sort=-created_at,name", "sort=createdAt:desc,title"],
            &["sort=name", "sort=name:asc", "sort=title:asc", "sort=name,id"],
            &["sort=name:desc&offset=20&limit=20", "sort=-name&page=2&per_page=20", "sort=-name&page[number]=2&page[limit]=20", "sort=-name&page[offset]=20&page[limit]=20", "sort=-name&page=2", "sort=-name&cursor=eyJvZmZzZXQiOjIwfQ&limit=20"],
            &["limit=10", "page[limit]=10", "page=1&per_page=10", "perPage=10"],
        ];
        for group in groups {
            let expected = ids(&owner, &format!("{}&fields=id", group[0])).await;
            assert!(!expected.is_empty() && (expected.len() < 60 || group[0].starts_with("sort")), "{group:?}");
            for spelling in *group {
                assert_eq!(ids(&owner, spelling).await, expected, "{spelling}");
            }
        }
        // The sample of the requirements (D-17), on this collection.
        let sample = owner.get(&format!("{PATH}?status=active&sort=created_at:desc&limit=20&offset=0")).await.expect(200);
        assert_eq!(sample.header("x-total-count"), Some("20"));
        let none = ids(&owner, "tags=t").await;
        assert!(none.is_empty(), "a part of a tag is no tag: {none:?}");
    }

    /// A walk over 1,237 rows neither repeats nor loses one while rows come and go. It is tested
    /// forwards and backwards, in orders with and without equal values (S-37).
    async fn walks_repeat_and_lose_nothing(app) {
        for (sort, keyset) in [("id", false), ("created_at:desc", false), ("name,created_at:desc", false), ("created_at,id", true)] {
            let owner = app.owner().await;
            let seeded: BTreeSet<_> = seed(&app, owner.tenant(), 1237).into_iter().collect();
            let mut gone = BTreeSet::new();
            let (mut seen, mut pages, mut steps) = (Vec::new(), Vec::new(), 0);
            let mut next = Some(format!("{PATH}?sort={sort}&limit=100&fields=name,created_at{}", if keyset { "&after_id=" } else { "" }));
            if keyset {
                // A keyset begins after a row that the client names (D-51).
                let first = owner.get(&format!("{PATH}?sort={sort}&limit=1")).await.expect(200);
                let id = first.body["items"][0]["id"].as_str().unwrap().to_owned();
                next = Some(format!("{PATH}?sort={sort}&after_id={id}&limit=100&fields=name,created_at"));
                seen.push(id);
            }
            while let Some(path) = next {
                let page = owner.get(&path).await.expect(200);
                let items = page.body["items"].as_array().unwrap();
                seen.extend(items.iter().map(|item| item["id"].as_str().unwrap().to_owned()));
                pages.push(path);
                // Meanwhile one row is added, and one seen row and one unseen row are deleted.
                create(&owner, &format!("name {steps:03}")).await;
                let unseen = seeded.iter().find(|id| !seen.contains(id) && !gone.contains(*id)).cloned();
                for id in [Some(seen[steps * 50 % seen.len()].clone()), unseen].into_iter().flatten() {
                    owner.delete(&format!("{PATH}/{id}")).await.expect(204);
                    gone.insert(id);
                }
                steps += 1;
                next = page.header("link").and_then(|link| target(link, "next"));
            }
            let distinct: BTreeSet<_> = seen.iter().cloned().collect();
            assert_eq!(distinct.len(), seen.len(), "{sort}: a row came twice");
            let lost: Vec<_> = seeded.difference(&distinct).filter(|id| !gone.contains(*id)).collect();
            assert!(lost.is_empty(), "{sort}: lost {lost:?}");
            assert!(pages.len() >= 12, "{sort}");
        }
    }

    /// The link to the previous page shows the rows that were there.
    async fn backwards(app) {
        let owner = app.owner().await;
        seed(&app, owner.tenant(), 25);
        let first = owner.get(&format!("{PATH}?sort=-name&limit=10")).await.expect(200);
        assert!(target(first.header("link").unwrap(), "prev").is_none());
        let second = owner.get(&target(first.header("link").unwrap(), "next").unwrap()).await.expect(200);
        let third = owner.get(&target(second.header("link").unwrap(), "next").unwrap()).await.expect(200);
        assert!(target(third.header("link").unwrap(), "next").is_none() && third.body["next_cursor"].is_null());
        let back = owner.get(&target(third.header("link").unwrap(), "prev").unwrap()).await.expect(200);
        assert_eq!(back.body["items"], second.body["items"]);
        let front = owner.get(&target(back.header("link").unwrap(), "prev").unwrap()).await.expect(200);
        assert_eq!(front.body["items"], first.body["items"]);
        assert!(target(front.header("link").unwrap(), "prev").is_none());
    }

    /// The rows are counted only if the request asks for a total.
    async fn no_totals_unless_asked_for(app) {
        let owner = app.owner().await;
        create(&owner, "a").await;
        assert_eq!(owner.get(PATH).await.header("x-total-count"), None);
        assert_eq!(owner.get(&format!("{PATH}?page=1")).await.header("x-total-count"), Some("1"));
    }

    /// Related objects are shown in place if the caller may read them, and a page needs one more
    /// query for them.
    async fn expansion(app) {
        let owner = app.owner().await;
        let made = create(&owner, "a").await;
        for name in ["expand", "include", "embed"] {
            let page = owner.get(&format!("{PATH}?{name}=owner&fields[users]=name")).await.expect(200);
            let shown = &page.body["items"][0]["owner"];
            assert_eq!((shown["id"].as_str(), shown.as_object().unwrap().len()), (made.body["owner_id"].as_str(), 2));
        }
        let path = format!("{PATH}/{}?expand=owner", made.id());
        let one = owner.get(&path).await.expect(200);
        let tag = one.header("etag").unwrap().to_owned();
        assert!(tag.starts_with("\"v1-"), "{tag}");
        // The tag covers the related object too.
        let user = format!("/api/v1/users/{}", made.body["owner_id"].as_str().unwrap());
        owner.patch(&user, &json!({ "department": "x" })).await.expect(200);
        owner.send(http::Method::GET, &path, &[("if-none-match", &tag)], None).await.expect(200);
        owner.get(&format!("{PATH}?expand=friends")).await.refused(400, "invalid_parameter");
    }

    /// An index serves each order that a list offers, in both directions.
    async fn every_order_has_its_index(app) {
        let owner = app.owner().await;
        let mut lists = 0;
        for operation in lists_of_the_contract() {
            let resource = resource(operation.shape.unwrap().collection);
            let table = resource["table"].as_str().or(resource["collection"].as_str()).unwrap();
            let (path, parent) = match operation.path.split_once("/{id}") {
                Some((above, _)) => {
                    let object = make(&app, &owner, &above[1..], "above").await;
                    (operation.path.replace("{id}", object.id()), parent(operation.id))
                }
                None => (operation.path.to_owned(), ""),
            };
            let live = if resource["append_only"] == true { "" } else { "AND deleted_at IS NULL" };
            let refused = owner.get(&format!("/api/v1{path}?sort=nothing")).await.refused(400, "invalid_parameter");
            let message = refused.body["details"]["fields"][0]["message"].as_str().unwrap().to_owned();
            let names = message.strip_prefix("This list can be sorted by: ").unwrap();
            let names = names.trim_end_matches('.');
            for name in names.split(", ") {
                // One event has few attempts, and of an endpoint's only those of one millisecond are
                // sorted. That costs less than a further index.
                if (table, name) == ("webhook_attempts", "created_at") {
                    continue;
                }
                for (direction, symbol) in [("", ">"), (" DESC", "<")] {
                    let (order, keys) = match name {
                        "id" => (format!("id{direction}"), "(id) ".to_owned() + symbol + " ('1')"),
                        name => (format!("{name}{direction}, id{direction}"), format!("({name}, id) {symbol} ('1', '1')")),
                    };
                    let sql = format!("SELECT * FROM {table} WHERE tenant_id = 't' {parent} {live} AND {keys} ORDER BY {order} LIMIT 51");
                    if external() {
                        // With only a few rows no plan is cheaper than a scan and a sort.
                        let plan = app.rows(&format!("SET enable_seqscan = off; SET enable_sort = off; EXPLAIN (COSTS OFF) {sql}"));
                        let plan = plan.concat().join("\n");
                        assert!(!plan.contains("Sort") && plan.contains("Index Scan"), "{sql}: {plan}");
                        continue;
                    }
                    let plan = app.rows(&format!("EXPLAIN QUERY PLAN {sql}"));
                    assert_eq!(plan.len(), 1, "{sql}: {plan:?}");
                    assert!(plan[0][3].starts_with(&format!("SEARCH {table} USING INDEX")) && plan[0][3].contains("tenant_id=?"), "{sql}: {plan:?}");
                }
            }
            lists += 1;
        }
        assert!(lists >= 9, "{lists}");
    }
}

/// The operations of the contract that answer a page of a resource.
fn lists_of_the_contract() -> Vec<Operation> {
    let functions = openapi::functions().unwrap();
    let all = functions.iter().flat_map(|name| openapi::load(name).unwrap());
    all.filter(|operation| operation.query == Query::List).collect()
}

/// What the contract says of a resource (`x-resource`).
fn resource(collection: &str) -> &'static Value {
    let mut schemas = CONTRACT["components"]["schemas"].as_object().unwrap().values();
    let found = schemas.find(|schema| schema["x-resource"]["collection"] == collection);
    &found.unwrap_or_else(|| panic!("{collection} is no resource"))["x-resource"]
}

/// The condition of a list that belongs to one object.
fn parent(operation: &str) -> &'static str {
    match operation {
        "list-event-attempts" => "AND event_id = 'x'",
        "list-webhook-endpoint-attempts" => "AND endpoint_id = 'x'",
        _ => panic!("{operation}: how does its table name the object above?"),
    }
}

everywhere! {
    /// A cursor is valid only for its filter and order.
    async fn a_cursor_belongs_to_its_question(app) {
        let owner = app.owner().await;
        seed(&app, owner.tenant(), 5);
        let page = owner.get(&format!("{PATH}?limit=1&sort=name&status:ne=ARCHIVED")).await.expect(200);
        let cursor = page.body["next_cursor"].as_str().unwrap();
        for query in ["sort=name", "sort=-name&status:ne=ARCHIVED", "status:ne=ARCHIVED", "sort=name&status:ne=ACTIVE", "sort=name&status:ne=ARCHIVED&search=x"] {
            owner.get(&format!("{PATH}?{query}&cursor={cursor}")).await.refused(400, "invalid_cursor");
        }
        owner.get(&format!("{PATH}?status_ne=archived&sort=title:asc&cursor={cursor}&limit=3")).await.expect(200);
    }
}

/// The target of a relation in a `Link` header.
fn target(link: &str, relation: &str) -> Option<String> {
    link.split(", <")
        .find(|part| part.contains(&format!("rel=\"{relation}\"")))
        .map(|part| part.trim_start_matches('<').split('>').next().unwrap().to_owned())
}
