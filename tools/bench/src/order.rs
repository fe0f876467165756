//! The order of the servers within a round.

/// The numbers of `count` servers in the order of this round. Each round begins with the next
/// server, so that none is always the one that finds the machine at rest, or warmed by the others.
pub(crate) fn rotated(count: usize, round: u64) -> impl Iterator<Item = usize> {
    let first = usize::try_from(round.saturating_sub(1)).unwrap_or_default();
    (0..count).map(move |at| (first + at) % count)
}

#[cfg(test)]
mod tests {
    use super::rotated;

    #[test]
    fn each_server_is_first_in_its_turn() {
        let orders: Vec<Vec<_>> = (1..=4).map(|round| rotated(3, round).collect()).collect();
        assert_eq!(orders, [[0, 1, 2], [1, 2, 0], [2, 0, 1], [0, 1, 2]]);
        assert_eq!(rotated(0, 1).count(), 0);
    }
}
