//! Filled templates, compressed and kept. Whoever opens the same page again mostly sees the same around the messages: what
//! a part shows is known when its view is, and is compared by a digest; a part that would show the same is not filled and
//! compressed again.

use std::hash::{BuildHasher, Hash, RandomState};
use std::sync::Arc;

use super::{Bulk, Kept};
use crate::error::Result;
use crate::views::gzip;
use crate::views::gzip::Block;
use crate::views::templates::{Templates, View};

/// Where something stands in a part that is filled apart from it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hole {
    /// `rooms/_sidebar.html`.
    Sidebar,
    /// `rooms/_people.html`.
    People,
    /// `rooms/_messages.html`.
    Messages,
    /// The first, second and third piece of `rooms/_extent.html`.
    Extent,
    /// See [`Hole::Extent`].
    Older,
    /// See [`Hole::Extent`].
    Newer,
    /// Nothing is missing: only here a part is cut in pieces.
    Cut,
    /// A new one each time.
    ClientId,
}

/// How they are marked in templates. Nothing that a person writes can look like that.
const MARKS: [(&str, Hole); 8] = [
    ("<!--sidebar-->", Hole::Sidebar),
    ("<!--people-->", Hole::People),
    ("<!--messages-->", Hole::Messages),
    ("<!--extent-->", Hole::Extent),
    ("<!--older-->", Hole::Older),
    ("<!--newer-->", Hole::Newer),
    ("<!--cut-->", Hole::Cut),
    ("<!--client-id-->", Hole::ClientId),
];

/// A filled template: between two blocks there is a hole.
#[derive(Debug)]
pub struct Part {
    blocks: Vec<Block>,
    holes: Vec<Hole>,
}

impl Part {
    /// Takes a filled template apart.
    pub fn new(html: &str) -> Self {
        let (mut texts, mut holes, mut start) = (Vec::new(), Vec::new(), 0);
        for (at, _) in html.match_indices("<!--") {
            let marked = MARKS.iter().find(|(mark, _)| html[at..].starts_with(mark));
            if let Some((mark, hole)) = marked {
                texts.push(&html[start..at]);
                holes.push(*hole);
                start = at + mark.len();
            }
        }
        texts.push(&html[start..]);
        let blocks = Block::several(texts.into_iter());
        Self { blocks, holes }
    }

    /// The gzip file of a page, with what stands in each hole.
    pub fn page<'a>(&'a self, filling: impl Fn(Hole) -> &'a [Block]) -> Vec<u8> {
        let mut blocks = Vec::new();
        for (n, block) in self.blocks.iter().enumerate() {
            blocks.push(block);
            if let Some(hole) = self.holes.get(n) {
                blocks.extend(filling(*hole));
            }
        }
        gzip::file(&blocks)
    }

    /// All of it, where nothing is missing.
    pub fn blocks(&self) -> &[Block] {
        &self.blocks
    }
}

impl Bulk for Part {
    fn bytes(&self) -> usize {
        let blocks: usize = self.blocks.iter().map(Block::bytes).sum();
        blocks + size_of::<Self>()
    }
}

/// Whose page, of which room, by which template.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Place {
    user_id: i64,
    room_id: i64,
    template: &'static str,
}

/// See the module's description. Nobody is shown what was filled for somebody else.
#[derive(Default)]
pub struct Parts {
    kept: Kept<Place, u64, Part>,
    /// Its key is secret: nobody can make two views that have one digest.
    digests: RandomState,
}

impl Parts {
    /// A view's filled template, for a person in a room.
    ///
    /// # Errors
    /// As [`Templates::render`].
    pub fn fill<V: View + Hash>(
        &self,
        templates: &Templates,
        (user_id, room_id): (i64, i64),
        view: &V,
    ) -> Result<Arc<Part>> {
        let digest = self.digests.hash_one(view);
        let place = Place {
            user_id,
            room_id,
            template: V::TEMPLATE,
        };
        if let Some(kept) = self.kept.find(&place, &digest) {
            return Ok(kept);
        }
        let part = Arc::new(Part::new(&templates.render(view)?));
        self.kept.keep(place, digest, part.clone());
        Ok(part)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn holes_are_filled_where_they_are_marked() {
        let part = Part::new("<p>tea<!--messages--></p><!-- mark --><!--sidebar-->!");
        let (messages, sidebar) = (
            [Block::stored(b" and cups")],
            [Block::stored(b"<i>"), Block::stored(b"</i>")],
        );
        let page = part.page(|hole| match hole {
            Hole::Messages => &messages,
            _ => &sidebar,
        });
        let page = gzip::unpack(&page).expect("a gzip file");
        assert_eq!(page, b"<p>tea and cups</p><!-- mark --><i></i>!");
    }
}
