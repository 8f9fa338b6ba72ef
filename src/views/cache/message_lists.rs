//! Filled `rooms/_messages.html`, kept. A stretch of history looks the same to everybody who reads it in one language, so
//! it is filled and compressed once for as long as nothing in its room and nobody's name or picture changes.

use super::{Bulk, Kept};
use crate::models::message::Cursor;
use crate::views::display_preferences::Look;
use crate::views::gzip::Block;

/// Which stretch of a room's history, and how it looks.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Stretch {
    room_id: i64,
    cursor: Cursor,
    limit: i64,
    lang: &'static str,
    time_format: &'static str,
}

/// What a list shows: the room's `ver`, and the version of people's names and pictures.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Version {
    /// The room's latest change.
    pub ver: i64,
    /// See [`crate::models::installation::profile_version`].
    pub people: i64,
}

impl Stretch {
    /// A stretch of at most `limit` messages.
    pub fn new(room_id: i64, cursor: Cursor, limit: i64, look: Look) -> Self {
        Self {
            room_id,
            cursor,
            limit,
            lang: look.locale.tag(),
            time_format: look.time_format,
        }
    }
}

/// A filled list, compressed.
#[derive(Debug)]
pub struct List {
    /// All of it.
    pub blocks: Vec<Block>,
    /// The `seq` of its first and its last message, or 0.
    pub ends: (i64, i64),
}

impl List {
    /// A list of messages from one `seq` to another.
    pub fn new(html: &str, ends: (i64, i64)) -> Self {
        let blocks = Block::several(std::iter::once(html));
        Self { blocks, ends }
    }
}

impl Bulk for List {
    fn bytes(&self) -> usize {
        let blocks: usize = self.blocks.iter().map(Block::bytes).sum();
        blocks + size_of::<Stretch>()
    }
}

/// See the module's description. Cheap to clone.
pub type Lists = Kept<Stretch, Version, List>;
