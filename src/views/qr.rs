//! An address as a QR code, drawn as SVG.

use std::fmt::Write;

use qrcodegen::{QrCode, QrCodeEcc};
use serde::Serialize;

/// White around the code, in modules: readers need it.
const QUIET: i32 = 4;

/// A QR code as the parts of an SVG image.
#[derive(Debug, Serialize)]
pub struct Qr {
    /// Width and height of the image, in modules.
    size: i32,
    /// The `d` of a path of all dark modules.
    path: String,
}

impl Qr {
    /// A code that says this; none when it is too long for one.
    pub fn of(text: &str) -> Option<Self> {
        let code = QrCode::encode_text(text, QrCodeEcc::Medium).ok()?;
        let mut path = String::new();
        for y in 0..code.size() {
            for x in 0..code.size() {
                if code.get_module(x, y) {
                    let _ = write!(path, "M{},{}h1v1h-1z", x + QUIET, y + QUIET);
                }
            }
        }
        Some(Self {
            size: code.size() + 2 * QUIET,
            path,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_becomes_a_square_with_white_around_it() {
        let qr = Qr::of("https://chat.example.org/register?invite=1-abc").expect("short");
        assert!(qr.size >= 21 + 8);
        // The corner of the first finder pattern.
        assert!(qr.path.starts_with("M4,4h1v1h-1z"));
        assert!(Qr::of(&"x".repeat(5000)).is_none());
    }
}
