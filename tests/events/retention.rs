//! Retention of events by the plans of tenants. `POST /internal/tick` deletes old events.

use std::collections::BTreeSet;

use crate::support::server::{SCHEDULER, UNLIMITED, options, refuses_settings, start};
use crate::support::{App, Client, Placement, dedicated};
use crate::webhooks::tick::{seed, tick};

storage! { goes_by_the_plan(placement) what_cannot_be_read_deletes_nothing(placement) }

const DAYS: &str = "90;pro=365;free=30";

/// The ages of the seeded events that a tenant still has, in days.
fn ages(app: &App, client: &Client) -> BTreeSet<String> {
    let sql =
        format!("SELECT id FROM events WHERE tenant_id = '{}' AND id LIKE 'old%'", client.tenant());
    let rows = app.rows(&sql);
    let age = |id: &str| id["old".len()..].split('-').next().unwrap().to_owned();
    rows.iter().map(|row| age(&row[0])).collect()
}

fn plan(app: &App, client: &Client, plan: &str) {
    app.execute(&format!("UPDATE tenants SET plan = '{plan}' WHERE id = '{}'", client.tenant()));
}

/// Each tenant keeps its events for as long as its plan says, and no longer. They are deleted in
/// bounded steps.
async fn goes_by_the_plan(placement: Placement) {
    let variables = [("retention_events_days", DAYS)];
    let (app, server, _directory) = dedicated(placement, &variables).await;
    let [free, pro, gold, none] =
        [app.owner().await, app.owner().await, app.owner().await, app.owner().await];
    for (client, name) in [(&free, "free"), (&pro, "pro"), (&gold, "gold")] {
        plan(&app, client, name);
    }
    for client in [&free, &pro, &gold, &none] {
        for days in [450, 100, 50, 10] {
            // The free tenant gets so many events that one step does not delete them all.
            let many = client.tenant() == free.tenant() && days == 50;
            seed(&app, client.tenant(), days, if many { 10_100 } else { 3 });
        }
    }
    let first = tick(&app.anon(), SCHEDULER).await.expect(200);
    assert_eq!(first.body["more"], true, "{}", first.text);
    while tick(&app.anon(), SCHEDULER).await.expect(200).body["more"] == true {}
    let set = |days: &[&str]| days.iter().map(|days| (*days).to_owned()).collect::<BTreeSet<_>>();
    assert_eq!(ages(&app, &free), set(&["10"]));
    assert_eq!(ages(&app, &none), set(&["10", "50"]));
    assert_eq!(ages(&app, &gold), set(&["10", "50"]), "as for all that are not named");
    assert_eq!(ages(&app, &pro), set(&["10", "50", "100"]));
    // The feed of each tenant goes on.
    for client in [&free, &pro, &gold, &none] {
        let feed = client.get("/api/v1/events?limit=100").await.expect(200);
        let kinds: Vec<_> =
            feed.body["items"].as_array().unwrap().iter().map(|it| &it["type"]).collect();
        assert!(kinds.contains(&&"tenant.created".into()), "{kinds:?}");
    }
    // If nothing is too old, nothing is deleted. A change of the plan takes effect.
    let nothing = tick(&app.anon(), SCHEDULER).await.expect(200);
    assert_eq!((&nothing.body["events"], &nothing.body["more"]), (&0.into(), &false.into()));
    plan(&app, &pro, "free");
    tick(&app.anon(), SCHEDULER).await.expect(200);
    assert_eq!(ages(&app, &pro), set(&["10"]));
    server.shutdown().await.unwrap();
}

/// An unreadable setting deletes nothing.
async fn what_cannot_be_read_deletes_nothing(placement: Placement) {
    let directory = tempfile::tempdir().unwrap();
    let mut options = options(placement, directory.path(), &UNLIMITED);
    let (app, server) = start(options.clone()).await;
    let owner = app.owner().await;
    seed(&app, owner.tenant(), 50, 3);
    server.shutdown().await.unwrap();
    options.variables.push(("retention_events_days".to_owned(), "30;pro=for ever".to_owned()));
    refuses_settings(options, "retention_events_days", "/internal/work/events").await;
    assert_eq!(ages(&app, &owner).len(), 1);
}
