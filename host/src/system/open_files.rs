//! How many files the process may open. Each client connection takes one, and so do databases and
//! connections to other servers.

/// Files that are reserved for other things than client connections.
const OTHERS: usize = 512;
/// The least number of client connections, even if hardly any file may be opened.
const LEAST: usize = 16;

/// How many of the `wanted` connections are possible. The calculation adds a tenth, which is for
/// addresses that have few connections. Raises the system's limit as far as needed, up to the hard
/// limit.
pub(crate) fn connections(wanted: usize) -> usize {
    let needed = (wanted + wanted / 10 + OTHERS) as u64;
    let Ok((soft, _)) = rlimit::Resource::NOFILE.get() else { return wanted };
    let files = match soft < needed {
        true => rlimit::increase_nofile_limit(needed).unwrap_or(soft),
        false => soft,
    };
    within(usize::try_from(files).unwrap_or(usize::MAX), wanted)
}

fn within(files: usize, wanted: usize) -> usize {
    (files.saturating_sub(OTHERS) / 11 * 10).max(LEAST).min(wanted)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_more_than_the_files() {
        assert_eq!(within(20_000, 10_000), 10_000);
        assert_eq!(within(1024, 10_000), 460);
        assert_eq!(within(100, 10_000), LEAST);
        assert_eq!(within(1024, 5), 5);
        assert_eq!(connections(40), 40);
    }
}
