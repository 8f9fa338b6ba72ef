//! What was filled once and is wanted again: kept for as long as it would be filled with the same, and there is room.

pub mod fragments;
pub mod message_lists;

use std::hash::Hash;
use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use lru::LruCache;

/// All of them take at most so many bytes …
pub(super) const BYTES_MAX: usize = 16 * 1024 * 1024;
/// … and are at most so many.
const COUNT_MAX: NonZeroUsize = NonZeroUsize::new(4096).expect("more than none");

/// Something that takes room.
pub trait Bulk {
    /// Bytes, nearly.
    fn bytes(&self) -> usize;
}

struct Shelf<K, V, T> {
    things: LruCache<K, (V, Arc<T>)>,
    bytes: usize,
}

/// By its place (`K`) and what it shows (`V`). Cheap to clone.
pub struct Kept<K, V, T>(Arc<Mutex<Shelf<K, V, T>>>);

impl<K, V, T> Clone for Kept<K, V, T> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<K: Hash + Eq, V, T> Default for Kept<K, V, T> {
    fn default() -> Self {
        let things = LruCache::unbounded();
        Self(Arc::new(Mutex::new(Shelf { things, bytes: 0 })))
    }
}

impl<K: Hash + Eq, V: PartialEq, T: Bulk> Kept<K, V, T> {
    fn lock(&self) -> MutexGuard<'_, Shelf<K, V, T>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What is kept of a place, unless it shows something else.
    pub fn find(&self, place: &K, version: &V) -> Option<Arc<T>> {
        let mut shelf = self.lock();
        let (of, thing) = shelf.things.get(place)?;
        (of == version).then(|| thing.clone())
    }

    /// Keeps a thing, and as many of the others as there is room for.
    pub fn keep(&self, place: K, version: V, thing: Arc<T>) {
        let mut shelf = self.lock();
        shelf.bytes += thing.bytes();
        if let Some((_, before)) = shelf.things.put(place, (version, thing)) {
            shelf.bytes -= before.bytes();
        }
        while shelf.bytes > BYTES_MAX || shelf.things.len() > COUNT_MAX.get() {
            let Some((_, (_, oldest))) = shelf.things.pop_lru() else {
                return;
            };
            shelf.bytes -= oldest.bytes();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    impl Bulk for Vec<u8> {
        fn bytes(&self) -> usize {
            self.len()
        }
    }

    #[test]
    fn a_thing_is_kept_until_it_shows_something_else() {
        let kept = Kept::default();
        kept.keep("lobby", 7, Arc::new(b"tea".to_vec()));
        let found = |version| kept.find(&"lobby", &version).is_some();
        assert!(found(7));
        assert!(!found(8));
        assert!(kept.find(&"kitchen", &7).is_none());
    }

    #[test]
    fn the_oldest_make_room() {
        let kept = Kept::default();
        for place in 1..=40 {
            kept.keep(place, 1, Arc::new(vec![0; BYTES_MAX / 10]));
        }
        assert!(kept.lock().bytes <= BYTES_MAX);
        assert!(kept.find(&1, &1).is_none());
        assert!(kept.find(&40, &1).is_some());
    }
}
