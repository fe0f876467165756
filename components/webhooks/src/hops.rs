//! How often what is delivered has been delivered before: a tenant's endpoint may lead to a receiver
//! of its own integration, whose event is delivered again. Each delivery says so in a header, each
//! receiver of this system heeds it, and an event keeps what it came with. The header is like
//! `CDN-Loop` (RFC 8586) in what it is for, and counts, since between products there are no names
//! to look for.

use serde::{Deserialize, Serialize};

/// The header of a delivery: 1 for what happened here.
pub(crate) const HEADER: &str = "tenantry-hops";
/// The event that the webhook of another becomes; its data has `hops`.
const INGESTED: &str = "record.ingested";
/// The most hops of what a receiver takes in. It lets one product hand events on to the next and
/// that to a third, and with many endpoints each hop multiplies.
const MOST: u8 = 2;

/// The hops that a request says it has made; what cannot be read is too many.
pub(crate) fn of_request(header: Option<&str>) -> u8 {
    header.map_or(0, |text| text.trim().parse().unwrap_or(u8::MAX))
}

/// Whether a receiver takes no more of it.
pub(crate) fn is_loop(hops: u8) -> bool {
    hops > MOST
}

/// What is read of the data of an event.
#[derive(Deserialize)]
struct Data {
    #[serde(default)]
    hops: u64,
}

/// The hops of a delivery of this event.
pub(crate) fn of_delivery(kind: &str, data: &impl Serialize) -> u8 {
    if kind != INGESTED {
        return 1;
    }
    let data = serde_json::to_string(data).unwrap_or_default();
    let before = serde_json::from_str(&data).map_or(0, |data: Data| data.hops);
    u8::try_from(before).unwrap_or(u8::MAX).saturating_add(1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn each_delivery_is_a_hop() {
        assert_eq!(of_delivery("project.created", &json!({ "hops": 7 })), 1);
        assert_eq!(of_delivery(INGESTED, &json!({})), 1);
        assert_eq!(of_delivery(INGESTED, &json!({ "hops": 2 })), 3);
        assert_eq!(of_delivery(INGESTED, &json!({ "hops": 300 })), u8::MAX);
    }

    #[test]
    fn a_loop_ends() {
        assert_eq!(of_request(None), 0);
        for (text, hops) in
            [("1", 1), (" 2 ", 2), ("3", 3), ("256", u8::MAX), ("-1", u8::MAX), ("", u8::MAX)]
        {
            assert_eq!(of_request(Some(text)), hops, "{text}");
        }
        assert!(!is_loop(0) && !is_loop(1) && !is_loop(2));
        assert!(is_loop(3) && is_loop(u8::MAX));
    }
}
