//! Text compressed with gzip (RFC 1952), also in pieces: what many answers have in common is compressed once, and put
//! between what is particular to each. A browser stops after the first member of a gzip file, so the pieces become blocks
//! of one member; each refers to nothing before it.

use std::borrow::Borrow;
use std::cell::RefCell;
use std::io::{self, Read};

use crc32fast::Hasher;
use flate2::bufread::GzDecoder;
use flate2::{Compress, Compression, FlushCompress};

/// Magic number, deflate, no flags, no time, no hints, an unknown system.
const HEADER: [u8; 10] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255];
/// For pages, most of which is kept.
const QUICK: u32 = 5;
/// For what never changes.
const SMALL: u32 = 9;

thread_local! {
    /// What compresses pages takes 300 KB. Made anew for each, it left holes in the heap between what is kept.
    static PAGES: RefCell<Compress> = RefCell::new(Compress::new(Compression::new(QUICK), false));
}

/// A last block with nothing in it: the end of a compressed text.
const END: [u8; 2] = [3, 0];
/// Fewer bytes are not worth it.
const FEW: usize = 60;
/// A block that is not compressed says its length in two bytes.
const STORED_MAX: usize = 0xffff;

/// A piece of a compressed text.
#[derive(Debug)]
pub struct Block {
    deflated: Vec<u8>,
    crc: Hasher,
    length: usize,
}

impl Block {
    /// Compresses texts that stand apart from each other.
    pub fn several<'a>(texts: impl Iterator<Item = &'a str>) -> Vec<Self> {
        PAGES.with_borrow_mut(|compress| {
            compress.reset();
            // In full: what comes later refers to nothing before it.
            let block = |text: &str| match text.len() {
                ..FEW => Self::stored(text.as_bytes()),
                _ => Self::with(compress, text.as_bytes(), FlushCompress::Full),
            };
            texts.map(block).collect()
        })
    }

    /// Bytes (65,535 at most) as they are.
    pub fn stored(text: &[u8]) -> Self {
        let text = &text[..text.len().min(STORED_MAX)];
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

    /// How many bytes it takes.
    pub fn bytes(&self) -> usize {
        self.deflated.len() + size_of::<Self>()
    }
}

/// A whole gzip file of one text, quickly.
pub fn quick(text: &[u8]) -> Vec<u8> {
    PAGES.with_borrow_mut(|compress| {
        compress.reset();
        whole(compress, text)
    })
}

/// A whole gzip file of one text that is sent again and again.
pub fn small(text: &[u8]) -> Vec<u8> {
    whole(&mut Compress::new(Compression::new(SMALL), false), text)
}

fn whole(compress: &mut Compress, text: &[u8]) -> Vec<u8> {
    file(&[Block::with(compress, text, FlushCompress::Sync)])
}

/// A whole gzip file of blocks in their order.
pub fn file<B: Borrow<Block>>(blocks: &[B]) -> Vec<u8> {
    let size: usize = blocks
        .iter()
        .map(|block| block.borrow().deflated.len())
        .sum();
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

/// The text of a gzip file that was made here.
///
/// # Errors
/// When it is another.
pub fn unpack(file: &[u8]) -> io::Result<Vec<u8>> {
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
        // It fails only when it is told to go on after its end.
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
        unpack(file).expect("one sound member")
    }

    proptest! {
        #[test]
        fn what_is_put_together_is_what_was_taken_apart(
            head in ".{0,5000}",
            block in "[a-d ]{0,20000}",
            between in "[ -~]{0,50}",
        ) {
            let whole = [&head, between.as_str(), &block, &head].concat();
            let blocks = Block::several([head.as_str(), &block, &head].into_iter());
            let between = Block::stored(between.as_bytes());
            let together = file(&[&blocks[0], &between, &blocks[1], &blocks[2]]);
            prop_assert_eq!(text(&together), whole.as_bytes());
            prop_assert_eq!(text(&quick(whole.as_bytes())), whole.as_bytes());
            prop_assert_eq!(text(&small(whole.as_bytes())), whole.as_bytes());
        }
    }
}
