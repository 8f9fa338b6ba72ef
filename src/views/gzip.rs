//! Text compressed with gzip (RFC 1952), also in pieces: what many answers have in common is compressed once, and put
//! between what is particular to each. A browser stops after the first member of a gzip file, so the pieces become blocks
//! of one member; each refers to nothing before it.

use crc32fast::Hasher;
use flate2::{Compress, Compression, FlushCompress};

/// Magic number, deflate, no flags, no time, no hints, an unknown system.
const HEADER: [u8; 10] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255];
/// For what is compressed for one answer.
const QUICK: u32 = 4;
/// For what many answers share.
const SMALL: u32 = 6;

/// Something in the middle of a compressed text.
#[derive(Debug)]
pub struct Block {
    deflated: Vec<u8>,
    crc: Hasher,
}

impl Block {
    /// Compresses a text that many answers share.
    pub fn new(text: &[u8]) -> Self {
        Self::with(text, SMALL, FlushCompress::Sync)
    }

    fn with(text: &[u8], level: u32, flush: FlushCompress) -> Self {
        let mut crc = Hasher::new();
        crc.update(text);
        Self {
            deflated: deflate(text, level, flush),
            crc,
        }
    }

    /// How many bytes it takes.
    pub fn len(&self) -> usize {
        self.deflated.len()
    }

    /// Whether it is nothing.
    pub fn is_empty(&self) -> bool {
        self.deflated.is_empty()
    }

    /// A whole gzip file: the block between two other texts. `length` is that of all three in bytes.
    pub fn between(&self, head: &[u8], tail: &[u8], length: usize) -> Vec<u8> {
        let head = Self::with(head, QUICK, FlushCompress::Sync);
        let tail = Self::with(tail, QUICK, FlushCompress::Finish);
        let mut crc = head.crc.clone();
        crc.combine(&self.crc);
        crc.combine(&tail.crc);
        let blocks = [&head.deflated, &self.deflated, &tail.deflated];
        file(&blocks, crc, length)
    }
}

/// A whole gzip file of one text, quickly.
pub fn quick(text: &[u8]) -> Vec<u8> {
    whole(text, QUICK)
}

/// A whole gzip file of one text that is sent again and again.
pub fn small(text: &[u8]) -> Vec<u8> {
    whole(text, 9)
}

fn whole(text: &[u8], level: u32) -> Vec<u8> {
    let block = Block::with(text, level, FlushCompress::Finish);
    file(&[&block.deflated], block.crc, text.len())
}

fn file(blocks: &[&Vec<u8>], crc: Hasher, length: usize) -> Vec<u8> {
    let mut file = HEADER.to_vec();
    for block in blocks {
        file.extend_from_slice(block);
    }
    file.extend_from_slice(&crc.finalize().to_le_bytes());
    // The length modulo 2³².
    file.extend_from_slice(&(length as u32).to_le_bytes());
    file
}

fn deflate(text: &[u8], level: u32, flush: FlushCompress) -> Vec<u8> {
    let mut compress = Compress::new(Compression::new(level), false);
    let mut deflated = Vec::with_capacity(text.len() / 3 + 64);
    loop {
        let read = compress.total_in() as usize;
        let before = compress.total_out();
        // It fails only when it is told to go on after its end.
        let _ = compress.compress_vec(&text[read..], &mut deflated, flush);
        let wrote = compress.total_out() > before;
        if deflated.len() < deflated.capacity() || !wrote {
            return deflated;
        }
        deflated.reserve(deflated.capacity());
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use flate2::bufread::GzDecoder;
    use proptest::prelude::*;

    use super::*;

    fn unpack(file: &[u8]) -> Vec<u8> {
        let mut text = Vec::new();
        let mut decoder = GzDecoder::new(file);
        decoder.read_to_end(&mut text).expect("one sound member");
        text
    }

    proptest! {
        #[test]
        fn what_is_put_together_is_what_was_taken_apart(
            head in prop::collection::vec(any::<u8>(), 0..5_000),
            block in "[a-d ]{0,20000}",
            tail in "[ -~]{0,3000}",
        ) {
            let whole = [&head, block.as_bytes(), tail.as_bytes()].concat();
            let file = Block::new(block.as_bytes()).between(&head, tail.as_bytes(), whole.len());
            prop_assert_eq!(unpack(&file), whole.clone());
            prop_assert_eq!(unpack(&quick(&whole)), whole.clone());
            prop_assert_eq!(unpack(&small(&whole)), whole);
        }
    }
}
