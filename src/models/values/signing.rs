//! SHA-256 and HMAC-SHA256 in hexadecimal, and constant-time comparison.

use std::sync::Arc;

use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

/// Signs texts with HMAC-SHA256 (RFC 2104) and the installation's secret. Values that could be guessed from a plain hash,
/// such as phone numbers and six-digit codes, are stored under such signatures.
#[derive(Clone)]
pub struct HmacKey(Arc<[u8]>);

impl HmacKey {
    /// Creates a key from a secret of any length.
    pub fn new(secret: &[u8]) -> Self {
        Self(secret.into())
    }

    /// Returns the signature of a text as 64 hexadecimal digits. Signatures differ between purposes.
    pub fn sign(&self, purpose: &str, text: &str) -> String {
        hmac_sha256(&self.0, &[purpose.as_bytes(), b"\0", text.as_bytes()])
    }

    /// Verifies a signature in constant time.
    pub fn verify(&self, purpose: &str, text: &str, signature: &str) -> bool {
        constant_time_eq(&self.sign(purpose, text), signature)
    }
}

/// Compares two texts in a time that depends on their lengths only.
pub fn constant_time_eq(one: &str, other: &str) -> bool {
    one.as_bytes().ct_eq(other.as_bytes()).into()
}

/// Returns the HMAC-SHA256 (RFC 2104) of the concatenated parts.
pub fn hmac_sha256(key: &[u8], parts: &[&[u8]]) -> String {
    let mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes keys of any length");
    let mac = parts.iter().fold(mac, |mac, part| mac.chain_update(part));
    hex(&mac.finalize().into_bytes())
}

/// Returns the SHA-256 of a byte string.
pub fn sha256(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

/// Returns the bytes as lower-case hexadecimal digits.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signature_depends_on_secret_purpose_and_text() {
        let key = HmacKey::new(b"secret");
        let signature = key.sign("code", "123456");
        assert_eq!(signature.len(), 64);
        assert!(key.verify("code", "123456", &signature));
        assert!(!key.verify("code", "123457", &signature));
        assert!(!key.verify("other", "123456", &signature));
        assert!(!HmacKey::new(b"another").verify("code", "123456", &signature));
        assert!(!key.verify("code", "123456", &signature[1..]));
    }

    #[test]
    fn digests_match_published_test_vectors() {
        // FIPS 180-4 examples and RFC 4231, test case 2.
        let abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(sha256(b"abc"), abc);
        let hmac = hmac_sha256(b"Jefe", &[b"what do ya want ", b"for nothing?"]);
        assert_eq!(
            hmac,
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
        );
    }
}
