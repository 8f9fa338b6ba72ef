//! QR codes as SVG.

use std::fmt::Write;

use qrcodegen::{QrCode, QrCodeEcc};
use serde::Serialize;

/// Quiet zone around the code, in modules.
const QUIET_ZONE: i32 = 4;

/// A QR code as an SVG path.
#[derive(Debug, Serialize)]
pub struct Qr {
    /// Width and height in modules, with the quiet zone.
    size: i32,
    /// Path data (`d`) of all dark modules.
    path: String,
}

impl Qr {
    /// Encodes a text; `None` when it is too long for a QR code.
    pub fn encode(text: &str) -> Option<Self> {
        let code = QrCode::encode_text(text, QrCodeEcc::Medium).ok()?;
        let mut path = String::new();
        for y in 0..code.size() {
            for x in 0..code.size() {
                if code.get_module(x, y) {
                    let _ = write!(path, "M{},{}h1v1h-1z", x + QUIET_ZONE, y + QUIET_ZONE);
                }
            }
        }
        Some(Self {
            size: code.size() + 2 * QUIET_ZONE,
            path,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn url_is_encoded_with_a_quiet_zone() {
        let qr = Qr::encode("https://chat.example.org/register?invite=1-abc").expect("short");
        assert!(qr.size >= 21 + 8);
        // The corner of the first finder pattern.
        assert!(qr.path.starts_with("M4,4h1v1h-1z"));
        assert!(Qr::encode(&"x".repeat(5000)).is_none());
    }
}
