//! Where an answer ends: by its length, or by its last chunk.

use anyhow::{Context as _, bail, ensure};
use memchr::memmem;

/// How long a body is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Body {
    /// The bytes of the body.
    Length(usize),
    /// The body is in chunks.
    Chunked,
}

/// The head of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Frame {
    /// The end of the head.
    pub(crate) head: usize,
    pub(crate) body: Body,
}

impl Frame {
    /// The frame, once the head is complete.
    ///
    /// # Errors
    /// Something other than an answer of HTTP/1.1 whose end can be seen.
    pub(crate) fn of(bytes: &[u8]) -> anyhow::Result<Option<Self>> {
        let Some(end) = memmem::find(bytes, b"\r\n\r\n") else { return Ok(None) };
        let head = &bytes[..end + 4];
        ensure!(head.starts_with(b"HTTP/1.1 ") && head.len() > 13, "this is not HTTP/1.1");
        let body = if &head[9..12] == b"304" { Body::Length(0) } else { body(head)? };
        Ok(Some(Self { head: head.len(), body }))
    }

    /// The end of the whole answer, if it is known already.
    ///
    /// # Errors
    /// A chunk without a size.
    pub(crate) fn end(self, bytes: &[u8]) -> anyhow::Result<Option<usize>> {
        match self.body {
            Body::Length(length) => Ok(Some(self.head + length)),
            Body::Chunked => Ok(chunks(bytes.get(self.head..).unwrap_or_default())?
                .map(|chunks| self.head + chunks.end)),
        }
    }
}

fn body(head: &[u8]) -> anyhow::Result<Body> {
    // hyper writes names in lower case, and Go does not.
    let value = |names: [&[u8]; 2]| {
        names.iter().find_map(|name| Some(&head[memmem::find(head, name)? + name.len()..]))
    };
    if let Some(length) = value([b"\r\ncontent-length: ", b"\r\nContent-Length: "]) {
        let digits = length.iter().take_while(|byte| byte.is_ascii_digit());
        return Ok(Body::Length(digits.fold(0, |sum, digit| sum * 10 + usize::from(digit - b'0'))));
    }
    match value([b"\r\ntransfer-encoding: ", b"\r\nTransfer-Encoding: "]) {
        Some(coding) if coding.starts_with(b"chunked\r\n") => Ok(Body::Chunked),
        _ => bail!("the answer has no length: {}", String::from_utf8_lossy(head)),
    }
}

/// A chunked body.
pub(crate) struct Chunks<'a> {
    pub(crate) data: Vec<&'a [u8]>,
    /// The end of the last chunk.
    pub(crate) end: usize,
}

/// The chunks of a body, once it is complete. There are no trailers.
///
/// # Errors
/// A chunk without a size.
pub(crate) fn chunks(bytes: &[u8]) -> anyhow::Result<Option<Chunks<'_>>> {
    let (mut data, mut at) = (Vec::new(), 0);
    while let Some(line) = bytes.get(at..).and_then(|rest| memmem::find(rest, b"\r\n")) {
        let size = std::str::from_utf8(&bytes[at..at + line])?;
        let size = usize::from_str_radix(size, 16).context("a chunk has no size")?;
        let begin = at + line + 2;
        at = begin + size + 2;
        if at > bytes.len() {
            return Ok(None);
        }
        if size == 0 {
            return Ok(Some(Chunks { data, end: at }));
        }
        data.push(&bytes[begin..begin + size]);
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::{Body, Frame};

    #[test]
    fn a_head_is_framed_when_it_is_whole() {
        let head = b"HTTP/1.1 200 OK\r\ncontent-length: 12\r\nx: y\r\n\r\n";
        assert_eq!(Frame::of(&head[..20]).expect("valid"), None);
        let frame = Frame { head: head.len(), body: Body::Length(12) };
        assert_eq!(Frame::of(head).expect("valid"), Some(frame));
        assert_eq!(frame.end(head).expect("valid"), Some(head.len() + 12));
        let known = b"HTTP/1.1 304 Not Modified\r\netag: \"v1\"\r\n\r\n";
        let frame = Frame { head: known.len(), body: Body::Length(0) };
        assert_eq!(Frame::of(known).expect("valid"), Some(frame));
        assert!(Frame::of(b"HTTP/1.1 200 OK\r\nx: y\r\n\r\n").is_err());
    }

    #[test]
    fn chunks_end_with_an_empty_one() {
        let answer = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\nA\r\n0123456789\r\n0\r\n\r\n";
        let frame = Frame::of(answer).expect("valid").expect("whole");
        assert_eq!(frame.end(answer).expect("valid"), Some(answer.len()));
        for cut in frame.head..answer.len() {
            assert_eq!(frame.end(&answer[..cut]).expect("valid"), None, "{cut}");
        }
        let chunks = super::chunks(&answer[frame.head..]).expect("valid").expect("whole");
        assert_eq!(chunks.data.concat(), b"abc0123456789");
        assert!(super::chunks(b"x\r\n").is_err());
    }
}
