//! Attacks on receivers by strangers: a replay of a request that they have seen creates nothing.

use super::inbound::{
    INTEGRATIONS, Sender, Signed, connect, hex, ingested, mac, now, reasons, stored,
};

everywhere! {
    /// If a delivery of GitHub is replayed under another id, which is not signed, it is a
    /// duplicate. A replay without the id is a duplicate too.
    async fn an_unsigned_id_makes_no_other_webhook(app) {
        let owner = app.owner().await;
        let sender = connect(&owner, "GITHUB").await;
        let signed = sender.sign("evt_1", now());
        signed.send(&app).await.expect(202);
        ingested(&owner, 1).await;
        for id in [Some("evt_2"), None] {
            let mut headers = signed.headers.clone();
            headers.retain(|(name, _)| *name != "x-github-delivery");
            headers.extend(id.map(|id| ("x-github-delivery", id.to_owned())));
            let again = Signed { path: signed.path.clone(), body: signed.body.clone(), headers };
            again.send(&app).await.expect(200);
        }
        // Another body is another webhook. The same id is the same webhook.
        sender.sign("evt_3", now()).send(&app).await.expect(202);
        let mut twin = sender.sign("evt_4", now());
        twin.headers[1].1 = "evt_3".to_owned();
        twin.send(&app).await.expect(200);
        assert_eq!(stored(&app, &owner), "2");
        ingested(&owner, 2).await;
    }

    /// However often strangers ask, the audit log of a tenant gets one entry for each reason and
    /// hour, with the number of refusals. The health of the integration counts them all.
    async fn refusals_are_told_once_an_hour(app) {
        let owner = app.owner().await;
        let sender = connect(&owner, "HMAC_SHA256").await;
        let unsigned = || Signed { headers: Vec::new(), ..sender.sign("evt_1", now()) };
        for _ in 0..60 {
            unsigned().send(&app).await.refused(401, "authentication_required");
        }
        reasons(&app, &owner).await;
        // In the same hour the tick finds more refusals, and writes no entry.
        for _ in 0..3 {
            unsigned().send(&app).await.refused(401, "authentication_required");
            reasons(&app, &owner).await;
        }
        let told = reasons(&app, &owner).await;
        assert!((1..=2).contains(&told.len()), "{told:?}");
        assert!(told.iter().all(|entry| entry["reason"] == "SIGNATURE_MISSING"));
        let health = owner.get(&format!("{INTEGRATIONS}/{}/health", sender.integration)).await.expect(200);
        assert_eq!(health.body["rejected"], 63);
        // The next hour gets an entry again, with all refusals that no entry has counted.
        let of = format!("tenant_id = '{}'", owner.tenant());
        let untold: i64 = app.rows(&format!("SELECT untold FROM inbound_rejections WHERE {of}"))[0][0].parse().unwrap();
        app.execute(&format!("UPDATE inbound_rejections SET told_in = 1 WHERE {of}"));
        unsigned().send(&app).await.refused(401, "authentication_required");
        let more = reasons(&app, &owner).await;
        assert_eq!(more.len(), told.len() + 1);
        let total = |all: &[serde_json::Value]| all.iter().map(|entry| entry["count"].as_i64().unwrap()).sum::<i64>();
        assert_eq!(total(&more) - total(&told), untold + 1);
        assert_eq!(stored(&app, &owner), "0");
    }

    /// A request that names no integration is counted with the same statement, so that it takes as
    /// long. It is refused whatever it is signed with.
    async fn what_is_of_nobody_is_the_same_work(app) {
        let owner = app.owner().await;
        let sender = connect(&owner, "HMAC_SHA256").await;
        let count = || {
            let rows = app.rows("SELECT SUM(total) FROM inbound_rejections WHERE tenant_id LIKE '-%'");
            rows[0][0].parse::<i64>().unwrap_or_default()
        };
        let before = count();
        let mut stranger = Sender { secret: "\0".repeat(32), ..sender };
        for id in ["int_0000000000000000000000", "-", ""] {
            stranger.integration = id.to_owned();
            let status = stranger.sign("evt_1", now()).send(&app).await.status;
            assert_eq!(status, if id.is_empty() { 422 } else { 401 });
        }
        // Other tests may send to unknown integrations at the same time.
        assert!(count() >= before + 2);
        assert!(app.rows("SELECT payload FROM inbound_events WHERE tenant_id LIKE '-%'").is_empty());
        assert!(app.rows("SELECT id FROM audit_logs WHERE tenant_id LIKE '-%'").is_empty());
    }
}

logic! {
    /// If the dated signature of a Tenantry delivery was removed, the delivery is refused, even if
    /// its other signature is valid.
    async fn a_signature_without_time_does_not_stand_in(app) {
        use base64::Engine as _;
        let owner = app.owner().await;
        let sender = connect(&owner, "TENANTRY").await;
        let mut signed = sender.sign("evt_1", now());
        let key = base64::engine::general_purpose::STANDARD.decode(&sender.secret[6..]).unwrap();
        let plain = hex(&mac(&key, &signed.body));
        let dated = std::mem::replace(&mut signed.headers, vec![("x-signature", format!("sha256={plain}"))]);
        signed.send(&app).await.refused(401, "authentication_required");
        assert_eq!(stored(&app, &owner), "0");
        signed.headers.extend(dated);
        signed.send(&app).await.expect(202);
    }
}
