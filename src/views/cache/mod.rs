//! LRU cache of rendered fragments by key and version, limited in bytes and entries.

pub mod fragments;
pub mod message_lists;

use std::hash::Hash;
use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use lru::LruCache;

use crate::views::gzip::DeflateBlock;

/// Maximum weight of the entries in bytes.
pub(super) const BYTES_MAX: usize = 16 * 1024 * 1024;
/// Maximum number of entries.
const COUNT_MAX: NonZeroUsize = NonZeroUsize::new(4096).expect("more than none");

/// A value with a known size.
pub trait Weight {
    /// Returns the approximate memory used, in bytes.
    fn bytes(&self) -> usize;
}

impl Weight for Vec<DeflateBlock> {
    fn bytes(&self) -> usize {
        self.iter().map(DeflateBlock::bytes).sum()
    }
}

struct CacheInner<K, V, T> {
    entries: LruCache<K, (V, Arc<T>)>,
    bytes: usize,
}

/// Values `T` by key `K`, each valid for one version `V`. Clones share the entries.
pub struct WeightedLru<K, V, T>(Arc<Mutex<CacheInner<K, V, T>>>);

impl<K, V, T> Clone for WeightedLru<K, V, T> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<K: Hash + Eq, V, T> Default for WeightedLru<K, V, T> {
    fn default() -> Self {
        let entries = LruCache::unbounded();
        Self(Arc::new(Mutex::new(CacheInner { entries, bytes: 0 })))
    }
}

impl<K: Hash + Eq, V: PartialEq, T: Weight> WeightedLru<K, V, T> {
    fn lock(&self) -> MutexGuard<'_, CacheInner<K, V, T>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns the value of a key if it has this version.
    pub fn get(&self, key: &K, version: &V) -> Option<Arc<T>> {
        let mut inner = self.lock();
        let (cached_version, value) = inner.entries.get(key)?;
        (cached_version == version).then(|| value.clone())
    }

    /// Inserts a value, and evicts the least recently used ones above the limits.
    pub fn insert(&self, key: K, version: V, value: Arc<T>) {
        let mut inner = self.lock();
        inner.bytes += value.bytes();
        if let Some((_, replaced)) = inner.entries.put(key, (version, value)) {
            inner.bytes -= replaced.bytes();
        }
        while inner.bytes > BYTES_MAX || inner.entries.len() > COUNT_MAX.get() {
            let Some((_, (_, oldest))) = inner.entries.pop_lru() else {
                return;
            };
            inner.bytes -= oldest.bytes();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    impl Weight for Vec<u8> {
        fn bytes(&self) -> usize {
            self.len()
        }
    }

    #[test]
    fn value_is_returned_only_for_its_version() {
        let cache = WeightedLru::default();
        cache.insert("lobby", 7, Arc::new(b"tea".to_vec()));
        let found = |version| cache.get(&"lobby", &version).is_some();
        assert!(found(7));
        assert!(!found(8));
        assert!(cache.get(&"kitchen", &7).is_none());
    }

    #[test]
    fn least_recently_used_values_are_evicted() {
        let cache = WeightedLru::default();
        for key in 1..=40 {
            cache.insert(key, 1, Arc::new(vec![0; BYTES_MAX / 10]));
        }
        assert!(cache.lock().bytes <= BYTES_MAX);
        assert!(cache.get(&1, &1).is_none());
        assert!(cache.get(&40, &1).is_some());
    }
}
