//! Filled `rooms/_messages.html`, kept. A stretch of history looks the same to everybody who reads it in one language, so
//! it is filled and compressed once for as long as nothing in its room and nobody's name or picture changes.

use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use lru::LruCache;

use super::gzip::Block;
use super::look::Look;
use crate::models::message::Cursor;

/// Stands in a page where the list goes. Nothing that a person writes can look like it.
pub const LIST: &str = "<!--messages-->";

/// All of them take at most so many bytes …
const BYTES_MAX: usize = 16 * 1024 * 1024;
/// … and are at most so many.
const COUNT_MAX: NonZeroUsize = NonZeroUsize::new(4096).expect("more than none");

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
    /// See [`crate::models::installation::people`].
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

/// A filled list.
#[derive(Debug)]
pub struct List {
    /// The HTML.
    pub html: String,
    /// The same, compressed.
    pub block: Block,
    /// The `seq` of its first and its last message, or 0.
    pub ends: (i64, i64),
}

impl List {
    /// A list of messages from one `seq` to another.
    pub fn new(html: String, ends: (i64, i64)) -> Self {
        let block = Block::new(html.as_bytes());
        Self { html, block, ends }
    }

    fn bytes(&self) -> usize {
        self.html.len() + self.block.len() + size_of::<Self>()
    }
}

struct Kept {
    lists: LruCache<Stretch, (Version, Arc<List>)>,
    bytes: usize,
}

/// See the module's description. Cheap to clone.
#[derive(Clone)]
pub struct Lists(Arc<Mutex<Kept>>);

impl Default for Lists {
    fn default() -> Self {
        let lists = LruCache::unbounded();
        Self(Arc::new(Mutex::new(Kept { lists, bytes: 0 })))
    }
}

impl Lists {
    fn lock(&self) -> MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The list, unless something changed.
    pub fn find(&self, stretch: &Stretch, version: Version) -> Option<Arc<List>> {
        let mut kept = self.lock();
        let (of, list) = kept.lists.get(stretch)?;
        (*of == version).then(|| list.clone())
    }

    /// Keeps a list, and as many of the others as there is room for.
    pub fn keep(&self, stretch: Stretch, version: Version, list: Arc<List>) {
        let mut kept = self.lock();
        kept.bytes += list.bytes();
        if let Some((_, before)) = kept.lists.put(stretch, (version, list)) {
            kept.bytes -= before.bytes();
        }
        while kept.bytes > BYTES_MAX || kept.lists.len() > COUNT_MAX.get() {
            let Some((_, (_, oldest))) = kept.lists.pop_lru() else {
                return;
            };
            kept.bytes -= oldest.bytes();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::views::locale::Locale;

    fn stretch(room_id: i64) -> Stretch {
        Stretch::new(room_id, Cursor::Newest, 50, Locale::EnUs.into())
    }

    #[test]
    fn a_list_is_kept_until_something_changes() {
        let lists = Lists::default();
        let version = Version { ver: 7, people: 1 };
        lists.keep(
            stretch(1),
            version,
            Arc::new(List::new("tea".into(), (1, 7))),
        );
        let found = |version| lists.find(&stretch(1), version).map(|list| list.ends);
        assert_eq!(found(version), Some((1, 7)));
        assert_eq!(found(Version { ver: 8, ..version }), None);
        assert_eq!(
            found(Version {
                people: 2,
                ..version
            }),
            None
        );
        assert!(lists.find(&stretch(2), version).is_none());
    }

    #[test]
    fn the_oldest_make_room() {
        let lists = Lists::default();
        let version = Version { ver: 1, people: 1 };
        let big = "tea ".repeat(BYTES_MAX / 40);
        for room_id in 1..=40 {
            lists.keep(
                stretch(room_id),
                version,
                Arc::new(List::new(big.clone(), (1, 1))),
            );
        }
        assert!(lists.lock().bytes <= BYTES_MAX);
        assert!(lists.find(&stretch(1), version).is_none());
        assert!(lists.find(&stretch(40), version).is_some());
    }
}
