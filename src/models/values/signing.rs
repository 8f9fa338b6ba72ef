//! Hashes that nobody can make who does not know the installation's secret.

use std::sync::Arc;

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::error::{Error, Result};

/// HMAC-SHA256 (RFC 2104) with the installation's secret. What can be guessed, such as a phone number or a code of six
/// digits, cannot be read out of what it makes.
#[derive(Clone)]
pub struct Keyed(Arc<[u8]>);

impl Keyed {
    /// With this secret, of any length.
    pub fn new(secret: &[u8]) -> Self {
        Self(secret.into())
    }

    /// 64 hexadecimal digits for a text; another purpose makes others.
    ///
    /// # Errors
    /// Never: keys of any length will do.
    pub fn hash(&self, purpose: &str, text: &str) -> Result<String> {
        hmac_hex(&self.0, &[purpose.as_bytes(), b"\0", text.as_bytes()])
    }

    /// Whether [`Keyed::hash`] made this; takes as long whatever is wrong with it.
    pub fn made(&self, purpose: &str, text: &str, hash: &str) -> bool {
        self.hash(purpose, text)
            .is_ok_and(|right| is_same(&right, hash))
    }
}

/// Whether two texts are the same, in a time that does not say where they differ.
pub fn is_same(one: &str, other: &str) -> bool {
    let differences = one.bytes().zip(other.bytes());
    one.len() == other.len() && differences.fold(0, |all, (a, b)| all | (a ^ b)) == 0
}

fn hmac_hex(key: &[u8], parts: &[&[u8]]) -> Result<String> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).map_err(Error::internal)?;
    for part in parts {
        mac.update(part);
    }
    let bytes = mac.finalize().into_bytes();
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_same_secret_purpose_and_text_make_the_same_hash() {
        let keyed = Keyed::new(b"secret");
        let hash = keyed.hash("code", "123456").expect("one");
        assert_eq!(hash.len(), 64);
        assert!(keyed.made("code", "123456", &hash));
        assert!(!keyed.made("code", "123457", &hash));
        assert!(!keyed.made("other", "123456", &hash));
        assert!(!Keyed::new(b"another").made("code", "123456", &hash));
        assert!(!keyed.made("code", "123456", &hash[1..]));
    }
}
