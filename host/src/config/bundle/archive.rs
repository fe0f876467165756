//! A tar archive of files that are compressed one by one, so a start unpacks only the files that it
//! needs. `tar` and `zstd` can open it too. The same files always give the same bytes.

use anyhow::{Context as _, ensure};
use std::collections::{BTreeMap, BTreeSet};
use std::io::Read as _;
use std::ops::Range;
use tar::{Builder, Header};

/// The suffix of the names of compressed files.
const SUFFIX: &str = ".zst";
/// The compression level of zstd. Higher levels cost seconds and save little beside the size of the
/// runner.
const LEVEL: i32 = 9;

/// The folder of compiled code.
pub(crate) const COMPILED: &str = "compiled/";

/// An archive that is being written.
pub(crate) struct Writer {
    tar: Builder<Vec<u8>>,
    names: BTreeSet<String>,
}

impl Writer {
    pub(crate) fn new() -> Self {
        Self { tar: Builder::new(Vec::new()), names: BTreeSet::new() }
    }

    /// Adds a file. The name must be a plain relative path, and each name may be added once.
    pub(crate) fn add(&mut self, name: &str, content: &[u8]) -> anyhow::Result<()> {
        let is_plain = name.split('/').all(|part| !matches!(part, "" | "." | ".."));
        ensure!(is_plain, "{name}: is not a plain relative path");
        ensure!(self.names.insert(name.to_owned()), "{name}: is in the bundle already");
        let packed = zstd::bulk::compress(content, LEVEL)?;
        // The header has no owner and no time, because these differ from one build to the next.
        let mut header = Header::new_gnu();
        header.set_size(packed.len() as u64);
        header.set_mode(0o644);
        header.set_mtime(0);
        let added = self.tar.append_data(&mut header, format!("{name}{SUFFIX}"), &packed[..]);
        added.with_context(|| format!("{name}: cannot be put into a bundle"))
    }

    pub(crate) fn finish(self) -> anyhow::Result<Vec<u8>> {
        Ok(self.tar.into_inner()?)
    }
}

/// An archive in memory.
pub(crate) struct Archive {
    bytes: Vec<u8>,
    files: BTreeMap<String, Range<usize>>,
}

impl Archive {
    /// Indexes the files in bytes that a [`Writer`] has made.
    pub(crate) fn open(bytes: Vec<u8>) -> anyhow::Result<Self> {
        let mut files = BTreeMap::new();
        let mut archive = tar::Archive::new(&bytes[..]);
        for entry in archive.entries()? {
            let entry = entry?;
            let path = entry.path()?;
            let name = path.to_str().and_then(|path| path.strip_suffix(SUFFIX));
            let name =
                name.with_context(|| format!("{}: is no file of a bundle", path.display()))?;
            let begin = usize::try_from(entry.raw_file_position())?;
            let end = begin.saturating_add(usize::try_from(entry.size())?);
            ensure!(end <= bytes.len(), "{name}: is cut short");
            ensure!(files.insert(name.to_owned(), begin..end).is_none(), "{name}: is there twice");
        }
        Ok(Self { bytes, files })
    }

    /// The names of all files, in order.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.files.keys().map(String::as_str)
    }

    /// A compressed file; `None` if there is no file with this name.
    pub(crate) fn packed(&self, name: &str) -> Option<&[u8]> {
        self.bytes.get(self.files.get(name)?.clone())
    }

    /// Unpacks a file; `None` if there is no file with this name.
    pub(crate) fn read(&self, name: &str) -> anyhow::Result<Option<Vec<u8>>> {
        let Some(packed) = self.packed(name) else { return Ok(None) };
        let mut content = Vec::new();
        let mut unpacked = zstd::Decoder::new(packed)?;
        unpacked.read_to_end(&mut content).with_context(|| format!("{name}: is damaged"))?;
        Ok(Some(content))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn packed() -> Vec<u8> {
        let mut writer = Writer::new();
        writer.add("a/b.txt", b"hello").expect("added");
        writer.add("empty", b"").expect("added");
        writer.finish().expect("packed")
    }

    #[test]
    fn what_goes_in_comes_out() {
        let archive = Archive::open(packed()).expect("opened");
        assert_eq!(archive.names().collect::<Vec<_>>(), ["a/b.txt", "empty"]);
        assert_eq!(archive.read("a/b.txt").expect("read").as_deref(), Some(&b"hello"[..]));
        assert_eq!(archive.read("empty").expect("read").as_deref(), Some(&b""[..]));
        assert_eq!(archive.read("c").expect("read"), None);
        assert_eq!(packed(), packed());
    }

    #[test]
    fn names_stay_inside() {
        for name in ["../up", "/root", "a/../../up", "./a", "a//b", ""] {
            assert!(Writer::new().add(name, b"").is_err(), "{name}");
        }
    }

    #[test]
    fn a_name_is_there_once() {
        let mut writer = Writer::new();
        writer.add("a", b"1").expect("added");
        assert!(writer.add("a", b"2").is_err());
    }

    /// For any bytes, the result is an error or the content that was put in.
    #[test]
    fn damage_never_panics() {
        let whole = packed();
        for length in 0..whole.len() {
            let _ = Archive::open(whole[..length].to_vec()).map(|cut| cut.read("a/b.txt"));
        }
        for at in 0..whole.len() {
            let mut altered = whole.clone();
            altered[at] ^= 0xff;
            let _ = Archive::open(altered).map(|altered| altered.read("a/b.txt"));
        }
        assert!(Archive::open(vec![7; 1024]).is_err());
    }
}
