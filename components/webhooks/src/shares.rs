//! How what all tenants share is shared out: turns at sending, and requests on their way. Receivers
//! that answer late hold both, so a tenant may have only so many, and the more tenants have some,
//! the fewer each.

/// Queues of a tenant that are served at once, by all hosts together. A hundred endpoints that
/// answer at once still get all that there is within a second.
pub(crate) const QUEUES: i64 = 8;
/// Requests of a tenant that are on their way at once, by those who serve its queues: about, as each
/// looks when it begins.
const REQUESTS: usize = 64;
/// Requests to one endpoint at once.
pub(crate) const BATCH: usize = 32;

/// Whether a tenant that holds so many of a run's slots gets another one of those that are free:
/// while it holds less than a quarter of them. So some are always left for who comes next, and
/// tenants that want all share alike (Choudhury and Hahne, dynamic queue length thresholds).
pub(crate) fn may_take(held: usize, free: usize) -> bool {
    held < free.div_ceil(4)
}

/// Requests at once to each endpoint of a tenant that has so many queues served.
pub(crate) fn width(queues: usize) -> usize {
    (REQUESTS / queues.max(1)).clamp(1, BATCH)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Slots that these tenants get when each takes as many as it may, one after the other.
    fn taken(tenants: usize, slots: usize) -> Vec<usize> {
        let mut held = vec![0; tenants];
        loop {
            let before = held.clone();
            for at in 0..tenants {
                let free = slots - held.iter().sum::<usize>();
                held[at] += usize::from(may_take(held[at], free));
            }
            if held == before {
                return held;
            }
        }
    }

    #[test]
    fn nobody_takes_all_and_all_get_some() {
        assert_eq!(taken(1, 64), [13]);
        for tenants in 1..=60 {
            let held = taken(tenants, 64);
            assert!(held.iter().sum::<usize>() < 64, "{tenants}: something is left: {held:?}");
            let (least, most) = (held.iter().min().unwrap(), held.iter().max().unwrap());
            assert!(*least >= 1 && most - least <= 1, "{tenants}: {held:?}");
        }
        assert!(may_take(0, 1) && !may_take(0, 0));
    }

    #[test]
    fn requests_are_fewer_the_more_queues_there_are() {
        assert_eq!([0, 1, 2, 4, 8, 64, 1000].map(width), [32, 32, 32, 16, 8, 1, 1]);
        let most: usize = (1..=usize::try_from(QUEUES).unwrap()).map(width).sum();
        assert!(most < 2 * REQUESTS + BATCH, "{most} when one begins after the other");
    }
}
