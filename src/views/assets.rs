//! The files under `static/`, embedded in the binary.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::{LazyLock, OnceLock};

use brotli::enc::BrotliEncoderParams;
use brotli::enc::backward_references::BrotliEncoderMode;
use bytes::Bytes;
use rust_embed::{EmbeddedFile, RustEmbed};
use sha2::{Digest, Sha256};

use super::gzip;
use crate::models::values::signing::hex;

#[derive(RustEmbed)]
#[folder = "static/"]
struct Files;

/// Fingerprint of all files. It is part of every URL, so files can be cached forever.
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
    hex(&all.finalize()[..8])
});

/// A static file.
pub struct Asset {
    /// Content, not compressed.
    pub data: Bytes,
    /// Media type, such as `text/css; charset=utf-8`.
    pub media_type: String,
    is_text: bool,
    gzip: OnceLock<Bytes>,
    brotli: OnceLock<Bytes>,
}

impl Asset {
    fn new(file: EmbeddedFile) -> Self {
        let media_type = file.metadata.mimetype();
        let is_text = media_type.starts_with("text/")
            || media_type.ends_with("json")
            || media_type.ends_with("xml");
        Self {
            data: match file.data {
                Cow::Borrowed(data) => Bytes::from_static(data),
                Cow::Owned(data) => data.into(),
            },
            media_type: match is_text {
                true => format!("{media_type}; charset=utf-8"),
                false => media_type.to_owned(),
            },
            is_text,
            gzip: OnceLock::new(),
            brotli: OnceLock::new(),
        }
    }

    /// Returns the compressed content; `None` for binary files and where compression does not make it smaller.
    pub fn compressed(&self, encoding: Encoding) -> Option<&Bytes> {
        if !self.is_text {
            return None;
        }
        let compressed = match encoding {
            Encoding::Gzip => (self.gzip).get_or_init(|| gzip::compress_best(&self.data).into()),
            Encoding::Brotli => (self.brotli).get_or_init(|| brotli(&self.data).into()),
        };
        (compressed.len() < self.data.len()).then_some(compressed)
    }
}

/// A content encoding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    /// RFC 1952.
    Gzip,
    /// RFC 7932.
    Brotli,
}

impl Encoding {
    /// Returns the `Content-Encoding` token.
    pub fn name(self) -> &'static str {
        match self {
            Self::Gzip => "gzip",
            Self::Brotli => "br",
        }
    }
}

/// The best, except in a debug build, where that would delay each start's first page by more than a second.
const QUALITY: i32 = if cfg!(debug_assertions) { 4 } else { 11 };

fn brotli(text: &[u8]) -> Vec<u8> {
    let mut file = Vec::new();
    let params = BrotliEncoderParams {
        quality: QUALITY,
        size_hint: text.len(),
        mode: BrotliEncoderMode::BROTLI_MODE_TEXT,
        ..BrotliEncoderParams::default()
    };
    // Reading from and writing to memory is infallible.
    let _ = brotli::BrotliCompress(&mut &*text, &mut file, &params);
    file
}

/// All files by path; each is compressed on first use.
static ASSETS: LazyLock<HashMap<String, Asset>> = LazyLock::new(|| {
    let asset = |name: Cow<'static, str>| Some((name.to_string(), Asset::new(Files::get(&name)?)));
    Files::iter().filter_map(asset).collect()
});

/// Returns the fingerprint of all files: 16 hexadecimal digits.
pub fn fingerprint() -> &'static str {
    &FINGERPRINT
}

/// Returns the URL path that all files are under.
pub fn prefix() -> &'static str {
    static PREFIX: LazyLock<String> = LazyLock::new(|| format!("/static/{}", *FINGERPRINT));
    &PREFIX
}

/// Finds a file; `None` for another fingerprint or an unknown path.
pub fn find(fingerprint: &str, path: &str) -> Option<&'static Asset> {
    (fingerprint == *FINGERPRINT).then(|| ASSETS.get(path))?
}
