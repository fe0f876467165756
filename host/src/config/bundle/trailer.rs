//! The trailer of a file with a bundle. It says where the archive is. The archive comes after the
//! program, and the trailer is at the end of the file, because the loaders of programs look only at
//! the beginning.
//!
//! ```text
//! program | archive | its length: 8 bytes, big-endian | its SHA-256 | MAGIC
//! ```

use anyhow::{Context as _, ensure};
use sha2::{Digest as _, Sha256};
use std::io::{Read, Seek, SeekFrom, Write};

/// Marks a trailer. Its last byte is the version of this layout.
const MAGIC: &[u8; 16] = b"tenantry bundle\x01";
const LENGTH: usize = 8;
const HASH: usize = 32;
const TRAILER: usize = LENGTH + HASH + MAGIC.len();

/// The trailer of a file.
pub(crate) struct Trailer {
    /// The length of the program, in bytes.
    pub(crate) program: u64,
    archive: u64,
    hash: [u8; HASH],
}

impl Trailer {
    /// Looks for a trailer; `None` if the file is a program alone.
    pub(crate) fn find(file: &mut (impl Read + Seek)) -> anyhow::Result<Option<Self>> {
        let total = file.seek(SeekFrom::End(0))?;
        let Some(begin) = total.checked_sub(TRAILER as u64) else { return Ok(None) };
        file.seek(SeekFrom::Start(begin))?;
        let mut bytes = [0; TRAILER];
        file.read_exact(&mut bytes)?;
        let Some(bytes) = bytes.strip_suffix(MAGIC) else { return Ok(None) };
        let (archive, hash) = bytes.split_at(LENGTH);
        let archive = u64::from_be_bytes(archive.try_into()?);
        let program = begin.checked_sub(archive);
        let program = program.context("it is cut short in the middle")?;
        Ok(Some(Self { program, archive, hash: hash.try_into()? }))
    }

    /// Reads the archive. Fails if it is not as it was written.
    pub(crate) fn read(&self, file: &mut (impl Read + Seek)) -> anyhow::Result<Vec<u8>> {
        file.seek(SeekFrom::Start(self.program))?;
        let mut archive = vec![0; usize::try_from(self.archive)?];
        file.read_exact(&mut archive)?;
        ensure!(Sha256::digest(&archive)[..] == self.hash, "its content was altered");
        Ok(archive)
    }
}

/// Writes the archive and the trailer after a program.
pub(crate) fn write(file: &mut impl Write, archive: &[u8]) -> std::io::Result<()> {
    file.write_all(archive)?;
    file.write_all(&(archive.len() as u64).to_be_bytes())?;
    file.write_all(&Sha256::digest(archive))?;
    file.write_all(MAGIC)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Cursor;

    const PROGRAM: &[u8] = b"\x7fELF and what a program has";

    fn read(file: Vec<u8>) -> anyhow::Result<Option<Vec<u8>>> {
        let mut file = Cursor::new(file);
        let Some(trailer) = Trailer::find(&mut file)? else { return Ok(None) };
        trailer.read(&mut file).map(Some)
    }

    fn bundled() -> Vec<u8> {
        let mut file = PROGRAM.to_vec();
        write(&mut file, b"an archive").expect("written");
        file
    }

    #[test]
    fn the_archive_is_found() {
        assert_eq!(read(bundled()).expect("read").as_deref(), Some(&b"an archive"[..]));
        let trailer = Trailer::find(&mut Cursor::new(bundled())).expect("found").expect("is there");
        assert_eq!(trailer.program, PROGRAM.len() as u64);
    }

    #[test]
    fn a_program_alone_has_none() {
        for file in [&b""[..], PROGRAM, &[0; 4096]] {
            assert_eq!(read(file.to_vec()).expect("read"), None);
        }
    }

    /// A file without its end is a program alone. A file with a gap or a changed byte is refused.
    #[test]
    fn damage_is_told() {
        let whole = bundled();
        for length in 0..whole.len() {
            assert_eq!(read(whole[..length].to_vec()).expect("read"), None, "{length}");
        }
        for gap in 1..=PROGRAM.len() + 9 {
            let short = whole[gap..].to_vec();
            let told = read(short).map(|found| found.map(|_| "found"));
            if gap <= PROGRAM.len() {
                assert_eq!(told.expect("read"), Some("found"), "{gap}: the archive is whole");
            } else {
                assert!(format!("{:#}", told.expect_err("refused")).contains("cut short"), "{gap}");
            }
        }
        for at in PROGRAM.len()..whole.len() - MAGIC.len() {
            let mut altered = whole.clone();
            altered[at] ^= 1;
            assert!(read(altered).is_err(), "byte {at}");
        }
    }
}
