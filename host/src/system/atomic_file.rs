//! A file that appears as a whole or not at all.

use anyhow::{Context as _, bail, ensure};
use std::ffi::OsString;
use std::fs::{self, File, OpenOptions};
use std::io::ErrorKind;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

/// A file that is being written. It has another name until it is finished. If it is never finished,
/// then it is removed.
pub(crate) struct AtomicFile {
    target: PathBuf,
    path: PathBuf,
    file: File,
    finished: bool,
}

impl AtomicFile {
    /// Makes `<target>.partial`, which only its owner may read.
    pub(crate) fn create(target: &Path) -> anyhow::Result<Self> {
        let path = beside(target, ".partial");
        let file = match OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path) {
            Err(error) if error.kind() == ErrorKind::AlreadyExists => bail!(
                "{}: exists already; another process writes it, or a killed process left it: then \
                 remove it",
                path.display()
            ),
            file => file.with_context(|| format!("{}: cannot be made", path.display()))?,
        };
        Ok(Self { target: target.to_owned(), path, file, finished: false })
    }

    /// The path of the file until it is finished.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// A handle to write to the file.
    pub(crate) fn writer(&self) -> anyhow::Result<File> {
        let file = self.file.try_clone();
        file.with_context(|| format!("{}: cannot be written", self.path.display()))
    }

    /// Waits until the content is on the disk; returns its size in bytes.
    pub(crate) fn sync(&self) -> anyhow::Result<u64> {
        let synced = self.file.sync_all().and_then(|()| self.file.metadata());
        let synced = synced.with_context(|| format!("{}: cannot be written", self.path.display()));
        Ok(synced?.len())
    }

    /// Renames the file to its final name, durably. Replaces a file that already has this name.
    pub(crate) fn finish(mut self) -> anyhow::Result<()> {
        fs::rename(&self.path, &self.target)
            .with_context(|| format!("{}: cannot be renamed", self.path.display()))?;
        self.finished = true;
        sync_directory(&self.target)
    }
}

impl Drop for AtomicFile {
    fn drop(&mut self) {
        if !self.finished {
            for suffix in ["", "-journal", "-wal"] {
                let _ = fs::remove_file(beside(&self.path, suffix));
            }
        }
    }
}

/// Makes a file of a cache, and the folder that it is in. Nobody reads half a file: until `write` has
/// written it, it has another name. The name has a number too, because this process may make the
/// same file twice at once. The content is on the disk before the file has its name, because a file
/// whose end a loss of power has taken would be used.
pub(crate) fn write_whole(
    target: &Path,
    write: impl FnOnce(&File) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    static PARTS: AtomicUsize = AtomicUsize::new(0);
    let number = PARTS.fetch_add(1, Ordering::Relaxed);
    let part = beside(target, &format!(".{}.{number}.part", std::process::id()));
    let written = fs::create_dir_all(directory(target))
        .and_then(|()| File::create(&part))
        .with_context(|| part.display().to_string())
        .and_then(|file| write(&file).and(Ok(file.sync_all()?)));
    let renamed = written
        .and_then(|()| fs::rename(&part, target).with_context(|| target.display().to_string()));
    renamed.inspect_err(|_| drop(fs::remove_file(&part)))
}

/// Fails if `target` exists.
pub(crate) fn refuse_existing(target: &Path) -> anyhow::Result<()> {
    ensure!(!target.is_dir(), "{}: is a directory; name a file in it", target.display());
    let exists = fs::symlink_metadata(target).is_ok();
    ensure!(!exists, "{}: exists already; choose another name or remove it", target.display());
    Ok(())
}

/// The path that is `path` with `suffix` appended to the name.
pub(crate) fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(suffix);
    name.into()
}

/// The directory that `path` is in.
pub(crate) fn directory(path: &Path) -> &Path {
    path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Waits until the changes of names in the directory of `path` are on the disk.
pub(crate) fn sync_directory(path: &Path) -> anyhow::Result<()> {
    let directory = directory(path);
    let synced = File::open(directory).and_then(|directory| directory.sync_all());
    synced.with_context(|| format!("{}: cannot be written", directory.display()))
}
