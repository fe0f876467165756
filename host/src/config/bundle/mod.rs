//! One file that holds everything: the runner, a manifest, the functions that the manifest names,
//! the same functions compiled, and files for people to read (the contract, the migrations).
//! `tenantry bundle` makes such a file, and running it needs no other file
//! (docs/adr/0011-one-file-with-everything-behind-the-program.md).

mod archive;
pub(crate) mod trailer;

pub(crate) use archive::{COMPILED, Writer};

use anyhow::{Context as _, ensure};
use archive::Archive;
use std::fmt;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use trailer::Trailer;

/// The name of the manifest in a bundle, and its default name; `--from` gives another one.
pub(crate) const MANIFEST: &str = "spin.toml";

/// The files that the running program holds.
#[derive(Clone)]
pub struct Bundle(Arc<Archive>);

impl Bundle {
    /// Reads the bundle in the running file; `None` if the file is the runner alone.
    ///
    /// # Errors
    ///
    /// The file cannot be found or read, or its bundle was altered.
    pub fn inside() -> anyhow::Result<Option<Self>> {
        let mut file = running()?;
        let damaged = "this program is damaged; get it again and compare its SHA-256";
        let Some(trailer) = Trailer::find(&mut file).context(damaged)? else { return Ok(None) };
        let archive = trailer.read(&mut file).and_then(Archive::open).context(damaged)?;
        Ok(Some(Self(Arc::new(archive))))
    }

    /// Writes the files into a directory, from which the functions can be served as well. The
    /// directory is made if it does not exist. Returns the names of the files. Compiled code is
    /// left out, because it is of no use outside.
    ///
    /// # Errors
    ///
    /// The directory is not empty or cannot be written.
    pub fn unpack(&self, directory: &Path) -> anyhow::Result<Vec<String>> {
        let at = || directory.display().to_string();
        std::fs::create_dir_all(directory).with_context(at)?;
        let is_empty = std::fs::read_dir(directory).with_context(at)?.next().is_none();
        ensure!(is_empty, "{}: is not empty; name another directory", at());
        let mut names = Vec::new();
        for name in self.0.names().filter(|name| !name.starts_with(COMPILED)) {
            let file = directory.join(name);
            let made = std::fs::create_dir_all(file.parent().unwrap_or(directory));
            let made = made.and(Ok(self.read(name)?)).and_then(|it| std::fs::write(&file, it));
            made.with_context(|| file.display().to_string())?;
            names.push(name.to_owned());
        }
        Ok(names)
    }

    /// A bundle of these files.
    #[cfg(test)]
    pub(crate) fn of(files: &[(&str, &[u8])]) -> Self {
        let mut writer = Writer::new();
        for (name, content) in files {
            writer.add(name, content).expect("added");
        }
        let archive = writer.finish().and_then(Archive::open).expect("opened");
        Self(Arc::new(archive))
    }

    /// The text of the manifest.
    pub(crate) fn manifest(&self) -> anyhow::Result<String> {
        Ok(String::from_utf8(self.read(MANIFEST)?)?)
    }

    /// Whether the bundle has this file.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.0.names().any(|known| known == name)
    }

    /// A file as it is stored, that is, compressed.
    pub(crate) fn packed(&self, name: &str) -> anyhow::Result<&[u8]> {
        self.0.packed(name).with_context(|| format!("{name}: is not in this program"))
    }

    /// The content of a file.
    pub(crate) fn read(&self, name: &str) -> anyhow::Result<Vec<u8>> {
        self.0.read(name)?.with_context(|| format!("{name}: is not in this program"))
    }
}

impl fmt::Debug for Bundle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.0.names()).finish()
    }
}

/// Opens the file of this process.
pub(crate) fn running() -> anyhow::Result<File> {
    program().and_then(|path| Ok(File::open(path)?)).context(
        "this program cannot find its own file, which needs /proc; name a manifest (--from)",
    )
}

/// The path of the file of this process. It is the file that was started, even if another one has its
/// name now.
///
/// # Errors
///
/// The system does not tell.
pub fn program() -> anyhow::Result<PathBuf> {
    match cfg!(target_os = "linux") {
        true => Ok(PathBuf::from("/proc/self/exe")),
        false => Ok(std::env::current_exe()?),
    }
}
