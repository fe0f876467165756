//! The form of signing secrets in Standard Webhooks: `whsec_` and 24 to 64 bytes in base64. Endpoints
//! sign with such secrets, and some providers of integrations do.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// The prefix of a secret.
pub const PREFIX: &str = "whsec_";

/// The bytes of a secret. `None` if it does not have the form.
pub fn decode(secret: &str) -> Option<Vec<u8>> {
    let bytes = STANDARD.decode(secret.strip_prefix(PREFIX)?).ok()?;
    (24..=64).contains(&bytes.len()).then_some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_have_a_form() {
        assert_eq!(decode(&format!("whsec_{}", STANDARD.encode([7; 24]))), Some(vec![7; 24]));
        for bad in [
            "",
            "whsec_",
            "whsec_####",
            &format!("whsec_{}", STANDARD.encode([7; 23])),
            &STANDARD.encode([7; 32]),
        ] {
            assert_eq!(decode(bad), None, "{bad}");
        }
    }
}
