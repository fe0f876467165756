//! A clock that a test turns, around a server process: libfaketime, as Debian has it.

use std::path::{Path, PathBuf};
use std::process::Command;

/// The clock of a server process; others keep the right time.
pub struct Clock(PathBuf);

impl Clock {
    /// A clock that is right, with its file in this directory.
    pub fn new(directory: &Path) -> Self {
        let clock = Self(directory.join("clock"));
        clock.turn(0);
        clock
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
        .env("LD_PRELOAD", library().unwrap_or_else(|reason| panic!("{reason}")))
        .env("FAKETIME_TIMESTAMP_FILE", file)
        .env("FAKETIME_NO_CACHE", "1")
        // A clock that is set does not turn back how long something takes.
        .env("FAKETIME_DONT_FAKE_MONOTONIC", "1")
        .env("NO_FAKE_STAT", "1");
}

/// Where it is, which depends on the architecture, or that there is none.
pub fn library() -> Result<PathBuf, String> {
    let folders = std::fs::read_dir("/usr/lib").into_iter().flatten().flatten();
    let mut files = folders.map(|folder| folder.path().join("faketime/libfaketimeMT.so.1"));
    let none = "there is no libfaketime; on Debian: apt install libfaketime";
    files.find(|file| file.exists()).ok_or_else(|| none.to_owned())
}
