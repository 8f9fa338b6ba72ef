//! What only the program may know.

use std::collections::HashSet;
use std::fmt;

use serde::Deserialize;

/// Bytes of a key, at least.
const LENGTH: usize = 64;
/// Different bytes in it, at least: 64 random hexadecimal digits have 16, hardly ever fewer than 12.
const DIFFERENT: usize = 10;

/// A setting that must not be shown. `Debug` says `[secret]`.
#[derive(Clone, Default, Deserialize)]
#[serde(transparent)]
pub struct Secret(String);

impl Secret {
    /// The secret itself.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Whether it is there, and too short for a key, or something typed again and again.
    pub(super) fn is_weak(&self) -> bool {
        let bytes = self.0.as_bytes();
        if bytes.is_empty() {
            return false;
        }
        let different: HashSet<&u8> = bytes.iter().collect();
        let repeats =
            (1..=bytes.len() / 2).any(|period| bytes[period..] == bytes[..bytes.len() - period]);
        bytes.len() < LENGTH || different.len() < DIFFERENT || repeats
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
    fn what_is_short_or_typed_again_and_again_is_no_key() {
        let good = "52fdfc072182654f163f5f0f9a621d729566c74d10037c4d7bbb0407d1e2c649";
        assert!(!Secret::of(good).is_weak());
        assert!(!Secret::of("").is_weak(), "none is something else");
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
