//! The files under `static/`, built into the program.

use std::borrow::Cow;
use std::sync::LazyLock;

use rust_embed::RustEmbed;
use sha2::{Digest, Sha256};

#[derive(RustEmbed)]
#[folder = "static/"]
struct Files;

/// One fingerprint of all files: with any change, every address is another one.
static FINGERPRINT: LazyLock<String> = LazyLock::new(|| {
    let mut names: Vec<_> = Files::iter().collect();
    names.sort_unstable();
    let mut all = Sha256::new();
    for name in names {
        all.update(name.as_bytes());
        if let Some(file) = Files::get(&name) {
            all.update(file.metadata.sha256_hash());
        }
    }
    all.finalize()
        .iter()
        .take(8)
        .map(|byte| format!("{byte:02x}"))
        .collect()
});

/// A file, and its media type.
pub struct Asset {
    /// What is in it.
    pub data: Cow<'static, [u8]>,
    /// Such as `text/css; charset=utf-8`.
    pub media_type: String,
}

/// What changes with any file: 16 hexadecimal digits.
pub fn fingerprint() -> &'static str {
    &FINGERPRINT
}

/// The address under which all files are.
pub fn prefix() -> String {
    format!("/static/{}", *FINGERPRINT)
}

/// A file by the fingerprint and its path; `None` when either is another.
pub fn find(fingerprint: &str, path: &str) -> Option<Asset> {
    if fingerprint != *FINGERPRINT {
        return None;
    }
    let file = Files::get(path)?;
    let media_type = file.metadata.mimetype();
    let is_text = media_type.starts_with("text/")
        || media_type.ends_with("json")
        || media_type.ends_with("xml");
    Some(Asset {
        data: file.data,
        media_type: if is_text {
            format!("{media_type}; charset=utf-8")
        } else {
            media_type.to_owned()
        },
    })
}
