//! Which names can be hosts in the public DNS.

/// The last labels of names that are not hosts in the public DNS, with their definitions: the
/// Special-Use Domain Names of IANA (RFC 6761), the names that ICANN has set aside, and the names
/// that networks use internally (RFC 6762 appendix G).
///
/// `example` is not listed. Software is to treat such names as ordinary ones (RFC 6761 section
/// 6.5), and they resolve to nothing.
const SPECIAL: [&str; 15] = [
    // Other name systems, RFC 9476. On Spin, `self.alt` is this server itself.
    "alt",
    // Infrastructure, RFC 3172, with `home.arpa`, RFC 8375.
    "arpa",
    "corp",
    "home",
    // For private use, resolution 2024.07.29.06 of ICANN. `spin.internal` names functions of Spin.
    "internal",
    "intranet",
    // RFC 6761 section 6.4.
    "invalid",
    "lan",
    // Multicast DNS, RFC 6762.
    "local",
    "localdomain",
    // RFC 6761 section 6.3.
    "localhost",
    // Name collisions, resolution 2018.02.04.12 of ICANN.
    "mail",
    // Tor, RFC 7686.
    "onion",
    "private",
    // RFC 6761 section 6.2.
    "test",
];

/// The longest name and label, in bytes (RFC 1035 section 2.3.4, without the length octets).
const LONGEST_NAME: usize = 253;
const LONGEST_LABEL: usize = 63;

/// Why a name cannot be a host in the public DNS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NameError {
    /// The name is empty, or has an empty label.
    Empty,
    /// The name or a label is too long.
    TooLong,
    /// The name has a character other than letters, digits, hyphens and underscores, such as `*`.
    Malformed,
    /// The name is a single label, which a resolver completes in its own way.
    Single,
    /// The last label has a special use.
    Special,
}

/// Judges a name in its ASCII form. It may end with one dot.
///
/// # Errors
/// The reason why the name cannot be a public host.
pub fn check_name(name: &str) -> Result<(), NameError> {
    let name = name.strip_suffix('.').unwrap_or(name);
    let labels: Vec<&str> = name.split('.').collect();
    let known = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    if labels.iter().any(|label| label.is_empty()) {
        return Err(NameError::Empty);
    }
    if name.len() > LONGEST_NAME || labels.iter().any(|label| label.len() > LONGEST_LABEL) {
        return Err(NameError::TooLong);
    }
    if !labels.iter().all(|label| label.bytes().all(known)) {
        return Err(NameError::Malformed);
    }
    match labels[..] {
        [.., last] if SPECIAL.iter().any(|it| last.eq_ignore_ascii_case(it)) => {
            Err(NameError::Special)
        }
        [_] => Err(NameError::Single),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_have_names() {
        let long = format!("{}.com", "a".repeat(63));
        for name in ["example.com", "EXAMPLE.com.", "a_b.example", "xn--bcher-kva.example", &long] {
            assert_eq!(check_name(name), Ok(()), "{name}");
        }
    }

    #[test]
    fn others_have_reasons() {
        let label = format!("{}.com", "a".repeat(64));
        let name = format!("{}com", "abcdefg.".repeat(32));
        for (name, why) in [
            ("", NameError::Empty),
            (".", NameError::Empty),
            ("a..com", NameError::Empty),
            ("a.com..", NameError::Empty),
            (&label, NameError::TooLong),
            (&name, NameError::TooLong),
            ("*.example.com", NameError::Malformed),
            ("a%2eb.com", NameError::Malformed),
            ("self", NameError::Single),
            ("Com.", NameError::Single),
            ("self.alt", NameError::Special),
            ("SELF.ALT.", NameError::Special),
            ("a.b.alt", NameError::Special),
            ("alt", NameError::Special),
            ("localhost", NameError::Special),
            ("a.localhost", NameError::Special),
            ("printer.local", NameError::Special),
            ("x.onion", NameError::Special),
            ("x.test", NameError::Special),
            ("x.invalid", NameError::Special),
            ("router.home.arpa", NameError::Special),
            ("1.0.0.10.in-addr.arpa", NameError::Special),
            ("metadata.google.internal", NameError::Special),
            ("auth.spin.internal", NameError::Special),
            ("db.lan", NameError::Special),
        ] {
            assert_eq!(check_name(name), Err(why), "{name}");
        }
    }
}
