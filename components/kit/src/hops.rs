//! Stops loops of deliveries. An endpoint of a tenant may lead to a receiver of its own
//! integration, which makes an event of the delivery, which is delivered again.
//!
//! Each delivery carries its number of hops in a header. Each receiver of this system reads the
//! header, and an ingested event keeps the number that it came with. The header has the purpose of
//! `CDN-Loop` (RFC 8586). It counts instead of listing names, because there are no names on which
//! all products agree.

use serde::{Deserialize, Serialize};

/// The header with the hop count of a delivery: 1 for an event that happened here.
pub const HEADER: &str = "tenantry-hops";
/// The type of the event that an incoming webhook becomes. Its data has `hops`.
const INGESTED: &str = "record.ingested";
/// The most hops that a receiver accepts. Two let one product hand events on to a second one, and
/// that one to a third. The limit is low, because with many endpoints each hop multiplies the
/// deliveries.
const MAX_HOPS: u8 = 2;

/// The hop count in the header of a request. One that cannot be read counts as too many.
pub fn of_request(header: Option<&str>) -> u8 {
    header.map_or(0, |text| text.trim().parse().unwrap_or(u8::MAX))
}

/// Whether a request has too many hops for a receiver to accept it.
pub fn is_loop(hops: u8) -> bool {
    hops > MAX_HOPS
}

/// The part of an event's data that is read here.
#[derive(Deserialize)]
struct Data {
    #[serde(default)]
    hops: u64,
}

/// The hop count for a delivery of this event.
pub fn of_delivery(kind: &str, data: &impl Serialize) -> u8 {
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
