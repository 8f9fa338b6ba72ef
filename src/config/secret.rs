//! Settings whose value is secret.

use std::collections::HashSet;
use std::fmt;

use serde::Deserialize;

const KEY_MIN_BYTES: usize = 64;
/// Minimum number of distinct bytes in a key: 64 random hexadecimal digits have 16, hardly ever fewer than 12.
const KEY_MIN_DISTINCT: usize = 10;

/// A secret setting. `Debug` prints `[secret]`.
#[derive(Clone, Default, Deserialize)]
#[serde(transparent)]
pub struct Secret(String);

impl Secret {
    /// Returns the secret value.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Returns whether the value is set but too short or too repetitive for a key.
    pub(super) fn is_weak(&self) -> bool {
        let bytes = self.0.as_bytes();
        if bytes.is_empty() {
            return false;
        }
        let distinct: HashSet<&u8> = bytes.iter().collect();
        let repeats =
            (1..=bytes.len() / 2).any(|period| bytes[period..] == bytes[..bytes.len() - period]);
        bytes.len() < KEY_MIN_BYTES || distinct.len() < KEY_MIN_DISTINCT || repeats
    }

    #[cfg(test)]
    pub(super) fn of(text: &str) -> Self {
        Self(text.to_owned())
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[secret]")
    }
}

#[cfg(test)]
mod tests {
    use super::Secret;

    #[test]
    fn short_or_repetitive_secrets_are_weak_keys() {
        let good = "52fdfc072182654f163f5f0f9a621d729566c74d10037c4d7bbb0407d1e2c649";
        assert!(!Secret::of(good).is_weak());
        assert!(
            !Secret::of("").is_weak(),
            "an empty secret is missing, not weak"
        );
        for weak in [
            &good[1..],
            &"k".repeat(128),
            &"0123456789abcdef".repeat(4),
            &"change me, please! ".repeat(4),
            &format!("{}{}", "0".repeat(60), "12345678"),
        ] {
            assert!(Secret::of(weak).is_weak(), "{weak}");
        }
    }
}
