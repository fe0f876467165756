//! Files and folders that only their owner may read, because databases hold the data of tenants.
//! They are created with these rights, whatever the umask. If the rights were narrowed later, then
//! the file would be open to others until then.

use crate::system::atomic_file::beside;
use std::fs::{DirBuilder, OpenOptions, Permissions};
use std::io::{ErrorKind, Result};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::Path;

const FOLDER: u32 = 0o700;
const FILE: u32 = 0o600;
/// The permission bits of group and others.
const OTHERS: u32 = 0o077;
/// The sticky bit, which marks a folder of many users, such as `/tmp`.
const STICKY: u32 = 0o1000;
/// The suffixes of the files that SQLite keeps beside a database. They have the database's rights.
const SIDE_FILE_SUFFIXES: [&str; 3] = ["-journal", "-wal", "-shm"];
/// The beginnings of the names in a data directory.
const DATA_PREFIXES: [&str; 3] = ["cache", "key_value", "sqlite"];

/// Makes a folder and its missing parents. If the folder exists and holds nothing but data of a
/// server, then its rights are narrowed.
pub(crate) fn folder(path: &Path) -> Result<()> {
    if path.as_os_str().is_empty() {
        return Ok(());
    }
    DirBuilder::new().recursive(true).mode(FOLDER).create(path)?;
    if open_to_others(path).is_some() && holds_only_data(path)? {
        narrow(path, FOLDER);
    }
    Ok(())
}

/// Makes an empty database file. If the file exists, then its rights and those of the files beside
/// it are narrowed. This does not open the file, because closing it would give up the locks that
/// this process has on it.
pub(crate) fn file(path: &Path) -> Result<()> {
    match OpenOptions::new().write(true).create_new(true).mode(FILE).open(path) {
        Ok(_) => return Ok(()),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
        Err(error) => return Err(error),
    }
    for suffix in ["", SIDE_FILE_SUFFIXES[0], SIDE_FILE_SUFFIXES[1], SIDE_FILE_SUFFIXES[2]] {
        let path = beside(path, suffix);
        if open_to_others(&path).is_some() {
            narrow(&path, FILE);
        }
    }
    Ok(())
}

/// The mode of a folder that others may use and that [`folder`] does not narrow.
pub(crate) fn not_narrowed(path: &Path) -> Option<u32> {
    open_to_others(path).filter(|_| !holds_only_data(path).unwrap_or(false))
}

/// The mode of a file or folder if users other than its owner may use it.
fn open_to_others(path: &Path) -> Option<u32> {
    let mode = std::fs::metadata(path).ok()?.permissions().mode() & 0o7777;
    (mode & OTHERS != 0).then_some(mode)
}

/// Sets the mode. Only the owner may do that. For other users the error is ignored, and
/// `tenantry doctor` reports the open file.
fn narrow(path: &Path, mode: u32) {
    let _ = std::fs::set_permissions(path, Permissions::from_mode(mode));
}

/// Whether the folder holds only a server's data, so nobody can have made it for something else.
fn holds_only_data(path: &Path) -> Result<bool> {
    if open_to_others(path).is_some_and(|mode| mode & STICKY != 0) {
        return Ok(false);
    }
    for entry in std::fs::read_dir(path)? {
        let name = entry?.file_name();
        let name = name.to_string_lossy();
        if !name.ends_with(".toml") && !DATA_PREFIXES.iter().any(|begin| name.starts_with(begin)) {
            return Ok(false);
        }
    }
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mode(path: &Path) -> u32 {
        std::fs::metadata(path).expect("it is there").permissions().mode() & 0o7777
    }

    #[test]
    fn what_is_made_is_the_owners() {
        let here = tempfile::tempdir().expect("a folder");
        let place = here.path();
        let inner = place.join("a/b");
        folder(&inner).expect("made");
        assert_eq!((mode(&inner), mode(&place.join("a"))), (0o700, 0o700));
        let made = inner.join("x.db");
        file(&made).expect("made");
        assert_eq!(mode(&made), 0o600);
    }

    #[test]
    fn what_is_there_is_narrowed_if_it_is_ours() {
        let here = tempfile::tempdir().expect("a folder");
        let place = here.path();
        for name in ["sqlite.db", "sqlite.db-wal", "redis.toml"] {
            std::fs::write(place.join(name), "x").expect("written");
            narrow(&place.join(name), 0o644);
        }
        narrow(place, 0o755);
        folder(place).expect("looked at");
        file(&place.join("sqlite.db")).expect("looked at");
        assert_eq!(mode(place), 0o700);
        assert_eq!(mode(&place.join("sqlite.db")), 0o600);
        assert_eq!(mode(&place.join("sqlite.db-wal")), 0o600);
        assert_eq!(mode(&place.join("redis.toml")), 0o644, "the operator's");
        assert_eq!(std::fs::read(place.join("sqlite.db")).expect("read"), b"x");
        // A folder that holds other things, and then a folder of many users.
        std::fs::write(place.join("letter.txt"), "x").expect("written");
        narrow(place, 0o755);
        folder(place).expect("looked at");
        assert_eq!(mode(place), 0o755);
        std::fs::remove_file(place.join("letter.txt")).expect("removed");
        narrow(place, 0o1777);
        folder(place).expect("looked at");
        assert_eq!(mode(place), 0o1777);
    }
}
