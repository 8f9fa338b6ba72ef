//! Random keys, of which only hashes are stored: of sessions, browsers, pairings and password reset links.

use rand::RngExt;

use crate::models::values::signing::{hex, sha256};
use crate::models::values::text_column::text_column;

const KEY_BYTES: usize = 32;

/// The SHA-256 of a key, as 64 hexadecimal digits. The key itself is only stored by the client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyHash(String);

text_column!(KeyHash, |hash| Ok(KeyHash(hash)));

impl KeyHash {
    /// Hashes a key.
    pub fn of(key: &str) -> Self {
        Self(sha256(key.as_bytes()))
    }

    /// Wraps a stored hash.
    pub fn from_stored(hash: String) -> Self {
        Self(hash)
    }

    /// Returns the hexadecimal digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Creates a random key of 64 hexadecimal digits; returns it with its hash.
pub fn new_key() -> (String, KeyHash) {
    let mut bytes = [0_u8; KEY_BYTES];
    rand::rng().fill(&mut bytes);
    let key = hex(&bytes);
    let hash = KeyHash::of(&key);
    (key, hash)
}

/// Returns whether the text has the form of a key from [`new_key`].
pub fn is_key(text: &str) -> bool {
    let is_digit = |byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
    text.len() == 2 * KEY_BYTES && text.bytes().all(is_digit)
}
