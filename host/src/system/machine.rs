//! The cores and the memory of the machine, or of the container that this process runs in.

use std::fs;

/// The memory that is assumed when the system does not tell, in bytes.
const UNKNOWN: usize = 2 << 30;

/// Cores that the process may use.
pub(crate) fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

/// Memory that the process may use, in bytes. This is the machine's memory, or the limit of the
/// control group if that is lower (Linux, `cgroups(7)`, version 2 or 1).
pub(crate) fn memory() -> usize {
    let limits = ["/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"];
    let limits = limits.into_iter().filter_map(|file| fs::read_to_string(file).ok());
    let machine = fs::read_to_string("/proc/meminfo").ok();
    let machine = machine.as_deref().and_then(total);
    limits.filter_map(|limit| limit.trim().parse().ok()).chain(machine).min().unwrap_or(UNKNOWN)
}

/// Reads `MemTotal` of `/proc/meminfo`, in bytes.
fn total(text: &str) -> Option<usize> {
    let line = text.lines().find_map(|line| line.strip_prefix("MemTotal:"))?;
    line.trim().strip_suffix("kB")?.trim().parse::<usize>().ok()?.checked_mul(1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_machine_tells_its_memory() {
        let text = "MemTotal:       24731624 kB\nMemFree:        19287416 kB\n";
        assert_eq!(total(text), Some(24_731_624 << 10));
        assert_eq!(total("MemTotal: much"), None);
        assert!(memory() > 1 << 26);
    }
}
