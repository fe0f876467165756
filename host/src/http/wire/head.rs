//! The scan of a head: which bytes of it are refused, and where it ends.

/// A head that has begun to arrive.
#[derive(Default)]
pub(super) struct Head {
    /// Whether the last byte was a CR.
    cr: bool,
    /// Whether the request line is complete.
    has_target: bool,
    /// The number of bytes of the current line.
    line: usize,
    /// The first bytes of the line, in lower case.
    name: [u8; LONGEST_NAME],
    has_length: bool,
    has_coding: bool,
}

const LENGTH: &[u8] = b"content-length";
const CODING: &[u8] = b"transfer-encoding";
const LONGEST_NAME: usize = CODING.len();

/// The result of scanning bytes of a head.
pub(super) enum Scan {
    Further,
    /// The head ends before this position.
    End(usize),
    /// The byte at this position is refused.
    Refused(usize),
}

impl Head {
    /// Scans the next bytes of the head.
    pub(super) fn scan(&mut self, bytes: &[u8]) -> Scan {
        let mut next = 0;
        while let Some(byte) = bytes.get(next) {
            // Behind the longest name, only the end of the line matters.
            let is_value = self.has_target && self.line > LONGEST_NAME && !self.cr;
            if is_value && !matches!(byte, b'\r' | b'\n') {
                let rest = &bytes[next..];
                let length = memchr::memchr2(b'\r', b'\n', rest).unwrap_or(rest.len());
                (self.line, next) = (self.line + length, next + length);
                continue;
            }
            let at = next;
            next += 1;
            match (byte, self.cr) {
                (b'\n', false) => return Scan::Refused(at),
                (b'\n', true) => {
                    // Empty lines before the request line are ignored (section 2.2).
                    if self.line == 0 && self.has_target {
                        return Scan::End(at + 1);
                    }
                    self.has_target |= self.line > 0;
                    self.line = 0;
                    self.cr = false;
                }
                (_, true) => return Scan::Refused(at),
                (b'\r', false) => self.cr = true,
                (byte, false) => {
                    let refused = match byte {
                        b'#' => !self.has_target,
                        b':' => self.has_target && self.repeats(),
                        _ => false,
                    };
                    if refused {
                        return Scan::Refused(at);
                    }
                    if let Some(place) = self.name.get_mut(self.line) {
                        *place = byte.to_ascii_lowercase();
                    }
                    self.line += 1;
                }
            }
        }
        Scan::Further
    }

    /// Whether a byte of the head has arrived.
    pub(super) fn has_begun(&self) -> bool {
        self.cr || self.has_target || self.line > 0
    }

    /// Whether the field whose name ends here declares the length of the body a second time. Two
    /// lengths are allowed here, because hyper refuses them unless they are equal.
    fn repeats(&mut self) -> bool {
        match self.name.get(..self.line) {
            Some(LENGTH) => {
                self.has_length = true;
                self.has_coding
            }
            Some(CODING) => std::mem::replace(&mut self.has_coding, true) || self.has_length,
            _ => false,
        }
    }
}
