//! Gzip (RFC 1952) with reusable blocks: fragments shared by many responses are compressed once and joined with others.
//! Browsers read only the first member of a gzip file, so fragments become independent deflate blocks of one member.

use std::borrow::Borrow;
use std::cell::RefCell;
use std::io::{self, Read};

use crc32fast::Hasher;
use flate2::bufread::GzDecoder;
use flate2::{Compress, Compression, FlushCompress};

/// Header: magic number, deflate, no flags, no time, no extra flags, unknown system.
const HEADER: [u8; 10] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255];
/// Level for pages, most of which are cached fragments.
const FAST_LEVEL: u32 = 5;
/// Level for static files, which are compressed once.
const BEST_LEVEL: u32 = 9;

thread_local! {
    /// A compressor takes 300 KB; one per page fragmented the heap between the cached fragments.
    static COMPRESSOR: RefCell<Compress> = RefCell::new(Compress::new(Compression::new(FAST_LEVEL), false));
}

/// Empty final block, which ends the deflate stream.
const END: [u8; 2] = [3, 0];
/// Shorter texts are stored uncompressed.
const MIN_COMPRESSED_LEN: usize = 60;
/// Maximum length of a stored block: its length field has 16 bits.
const STORED_MAX_LEN: usize = 0xffff;

/// A deflate block that refers to no data before it, with checksum and length of its text.
#[derive(Debug)]
pub struct DeflateBlock {
    deflated: Vec<u8>,
    crc: Hasher,
    length: usize,
}

impl DeflateBlock {
    /// Compresses each text to a block of its own.
    pub fn compress_all<'a>(texts: impl Iterator<Item = &'a str>) -> Vec<Self> {
        COMPRESSOR.with_borrow_mut(|compress| {
            compress.reset();
            // A full flush resets the dictionary, so that later blocks do not refer to earlier ones.
            let block = |text: &str| match text.len() {
                ..MIN_COMPRESSED_LEN => Self::stored(text.as_bytes()),
                _ => Self::with(compress, text.as_bytes(), FlushCompress::Full),
            };
            texts.map(block).collect()
        })
    }

    /// Makes an uncompressed block of at most 65,535 bytes; longer text is cut.
    pub fn stored(text: &[u8]) -> Self {
        let text = &text[..text.len().min(STORED_MAX_LEN)];
        let length = text.len() as u16;
        let mut deflated = vec![0];
        deflated.extend_from_slice(&length.to_le_bytes());
        deflated.extend_from_slice(&(!length).to_le_bytes());
        deflated.extend_from_slice(text);
        Self::new(deflated, text)
    }

    fn with(compress: &mut Compress, text: &[u8], flush: FlushCompress) -> Self {
        Self::new(deflate(compress, text, flush), text)
    }

    fn new(deflated: Vec<u8>, text: &[u8]) -> Self {
        let mut crc = Hasher::new();
        crc.update(text);
        Self {
            deflated,
            crc,
            length: text.len(),
        }
    }

    /// Returns the memory used, in bytes.
    pub fn bytes(&self) -> usize {
        self.deflated.len() + size_of::<Self>()
    }
}

/// Compresses a text to a gzip file at the fast level.
pub fn compress_fast(text: &[u8]) -> Vec<u8> {
    COMPRESSOR.with_borrow_mut(|compress| {
        compress.reset();
        compress_file(compress, text)
    })
}

/// Compresses a text to a gzip file at the best level, for files that are sent often.
pub fn compress_best(text: &[u8]) -> Vec<u8> {
    let mut compress = Compress::new(Compression::new(BEST_LEVEL), false);
    compress_file(&mut compress, text)
}

fn compress_file(compress: &mut Compress, text: &[u8]) -> Vec<u8> {
    assemble(&[DeflateBlock::with(compress, text, FlushCompress::Sync)])
}

/// Joins blocks to a gzip file.
pub fn assemble<B: Borrow<DeflateBlock>>(blocks: &[B]) -> Vec<u8> {
    let sizes = blocks.iter().map(|block| block.borrow().deflated.len());
    let size: usize = sizes.sum();
    let mut file = Vec::with_capacity(HEADER.len() + size + END.len() + 8);
    file.extend_from_slice(&HEADER);
    let mut crc = Hasher::new();
    let mut length = 0;
    for block in blocks.iter().map(Borrow::borrow) {
        file.extend_from_slice(&block.deflated);
        crc.combine(&block.crc);
        length += block.length;
    }
    file.extend_from_slice(&END);
    file.extend_from_slice(&crc.finalize().to_le_bytes());
    // The length modulo 2³².
    file.extend_from_slice(&(length as u32).to_le_bytes());
    file
}

/// Decompresses a gzip file with a single member.
///
/// # Errors
/// When the file is invalid.
pub fn decompress(file: &[u8]) -> io::Result<Vec<u8>> {
    let mut text = Vec::new();
    GzDecoder::new(file).read_to_end(&mut text)?;
    Ok(text)
}

fn deflate(compress: &mut Compress, text: &[u8], flush: FlushCompress) -> Vec<u8> {
    let mut deflated = Vec::with_capacity(text.len() / 3 + 64);
    let start = compress.total_in();
    loop {
        let read = (compress.total_in() - start) as usize;
        let before = compress.total_out();
        // Fails only after `FlushCompress::Finish`, which is not used.
        let _ = compress.compress_vec(&text[read..], &mut deflated, flush);
        let wrote = compress.total_out() > before;
        if deflated.len() < deflated.capacity() || !wrote {
            deflated.shrink_to_fit();
            return deflated;
        }
        deflated.reserve(deflated.capacity());
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn text(file: &[u8]) -> Vec<u8> {
        decompress(file).expect("a valid gzip file")
    }

    proptest! {
        #[test]
        fn assembled_blocks_decompress_to_the_concatenated_texts(
            head in ".{0,5000}",
            block in "[a-d ]{0,20000}",
            between in "[ -~]{0,50}",
        ) {
            let expected = [&head, between.as_str(), &block, &head].concat();
            let blocks = DeflateBlock::compress_all([head.as_str(), &block, &head].into_iter());
            let between = DeflateBlock::stored(between.as_bytes());
            let assembled = assemble(&[&blocks[0], &between, &blocks[1], &blocks[2]]);
            prop_assert_eq!(text(&assembled), expected.as_bytes());
            prop_assert_eq!(text(&compress_fast(expected.as_bytes())), expected.as_bytes());
            prop_assert_eq!(text(&compress_best(expected.as_bytes())), expected.as_bytes());
        }
    }
}
