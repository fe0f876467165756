//! Only the owner of the process can read its files on disk.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use crate::support::Placement;
use crate::support::server::{UNLIMITED, plain_options, start};

embedded! { files_are_the_owners() }

/// The files below a folder that other users can read, and the folders that they can open. Compiled
/// code is left out, because all servers of the tests share it.
fn open_to_others(path: &Path, found: &mut Vec<String>) {
    let metadata = std::fs::symlink_metadata(path).unwrap();
    if metadata.is_symlink() {
        return;
    }
    if metadata.permissions().mode() & 0o077 != 0 {
        found.push(format!("{} {:o}", path.display(), metadata.permissions().mode()));
    }
    if metadata.is_dir() {
        for entry in std::fs::read_dir(path).unwrap() {
            open_to_others(&entry.unwrap().path(), found);
        }
    }
}

#[track_caller]
fn is_private(path: &Path) {
    let mut found = Vec::new();
    open_to_others(path, &mut found);
    assert!(found.is_empty(), "{found:#?}");
}

/// Databases, the files of SQLite beside them, backups and exports are private, and so are the
/// folders that are made for them. Files of a server from before this rule become private when it
/// is started again.
async fn files_are_the_owners() {
    let directory = tempfile::tempdir().unwrap();
    let data = directory.path().join("data");
    let mut options = plain_options(Placement::Fused, &data, &UNLIMITED);
    std::fs::set_permissions(&data, Permissions::from_mode(0o755)).unwrap();
    let config = directory.path().join("runtime-config.toml");
    let text = "[key_value_store.default]\ntype = \"spin\"\npath = \"b/kv/x.db\"\n\
                [sqlite_database.default]\ntype = \"spin\"\npath = \"b/sql/y.db\"\n";
    std::fs::write(&config, text).unwrap();
    options.runtime_config = Some(config.clone());
    let (app, server) = start(options.clone()).await;
    app.owner().await;
    assert!(directory.path().join("b/sql/y.db-wal").exists());
    is_private(&directory.path().join("b"));
    is_private(&data);
    let copy = directory.path().join("b/backup.db");
    host::backup(&copy, &data, Some(&config), |_| {}).unwrap();
    is_private(&directory.path().join("b"));
    server.shutdown().await.unwrap();
    // Files in the state in which older releases have left them.
    for name in ["b/sql/y.db", "b/kv/x.db"] {
        let file = directory.path().join(name);
        std::fs::set_permissions(&file, Permissions::from_mode(0o644)).unwrap();
    }
    let (_, server) = start(options).await;
    is_private(&directory.path().join("b"));
    server.shutdown().await.unwrap();
}
