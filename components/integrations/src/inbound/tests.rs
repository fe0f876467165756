//! Hand-made signatures: which requests are accepted as genuine, and every reason for a rejection.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;
use sha2::Digest as _;

use super::identity::Identity;
use super::*;

const NOW: i64 = 1_800_000_000;
const BODY: &[u8] = b"{\"id\":\"evt_1\",\"type\":\"payment.succeeded\"}";

fn hex(key: &[u8], parts: &[&[u8]]) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).unwrap();
    parts.iter().for_each(|part| mac.update(part));
    hex::encode(mac.finalize().into_bytes())
}

#[track_caller]
fn check(provider: Provider, headers: &[(&str, &str)], expected: Result<(), Reason>) {
    let find =
        |name: &str| headers.iter().find(|(known, _)| *known == name).map(|(_, value)| *value);
    let keys = [b"the old secret".to_vec(), b"the new secret".to_vec()];
    assert_eq!(verify(provider, &keys, &find, BODY, NOW), expected, "{provider:?} {headers:?}");
}

fn stripe(time: i64, key: &str) -> String {
    let text = time.to_string();
    format!("t={text},v1={}", hex(key.as_bytes(), &[text.as_bytes(), b".", BODY]))
}

/// The sample that GitHub publishes for authors of verifiers.
#[test]
fn the_sample_of_github() {
    let header = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17";
    let find = |name: &str| (name == "x-hub-signature-256").then_some(header);
    let keys = [b"It's a Secret to Everybody".to_vec()];
    assert_eq!(verify(Provider::Github, &keys, &find, b"Hello, World!", NOW), Ok(()));
    let other = verify(Provider::Github, &keys, &find, b"Hello, World?", NOW);
    assert_eq!(other, Err(Reason::Mismatch));
}

/// The sample that Slack publishes.
#[test]
fn the_sample_of_slack() {
    let body = "token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow\
        &channel_id=G8PSS9T3V&channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner\
        &command=%2Fwebhook-collect&text=&response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands\
        %2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN\
        &trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c";
    let headers = [
        (
            "x-slack-signature",
            "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503",
        ),
        ("x-slack-request-timestamp", "1531420618"),
    ];
    let find =
        |name: &str| headers.iter().find(|(known, _)| *known == name).map(|(_, value)| *value);
    let keys = [b"8f742231b10e8888abcd99yyyzzz85a5".to_vec()];
    let at = |now| verify(Provider::Slack, &keys, &find, body.as_bytes(), now);
    assert_eq!(at(1_531_420_618), Ok(()));
    assert_eq!(at(1_531_420_618 + 301), Err(Reason::Expired));
}

#[test]
fn times_are_near() {
    for (away, expected) in [
        (0, Ok(())),
        (-300, Ok(())),
        (300, Ok(())),
        (-301, Err(Reason::Expired)),
        (301, Err(Reason::Expired)),
    ] {
        let header = stripe(NOW + away, "the new secret");
        check(Provider::Stripe, &[("stripe-signature", &header)], expected);
        check(Provider::Tenantry, &[("x-signature-v2", &header)], expected);
    }
}

#[test]
fn any_secret_and_any_signature() {
    let (good, other) = (stripe(NOW, "the old secret"), "ab".repeat(32));
    let several = format!("{good},v1={other},v0={other}");
    check(Provider::Stripe, &[("stripe-signature", &several)], Ok(()));
    let (time, signature) = good.split_once(',').unwrap();
    let several = format!("{time},v1={other},{signature}");
    check(Provider::Stripe, &[("stripe-signature", &several)], Ok(()));
    let wrong = stripe(NOW, "another secret");
    check(Provider::Stripe, &[("stripe-signature", &wrong)], Err(Reason::Mismatch));
    let many = format!("{good}{}", format!(",v1={other}").repeat(10));
    check(Provider::Stripe, &[("stripe-signature", &many)], Err(Reason::Malformed));
}

/// If an attacker removes the dated signature from a delivery, then the other one is not accepted
/// instead.
#[test]
fn the_timeless_one_does_not_stand_in() {
    let plain = format!("sha256={}", hex(b"the new secret", &[BODY]));
    check(Provider::Tenantry, &[("x-signature", &plain)], Err(Reason::Missing));
    let old = stripe(NOW - 1000, "the new secret");
    let both = [("x-signature", plain.as_str()), ("x-signature-v2", old.as_str())];
    check(Provider::Tenantry, &both, Err(Reason::Expired));
}

/// Both spellings of Standard Webhooks are accepted, but no mixture of them.
#[test]
fn svix_spells_it_its_own_way() {
    let at = NOW.to_string();
    let signature = |id: &str| {
        let hex = self::hex(b"the new secret", &[id.as_bytes(), b".", at.as_bytes(), b".", BODY]);
        format!("v1,{}", STANDARD.encode(hex::decode(hex).unwrap()))
    };
    let (one, two) = (signature("msg_1"), signature("msg_2"));
    let svix = [("svix-id", "msg_1"), ("svix-timestamp", &at), ("svix-signature", &one)];
    check(Provider::StandardWebhooks, &svix, Ok(()));
    let other_id = [svix[0], svix[1], svix[2], ("webhook-id", "msg_2")];
    check(Provider::StandardWebhooks, &other_id, Ok(()));
    let find =
        |name: &str| other_id.iter().find(|(known, _)| *known == name).map(|(_, value)| *value);
    let identity = Identity::of(Provider::StandardWebhooks, &find, &json!(null), BODY);
    assert_eq!(identity.external_id, "msg_1", "the one that is signed");
    let mixed = [("svix-id", "msg_2"), ("svix-timestamp", &*at), ("webhook-signature", &two)];
    check(Provider::StandardWebhooks, &mixed, Err(Reason::Missing));
}

#[test]
fn secrets_are_as_providers_write_them() {
    let standard = format!("whsec_{}", STANDARD.encode([7; 24]));
    let supabase = format!("v1,{standard}");
    for (provider, secret, key) in [
        (Provider::StandardWebhooks, standard.as_str(), Some(vec![7; 24])),
        (Provider::StandardWebhooks, &supabase, Some(vec![7; 24])),
        (Provider::StandardWebhooks, "8f742231b10e8888abcd99yyyzzz85a5", None),
        (Provider::Tenantry, &supabase, None),
        (Provider::Stripe, &standard, Some(standard.as_bytes().to_vec())),
        (Provider::Stripe, "with a space", None),
        (
            Provider::Github,
            "It's a Secret to Everybody — 秘密",
            Some("It's a Secret to Everybody — 秘密".into()),
        ),
        (Provider::HmacSha256, "a line\nbreak", None),
    ] {
        assert_eq!(provider.key(secret), key, "{provider:?} {secret}");
    }
}

#[test]
fn what_cannot_be_read() {
    use Reason::{Malformed, Mismatch, Missing};
    for (provider, name) in [
        (Provider::Stripe, "stripe-signature"),
        (Provider::Github, "x-hub-signature-256"),
        (Provider::HmacSha256, "x-signature"),
        (Provider::Tenantry, "x-signature-v2"),
    ] {
        check(provider, &[], Err(Missing));
        for bad in ["", "t=,v1=", "sha256=é", "sha256=xyz", "t=1e3,v1=ab", "sha1=ab", "t=5"] {
            check(provider, &[(name, bad)], Err(Malformed));
        }
    }
    check(Provider::HmacSha256, &[("x-signature", "sha256=")], Err(Mismatch));
    check(Provider::HmacSha256, &[("x-signature", "sha256=ab")], Err(Mismatch));
    check(Provider::Slack, &[("x-slack-signature", "v0=ab")], Err(Missing));
    let dated = ("x-slack-request-timestamp", "now");
    check(Provider::Slack, &[("x-slack-signature", "v0=ab"), dated], Err(Malformed));
    check(Provider::StandardWebhooks, &[("webhook-id", "msg_1")], Err(Missing));
}

#[test]
fn names() {
    let none = |_: &str| None;
    let document: serde_json::Value = serde_json::from_slice(BODY).unwrap();
    let identity = Identity::of(Provider::Stripe, &none, &document, BODY);
    assert_eq!(identity.external_id, "evt_1");
    assert_eq!(identity.external_type.as_deref(), Some("payment.succeeded"));
    let slack = json!({ "event_id": "Ev1", "type": "event_callback", "event": { "type": "ping" } });
    let identity = Identity::of(Provider::Slack, &none, &slack, b"");
    assert_eq!(
        (identity.external_id.as_str(), identity.external_type.as_deref()),
        ("Ev1", Some("ping"))
    );
    // A text that is not an id, or is too long for one, counts as no id.
    for id in [json!(""), json!(7), json!("x".repeat(201)), json!("a\u{0}")] {
        let identity = Identity::of(Provider::HmacSha256, &none, &json!({ "id": id }), b"abc");
        let hash = "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        let [external_type, body_hash] = [None, None];
        let external_id = hash.to_owned();
        assert_eq!(identity, Identity { external_id, external_type, body_hash });
    }
    // The id of GitHub is not signed, so two ids are no proof of two webhooks.
    let find = |name: &str| (name == "x-github-delivery").then_some("7");
    let github = Identity::of(Provider::Github, &find, &document, BODY);
    assert_eq!(github.external_id, "7");
    assert_eq!(github.body_hash, Some(format!("sha256:{}", hex::encode(Sha256::digest(BODY)))));
}

#[test]
fn slugs_lead_back() {
    use Provider::{Github, HmacSha256, Slack, StandardWebhooks, Stripe, Tenantry};
    for provider in [Stripe, Github, Slack, StandardWebhooks, Tenantry, HmacSha256] {
        assert_eq!(Provider::of(provider.slug()), Some(provider));
        assert_eq!(Provider::of(&provider.slug().to_ascii_uppercase()), None);
    }
}
