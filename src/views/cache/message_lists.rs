//! Cache of rendered `rooms/_messages.html`. A range of history is the same for all readers with the same language and
//! time format, so it is rendered once per change of the room or of any name or picture.

use super::{Weight, WeightedLru};
use crate::models::message::Cursor;
use crate::views::display_preferences::DisplayPreferences;
use crate::views::gzip::DeflateBlock;

/// A range of a room's history with language and time format.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct HistoryRange {
    room_id: i64,
    cursor: Cursor,
    limit: i64,
    lang: &'static str,
    time_format: &'static str,
}

/// Version of a rendered range.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MessageListVersion {
    /// `ver` of the room: its latest change.
    pub ver: i64,
    /// Version of all names and pictures ([`crate::models::installation::profile_version`]).
    pub profile_version: i64,
}

impl HistoryRange {
    /// A range of at most `limit` messages.
    pub fn new(room_id: i64, cursor: Cursor, limit: i64, display: DisplayPreferences) -> Self {
        Self {
            room_id,
            cursor,
            limit,
            lang: display.locale.tag(),
            time_format: display.time_format,
        }
    }
}

/// A rendered and compressed list of messages.
#[derive(Debug)]
pub struct RenderedMessageList {
    /// Compressed HTML.
    pub blocks: Vec<DeflateBlock>,
    /// `seq` of the first and the last message, or 0.
    pub ends: (i64, i64),
}

impl RenderedMessageList {
    /// Compresses a rendered list; `ends` are the `seq` of its first and last message.
    pub fn new(html: &str, ends: (i64, i64)) -> Self {
        let blocks = DeflateBlock::compress_all(std::iter::once(html));
        Self { blocks, ends }
    }
}

impl Weight for RenderedMessageList {
    fn bytes(&self) -> usize {
        self.blocks.bytes() + size_of::<HistoryRange>()
    }
}

/// Rendered lists by range. Clones share the entries.
pub type MessageListCache = WeightedLru<HistoryRange, MessageListVersion, RenderedMessageList>;
