//! A clock that a test turns, around a server process: libfaketime, as Debian has it.

use std::path::{Path, PathBuf};
use std::process::Command;

/// The clock of a server process; others keep the right time.
pub struct Clock(PathBuf);

impl Clock {
    /// A clock that is right, with its file in this directory. `None`, told, where there is no
    /// libfaketime; in continuous integration that is a failure.
    pub fn new(directory: &Path) -> Option<Self> {
        if library().is_none() {
            assert!(std::env::var("CI").as_deref() != Ok("true"), "libfaketime is not installed");
            eprintln!("skipped: there is no libfaketime; on Debian: apt install libfaketime");
            return None;
        }
        let clock = Self(directory.join("clock"));
        clock.turn(0);
        Some(clock)
    }

    pub fn file(&self) -> PathBuf {
        self.0.clone()
    }

    /// Sets it to so many seconds after the right time, or before it.
    pub fn turn(&self, seconds: i64) {
        // The server reads the file at any moment, and must find it whole.
        let fresh = self.0.with_extension("fresh");
        std::fs::write(&fresh, format!("{seconds:+}\n")).unwrap();
        std::fs::rename(fresh, &self.0).unwrap();
    }
}

/// Has a process take the time from the file of a clock.
pub fn wind(command: &mut Command, file: &Path) {
    command
        .env("LD_PRELOAD", library().expect("libfaketime is installed"))
        .env("FAKETIME_TIMESTAMP_FILE", file)
        .env("FAKETIME_NO_CACHE", "1")
        // A clock that is set does not turn back how long something takes.
        .env("FAKETIME_DONT_FAKE_MONOTONIC", "1")
        .env("NO_FAKE_STAT", "1");
}

/// Where it is depends on the architecture.
fn library() -> Option<PathBuf> {
    let folders = std::fs::read_dir("/usr/lib").ok()?.flatten().map(|entry| entry.path());
    let mut files = folders.map(|folder| folder.join("faketime/libfaketimeMT.so.1"));
    files.find(|file| file.exists())
}
