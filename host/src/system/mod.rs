//! What the process has of its machine: cores, memory and open files, the clock, files on the disk,
//! the roots of TLS, and the log. Everything else may use it, and it uses nothing of this crate.

pub(crate) mod atomic_file;
pub(crate) mod clock;
pub(crate) mod log;
pub(crate) mod machine;
pub(crate) mod metrics;
pub(crate) mod open_files;
pub(crate) mod private;
pub(crate) mod progress;
pub(crate) mod tls;
