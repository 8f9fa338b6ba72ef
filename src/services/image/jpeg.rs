//! What a JPEG's markers say (ITU-T T.81, annex B), without decoding it.

const END: u8 = 0xd9;

/// How many coefficients of each pixel a decoder keeps, at the most: one per component when the picture is progressive,
/// none otherwise. `None` when the file ends before the picture does.
pub(super) fn kept_coefficients(file: &[u8]) -> Option<u64> {
    let (mut at, mut coefficients) = (0, 0);
    loop {
        at = next_marker(file, at)?;
        let marker = *file.get(at)?;
        at += 1;
        match marker {
            END => return Some(coefficients),
            // Stand alone: start of the image, restarts, and one that is reserved.
            0xd8 | 0xd0..=0xd7 | 0x01 => continue,
            // Behind length, precision, height and width stands the number of components.
            0xc2 | 0xc6 | 0xca | 0xce => coefficients = u64::from(*file.get(at + 7)?),
            _ => {}
        }
        let length = file.get(at..at + 2)?;
        at += usize::from(u16::from_be_bytes([length[0], length[1]]));
    }
}

/// The place of the next marker's code: after one or more `ff`, and neither data that looks so (`00`) nor nothing.
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
    use super::kept_coefficients;

    const FILE: &[u8] = &[
        0xff, 0xd8, // start
        0xff, 0xe1, 0, 6, 0xff, 0xd9, 0xff, 0xd9, // metadata with a picture's end in it
        0xff, 0xc2, 0, 17, 8, 0, 9, 0, 9, 3, 1, 0x11, 0, 2, 0x11, 0, 3, 0x11,
        0, // progressive
        0xff, 0xda, 0, 3, 0, 7, 0xff, 0, 7, 0xff, 0xd0, 7, // a scan, with a restart
        0xff, 0xff, 0xda, 0, 3, 0, 7, // another
        0xff, 0xd9, 1, 2, 3, // the end, and what does not belong to it
    ];

    #[test]
    fn the_end_is_found_behind_all_that_looks_like_it() {
        assert_eq!(kept_coefficients(FILE), Some(3));
        let end = FILE.len() - 3;
        for length in 0..end {
            assert_eq!(kept_coefficients(&FILE[..length]), None, "{length} bytes");
        }
        assert_eq!(kept_coefficients(&FILE[..end]), Some(3));
        assert_eq!(kept_coefficients(b"hello"), None);
    }
}
