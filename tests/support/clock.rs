//! A clock that a test turns, for a server process: libfaketime, as Debian packages it.

use std::path::{Path, PathBuf};
use std::process::Command;

/// The clock of a server process. Other processes keep the right time.
pub struct Clock(PathBuf);

impl Clock {
    /// A clock that shows the right time, with its file in this directory.
    pub fn new(directory: &Path) -> Self {
        let clock = Self(directory.join("clock"));
        clock.turn(0);
        clock
    }

    pub fn file(&self) -> PathBuf {
        self.0.clone()
    }

    /// Sets the clock to this many seconds after the right time, or before it if negative.
    pub fn turn(&self, seconds: i64) {
        // The server may read the file at any moment, and must find it whole.
        let fresh = self.0.with_extension("fresh");
        std::fs::write(&fresh, format!("{seconds:+}\n")).unwrap();
        std::fs::rename(fresh, &self.0).unwrap();
    }
}

/// Makes a process take the time from the file of a clock.
pub fn wind(command: &mut Command, file: &Path) {
    command
        .env("LD_PRELOAD", library().unwrap_or_else(|reason| panic!("{reason}")))
        .env("FAKETIME_TIMESTAMP_FILE", file)
        .env("FAKETIME_NO_CACHE", "1")
        // A step of the clock does not change how long something takes.
        .env("FAKETIME_DONT_FAKE_MONOTONIC", "1")
        .env("NO_FAKE_STAT", "1");
}

/// The path of the library, which depends on the architecture, or the reason why there is none.
pub fn library() -> Result<PathBuf, String> {
    let folders = std::fs::read_dir("/usr/lib").into_iter().flatten().flatten();
    let mut files = folders.map(|folder| folder.path().join("faketime/libfaketimeMT.so.1"));
    let none = "there is no libfaketime; on Debian: apt install libfaketime";
    files.find(|file| file.exists()).ok_or_else(|| none.to_owned())
}
