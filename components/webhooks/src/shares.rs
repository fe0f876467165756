//! How tenants share the slots of the dispatcher and the requests in flight. A slow receiver
//! occupies both. So each tenant may have only so many, and each gets fewer the more tenants need
//! some.

/// The most queues of a tenant that are served at once, by all hosts together. A hundred endpoints
/// that answer at once are still all served within a second.
pub(crate) const QUEUES: i64 = 8;
/// The most requests of a tenant in flight at once, over all queues that are served. The limit is
/// approximate, because each batch counts the queues only when it begins.
const REQUESTS: usize = 64;
/// The most requests to one endpoint at once.
pub(crate) const BATCH: usize = 32;

/// Whether a tenant that holds `held` slots of a run gets another of the `free` ones: if it holds
/// less than a quarter of the free slots. So some slots always stay free for the next tenant, and
/// tenants that need all of them get equal shares (Choudhury and Hahne, dynamic queue length
/// thresholds).
pub(crate) fn may_lease(held: usize, free: usize) -> bool {
    held < free.div_ceil(4)
}

/// How many requests go to each endpoint at once, if `queues` queues of the tenant are served.
pub(crate) fn concurrency(queues: usize) -> usize {
    (REQUESTS / queues.max(1)).clamp(1, BATCH)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The slots that each of these tenants gets, if they take turns until none may take more.
    fn taken(tenants: usize, slots: usize) -> Vec<usize> {
        let mut held = vec![0; tenants];
        loop {
            let before = held.clone();
            for at in 0..tenants {
                let free = slots - held.iter().sum::<usize>();
                held[at] += usize::from(may_lease(held[at], free));
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
        assert!(may_lease(0, 1) && !may_lease(0, 0));
    }

    #[test]
    fn requests_are_fewer_the_more_queues_there_are() {
        assert_eq!([0, 1, 2, 4, 8, 64, 1000].map(concurrency), [32, 32, 32, 16, 8, 1, 1]);
        let most: usize = (1..=usize::try_from(QUEUES).unwrap()).map(concurrency).sum();
        assert!(most < 2 * REQUESTS + BATCH, "{most} when one begins after the other");
    }
}
