//! Reads a JPEG's markers (ITU-T T.81, annex B) without decoding it.

/// End of image.
const EOI: u8 = 0xd9;

/// Returns the number of coefficients per pixel that a decoder keeps at most: one per component if the picture is
/// progressive, otherwise none. Returns `None` when the file is truncated.
pub(super) fn coefficients_per_pixel(file: &[u8]) -> Option<u64> {
    let (mut at, mut coefficients) = (0, 0);
    loop {
        at = next_marker(file, at)?;
        let marker = *file.get(at)?;
        at += 1;
        match marker {
            EOI => return Some(coefficients),
            // Markers without a segment: SOI, RST0 to RST7, TEM.
            0xd8 | 0xd0..=0xd7 | 0x01 => continue,
            // Progressive SOF: the number of components follows length, precision, height and width.
            0xc2 | 0xc6 | 0xca | 0xce => coefficients = u64::from(*file.get(at + 7)?),
            _ => {}
        }
        let length = file.get(at..at + 2)?;
        at += usize::from(u16::from_be_bytes([length[0], length[1]]));
    }
}

/// Returns the index of the next marker's code, which follows one or more `ff` bytes. `ff 00` is data.
fn next_marker(file: &[u8], from: usize) -> Option<usize> {
    let mut at = from;
    loop {
        at += file.get(at..)?.iter().position(|byte| *byte == 0xff)?;
        at += file.get(at..)?.iter().position(|byte| *byte != 0xff)?;
        if file[at] != 0 {
            return Some(at);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::coefficients_per_pixel;

    const FILE: &[u8] = &[
        0xff, 0xd8, // SOI
        0xff, 0xe1, 0, 6, 0xff, 0xd9, 0xff, 0xd9, // metadata that contains an EOI marker
        0xff, 0xc2, 0, 17, 8, 0, 9, 0, 9, 3, 1, 0x11, 0, 2, 0x11, 0, 3, 0x11,
        0, // progressive SOF
        0xff, 0xda, 0, 3, 0, 7, 0xff, 0, 7, 0xff, 0xd0, 7, // a scan, with a restart
        0xff, 0xff, 0xda, 0, 3, 0, 7, // another scan
        0xff, 0xd9, 1, 2, 3, // EOI, and trailing bytes
    ];

    #[test]
    fn truncated_files_are_detected() {
        assert_eq!(coefficients_per_pixel(FILE), Some(3));
        let end = FILE.len() - 3;
        for length in 0..end {
            assert_eq!(
                coefficients_per_pixel(&FILE[..length]),
                None,
                "{length} bytes"
            );
        }
        assert_eq!(coefficients_per_pixel(&FILE[..end]), Some(3));
        assert_eq!(coefficients_per_pixel(b"hello"), None);
    }
}
