//! A receiver accepts what Stripe's own library signs.

use std::process::Command;

use super::inbound::{Signed, connect, ingested};
use crate::support::packages;

const SCRIPT: &str = "const stripe = require('stripe')('sk_test_none');\
    const [payload, secret] = process.argv.slice(1);\
    process.stdout.write(stripe.webhooks.generateTestHeaderString({ payload, secret }));";

npm! {
    /// A header of `generateTestHeaderString` is valid for its payload and for no other.
    async fn its_own_library(app) {
        let folder = packages::of_npm(packages::STRIPE);
        let owner = app.owner().await;
        let sender = connect(&owner, "STRIPE").await;
        let body = r#"{"id":"evt_stripe","object":"event","type":"invoice.paid"}"#;
        let node = Command::new("node").args(["-e", SCRIPT, body, &sender.secret]).current_dir(&folder).output().unwrap();
        assert!(node.status.success(), "{}", String::from_utf8_lossy(&node.stderr));
        let header = String::from_utf8(node.stdout).unwrap();
        let signed = |body: &str| Signed {
            path: sender.path(),
            headers: vec![("stripe-signature", header.clone())],
            body: body.to_owned(),
        };
        signed(&body.replace("paid", "void")).send(&app).await.refused(401, "authentication_required");
        signed(body).send(&app).await.expect(202);
        let events = ingested(&owner, 1).await;
        assert_eq!(events[0]["data"]["external_type"], "invoice.paid");
    }
}
