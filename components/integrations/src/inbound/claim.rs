//! What a request claims of its signature, and why it is not believed.

/// The most signatures of a request that are checked, because each costs a MAC for each secret.
const MAX_SIGNATURES: usize = 10;

/// Looks up a header of a request by its name in lower case.
pub(crate) type Headers<'a> = &'a dyn Fn(&str) -> Option<&'a str>;

/// Why a request is not accepted as genuine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reason {
    /// A header of the signature is missing.
    Missing,
    /// A header of the signature is malformed.
    Malformed,
    /// No secret matches any signature.
    Mismatch,
    /// The timestamp is too far in the past or in the future.
    Expired,
    /// The request was sent to the receiver of another provider or kind.
    Misdirected,
}

impl Reason {
    /// The name in audit entries and in the contract.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Missing => "SIGNATURE_MISSING",
            Self::Malformed => "SIGNATURE_MALFORMED",
            Self::Mismatch => "SIGNATURE_MISMATCH",
            Self::Expired => "TIMESTAMP_OUT_OF_RANGE",
            Self::Misdirected => "MISDIRECTED",
        }
    }
}

/// The signature that a request claims to have.
pub(super) struct Claim {
    /// The bytes that the signature covers.
    pub(super) signed: Vec<u8>,
    /// Seconds since the Unix epoch, if the scheme signs a time.
    pub(super) timestamp: Option<i64>,
    pub(super) signatures: Vec<Vec<u8>>,
}

impl Claim {
    /// The claim itself, if it has as many signatures as it may have.
    pub(super) fn checked(self) -> Result<Self, Reason> {
        match self.signatures.len() {
            1..=MAX_SIGNATURES => Ok(self),
            _ => Err(Reason::Malformed),
        }
    }
}
