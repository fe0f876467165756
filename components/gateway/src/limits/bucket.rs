//! A bucket: the generic cell rate algorithm (ITU-T I.371, annex A). It is a token bucket whose
//! whole state is one moment: the moment at which the bucket will be full again. Each unit taken
//! moves the moment by the time in which one unit comes back. If a request would move the moment
//! further away than it is for an empty bucket, then the request is refused, and the moment stays.
//!
//! After that moment the entry may be forgotten, because the bucket is full. So a stored bucket is
//! a value that expires like any other (`protocol::entry`).

use protocol::entry;

use super::quota::Quota;

/// The answer of a bucket to a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Decision {
    /// Whether the bucket had enough.
    pub admitted: bool,
    /// Microseconds until the bucket is full.
    pub fill: u64,
}

impl Decision {
    /// Whole units that the bucket has left.
    pub(super) fn remaining(self, quota: Quota) -> u32 {
        let room = quota.capacity().saturating_sub(self.fill);
        u32::try_from(room / quota.interval()).unwrap_or(u32::MAX)
    }

    /// Seconds until one more unit is back; 0 if the bucket is full.
    pub(super) fn next(self, quota: Quota) -> u32 {
        let missing = u64::from(quota.burst.saturating_sub(self.remaining(quota)));
        seconds(self.fill.saturating_sub(missing.saturating_sub(1) * quota.interval()))
    }

    /// Seconds until the bucket is full.
    pub(super) fn reset(self) -> u32 {
        seconds(self.fill)
    }

    /// Seconds until a refused request would be admitted if no other request came, at least 1.
    pub(super) fn wait(self, quota: Quota, cost: u32) -> u32 {
        let wait = (self.fill + increment(quota, cost)).saturating_sub(quota.capacity());
        seconds(wait).max(1)
    }
}

/// Microseconds as seconds, rounded up, so that a client that waits them does not come too early.
fn seconds(micros: u64) -> u32 {
    u32::try_from(micros.div_ceil(1_000_000)).unwrap_or(u32::MAX)
}

/// The time by which a cost moves the moment. A cost above a full bucket counts as a full bucket.
fn increment(quota: Quota, cost: u32) -> u64 {
    u64::from(cost.min(quota.burst)) * quota.interval()
}

/// A request to a bucket: the values that a store needs for its answer.
#[derive(Clone, Copy, Debug)]
pub struct BucketRequest {
    /// Microseconds by which it moves the moment.
    pub increment: u64,
    /// Microseconds between an empty and a full bucket.
    pub capacity: u64,
}

impl BucketRequest {
    /// A request of this cost for a bucket of this quota.
    pub fn new(quota: Quota, cost: u32) -> Self {
        Self { increment: increment(quota, cost), capacity: quota.capacity() }
    }

    /// Answers from the moment that a bucket holds, which is `None` for a full bucket. `now` and
    /// the moment are microseconds since the Unix epoch. Also returns the moment to store, if it
    /// has changed.
    ///
    /// A moment further away than that of an empty bucket comes from a clock that was set back, or
    /// from a larger quota. It counts as an empty bucket. Even a refusal corrects it, because
    /// otherwise the bucket would stay empty until that moment.
    pub fn decide(self, held: Option<u64>, now: u64) -> (Decision, Option<u64>) {
        let empty = now + self.capacity;
        let held = held.unwrap_or(now);
        let full_at = held.clamp(now, empty);
        let moved = full_at + self.increment;
        if moved > empty {
            let mended = (held > empty).then_some(empty);
            return (Decision { admitted: false, fill: full_at - now }, mended);
        }
        (Decision { admitted: true, fill: moved - now }, Some(moved))
    }
}

const FULL_AT: &str = ",\"full_at\":";
const BY: &str = ",\"by\":\"";

/// How many names of recent writers a bucket keeps: about as many as can write between the swap of
/// a request and its next read. A request whose name is no longer there pays again. It is never
/// admitted without paying.
const NAMES: usize = 32;

/// The stored form of a moment, with the name of the request that moved it, and the names of
/// earlier ones behind it. If a request was not told that its swap was done, then it finds its name
/// here, even if other requests have moved the bucket since.
pub fn encode(full_at: u64, name: &str, before: Option<&[u8]>) -> Vec<u8> {
    let expires_at = full_at.div_ceil(1000);
    let mut by = name.to_owned();
    for other in before.map(names).unwrap_or_default().split(' ').take(NAMES - 1) {
        by.push(' ');
        by.push_str(other);
    }
    let by = by.trim_end();
    format!("{{\"expires_at\":{expires_at}{FULL_AT}{full_at}{BY}{by}\"}}").into_bytes()
}

/// Whether the request with this name has moved the bucket recently.
pub fn moved_by(value: &[u8], name: &str) -> bool {
    names(value).split(' ').any(|other| other == name)
}

fn names(value: &[u8]) -> &str {
    let text = std::str::from_utf8(value).unwrap_or_default();
    let names = text.split_once(BY).and_then(|(_, rest)| rest.split_once('"'));
    names.map_or("", |(names, _)| names)
}

/// The moment of a stored bucket; `None` if the value is not a bucket.
pub fn decode(value: &[u8]) -> Option<u64> {
    entry::expires_at(value)?;
    let (_, rest) = std::str::from_utf8(value).ok()?.split_once(FULL_AT)?;
    let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
    rest[..end].parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: u64 = 1_000_000;
    const NOW: u64 = 1_811_851_200 * SECOND;

    /// A bucket and its clock.
    struct World {
        quota: Quota,
        held: Option<u64>,
        now: u64,
    }

    impl World {
        fn new(per_minute: u32, burst: u32) -> Self {
            Self { quota: Quota { per_minute, burst }, held: None, now: NOW }
        }

        fn take(&mut self, cost: u32) -> Decision {
            let (decision, moved) =
                BucketRequest::new(self.quota, cost).decide(self.held, self.now);
            self.held = moved.or(self.held);
            decision
        }

        /// How many of `count` requests at once are admitted.
        fn admitted(&mut self, count: u32) -> u32 {
            (0..count).map(|_| u32::from(self.take(1).admitted)).sum()
        }
    }

    /// Checks the promise of a quota for any interval: it admits at most `burst` and the units that
    /// come back in it. In a busy minute, it admits no less than `per_minute`.
    #[test]
    fn no_window_sees_more_than_limit_and_burst() {
        for (per_minute, burst) in [(150, 150), (30, 30), (7, 3), (60, 1), (10, 40), (100_000, 5)] {
            let mut world = World::new(per_minute, burst);
            let mut times = Vec::new();
            let mut noise: u64 = 7;
            // If there is no reserve, then requests must come at the right moment.
            let pause = world.quota.interval() / if burst < 3 { 100 } else { 1 };
            while world.now < NOW + 300 * SECOND && times.len() < 200_000 {
                noise = noise.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                world.now += (noise >> 33) % pause;
                if world.take(1).admitted {
                    times.push(world.now);
                }
            }
            for (first, start) in times.iter().enumerate().step_by(1 + times.len() / 500) {
                let window = times[first..].partition_point(|time| *time < start + 60 * SECOND);
                assert!(window <= (per_minute + burst) as usize, "{per_minute};{burst}: {window}");
            }
            let span = (times[times.len() - 1] - NOW) as f64 / (60 * SECOND) as f64;
            let expected = f64::from(per_minute) * span;
            assert!(times.len() as f64 >= expected * 0.99, "{per_minute};{burst}: {}", times.len());
        }
    }

    #[test]
    fn a_full_bucket_is_spent_and_comes_back_unit_by_unit() {
        let mut world = World::new(30, 30);
        assert_eq!(world.take(1).remaining(world.quota), 29);
        assert_eq!(world.admitted(40), 29);
        let refused = world.take(1);
        assert_eq!((refused.remaining(world.quota), refused.reset()), (0, 60));
        assert_eq!(refused.next(world.quota), 2);
        assert_eq!(refused.wait(world.quota, 1), 2);
        world.now += 2 * SECOND - 1;
        assert!(!world.take(1).admitted, "a microsecond too early");
        world.now += 1;
        assert_eq!(world.admitted(5), 1);
        assert_eq!(world.take(10).wait(world.quota, 10), 20);
        world.now += 20 * SECOND;
        assert!(world.take(10).admitted);
    }

    #[test]
    fn what_costs_more_than_a_bucket_costs_a_bucket() {
        let mut world = World::new(60, 5);
        let all = world.take(9);
        assert_eq!((all.admitted, all.remaining(world.quota)), (true, 0));
        assert_eq!(world.take(9).wait(world.quota, 9), 5);
    }

    #[test]
    fn another_limit_keeps_what_was_spent() {
        let mut world = World::new(10, 10);
        assert_eq!(world.admitted(20), 10);
        world.quota = Quota::per_minute(100);
        assert_eq!(world.admitted(100), 0, "more a minute is no new bucket");
        world.now += 6 * SECOND;
        assert_eq!(world.admitted(100), 10);
        world.quota = Quota::per_minute(10);
        assert_eq!(world.admitted(100), 0);
    }

    #[test]
    fn a_clock_that_is_set_back_locks_nobody_out() {
        let mut world = World::new(60, 60);
        assert_eq!(world.admitted(60), 60);
        world.now -= 3_600 * SECOND;
        assert_eq!(world.admitted(60), 0, "an empty bucket, not a new one");
        world.now += SECOND;
        assert_eq!(world.admitted(60), 1);
    }

    #[test]
    fn a_stored_bucket_is_read_back() {
        let value = encode(NOW + 1, "ab12", None);
        assert_eq!(decode(&value), Some(NOW + 1));
        assert_eq!(entry::expires_at(&value), Some(NOW / 1000 + 1), "not forgotten too early");
        for other in [&b"{\"expires_at\":17}"[..], b"", b"{\"full_at\":9}", b"\xff"] {
            assert_eq!(decode(other), None);
        }
    }

    #[test]
    fn who_moved_a_bucket_lately_is_found_in_it() {
        let mut value = encode(NOW, "n0", None);
        for number in 1..=NAMES {
            value = encode(NOW, &format!("n{number}"), Some(&value));
        }
        assert_eq!(decode(&value), Some(NOW));
        assert!((1..=NAMES).all(|number| moved_by(&value, &format!("n{number}"))));
        assert!(!moved_by(&value, "n0"), "it does not grow without end");
        assert!(!moved_by(&value, "n") && !moved_by(&value, ""), "names are whole");
    }
}
