//! Cache of rendered and compressed templates. A page that is opened again is mostly the same around the messages: the
//! digest of a view identifies its output, so an unchanged view is not rendered and compressed again.

use std::hash::{BuildHasher, Hash, RandomState};
use std::sync::Arc;

use super::{Weight, WeightedLru};
use crate::error::Result;
use crate::views::gzip;
use crate::views::gzip::DeflateBlock;
use crate::views::templates::{Templates, View};

/// A place in a template for separately rendered content.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Slot {
    /// `rooms/_sidebar.html`.
    Sidebar,
    /// `rooms/_members.html`.
    Members,
    /// `rooms/_messages.html`.
    Messages,
    /// The first block of `rooms/_loaded_range.html`: attributes.
    LoadedRange,
    /// The second block of `rooms/_loaded_range.html`: link to older messages.
    Older,
    /// The third block of `rooms/_loaded_range.html`: link to newer messages.
    Newer,
    /// Splits a fragment into blocks without inserting content.
    Cut,
    /// Client id of the message form, new for each response.
    ClientId,
}

/// Markers in templates. User content is escaped, so it cannot contain them.
const SLOT_MARKERS: [(&str, Slot); 8] = [
    ("<!--sidebar-->", Slot::Sidebar),
    ("<!--members-->", Slot::Members),
    ("<!--messages-->", Slot::Messages),
    ("<!--loaded-range-->", Slot::LoadedRange),
    ("<!--older-->", Slot::Older),
    ("<!--newer-->", Slot::Newer),
    ("<!--cut-->", Slot::Cut),
    ("<!--client-id-->", Slot::ClientId),
];

/// A rendered template: compressed blocks with a slot between each two.
#[derive(Debug)]
pub struct Fragment {
    blocks: Vec<DeflateBlock>,
    slots: Vec<Slot>,
}

impl Fragment {
    /// Splits rendered HTML at its slots and compresses the blocks.
    pub fn new(html: &str) -> Self {
        let (mut texts, mut slots, mut start) = (Vec::new(), Vec::new(), 0);
        for (at, _) in html.match_indices("<!--") {
            let marked = SLOT_MARKERS
                .iter()
                .find(|(marker, _)| html[at..].starts_with(marker));
            if let Some((marker, slot)) = marked {
                texts.push(&html[start..at]);
                slots.push(*slot);
                start = at + marker.len();
            }
        }
        texts.push(&html[start..]);
        let blocks = DeflateBlock::compress_all(texts.into_iter());
        Self { blocks, slots }
    }

    /// Returns the gzip file of the page, with the given blocks in each slot.
    pub fn assemble<'a>(&'a self, content: impl Fn(Slot) -> &'a [DeflateBlock]) -> Vec<u8> {
        let mut blocks = Vec::new();
        for (n, block) in self.blocks.iter().enumerate() {
            blocks.push(block);
            if let Some(slot) = self.slots.get(n) {
                blocks.extend(content(*slot));
            }
        }
        gzip::assemble(&blocks)
    }

    /// Returns the blocks of a fragment without content to insert.
    pub fn blocks(&self) -> &[DeflateBlock] {
        &self.blocks
    }
}

impl Weight for Fragment {
    fn bytes(&self) -> usize {
        self.blocks.bytes() + size_of::<Self>()
    }
}

/// Fragments by user, room and template; none is shared between users.
#[derive(Default)]
pub struct FragmentCache {
    cache: WeightedLru<(i64, i64, &'static str), u64, Fragment>,
    /// Randomly keyed, so that digest collisions cannot be constructed.
    hasher: RandomState,
}

impl FragmentCache {
    /// Returns the rendered fragment of a view for a user in a room, cached if the view has not changed.
    pub fn render<V: View + Hash>(
        &self,
        templates: &Templates,
        (user_id, room_id): (i64, i64),
        view: &V,
    ) -> Result<Arc<Fragment>> {
        let digest = self.hasher.hash_one(view);
        let key = (user_id, room_id, V::TEMPLATE);
        if let Some(cached) = self.cache.get(&key, &digest) {
            return Ok(cached);
        }
        let fragment = Arc::new(Fragment::new(&templates.render(view)?));
        self.cache.insert(key, digest, fragment.clone());
        Ok(fragment)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_is_inserted_at_the_markers() {
        let fragment = Fragment::new("<p>tea<!--messages--></p><!-- mark --><!--sidebar-->!");
        let (messages, sidebar) = (
            [DeflateBlock::stored(b" and cups")],
            [DeflateBlock::stored(b"<i>"), DeflateBlock::stored(b"</i>")],
        );
        let page = fragment.assemble(|slot| match slot {
            Slot::Messages => &messages,
            _ => &sidebar,
        });
        let page = gzip::decompress(&page).expect("a gzip file");
        assert_eq!(page, b"<p>tea and cups</p><!-- mark --><i></i>!");
    }
}
