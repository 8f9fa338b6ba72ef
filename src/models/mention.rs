//! Whom a message names with `@name`.

use std::collections::{HashMap, HashSet};
use std::ops::Range;

use diesel::prelude::*;

use super::connection::DbConn;
use super::schema::{memberships, mentions, users};
use super::user::ACTIVE;
use super::username::{self, Username};
use crate::error::Result;

/// A message names so many people at the most; more are text.
const MAX_NAMED: usize = 50;

/// A name in a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Named {
    /// Whose.
    pub user_id: i64,
    /// Where it stands, the `@` included.
    pub place: Range<usize>,
}

/// Finds the names in a text. A name ends where the longest one that is known ends, so that `@mei。` and `@李梅你好`
/// find mei and 李梅.
pub fn find(text: &str, known: impl Fn(&str) -> Option<i64>) -> Vec<Named> {
    let mut named = Vec::new();
    for (start, run) in runs(text) {
        if named.len() == MAX_NAMED {
            break;
        }
        let found = prefixes(run).find_map(|(key, end)| Some((known(&key)?, end)));
        if let Some((user_id, end)) = found {
            named.push(Named {
                user_id,
                place: start..start + 1 + end,
            });
        }
    }
    named
}

/// What follows each `@` that does not stand inside a word: its place and at most as many characters as a name has.
fn runs(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.match_indices('@').filter_map(move |(at, _)| {
        let before = text[..at].chars().next_back();
        if before.is_some_and(|c| username::is_allowed(c) && c.is_ascii()) {
            return None;
        }
        let rest = &text[at + 1..];
        let end = rest
            .char_indices()
            .take(username::MAX_CHARS)
            .take_while(|(_, c)| username::is_allowed(*c))
            .last()
            .map(|(index, c)| index + c.len_utf8())?;
        Some((at, &rest[..end]))
    })
}

/// The keys of everything a run may begin with, longest first, and where each ends.
fn prefixes(run: &str) -> impl Iterator<Item = (String, usize)> {
    let ends: Vec<usize> = run.char_indices().map(|(i, c)| i + c.len_utf8()).collect();
    ends.into_iter().rev().filter_map(move |end| {
        let name = Username::parse(&run[..end]).ok()?;
        Some((name.key().to_owned(), end))
    })
}

/// The members of rooms whom texts may name.
#[derive(Debug, Default)]
pub struct Members(HashMap<(i64, String), i64>);

impl Members {
    /// Looks up whom these texts, each with its room, may name.
    ///
    /// # Errors
    /// `Unavailable` when the database does not answer.
    pub fn load<'a>(
        conn: &mut DbConn,
        texts: impl Iterator<Item = (i64, &'a str)>,
    ) -> Result<Self> {
        let (mut rooms, mut keys) = (HashSet::new(), HashSet::new());
        for (room_id, text) in texts {
            for (_, run) in runs(text).take(MAX_NAMED) {
                rooms.insert(room_id);
                keys.extend(prefixes(run).map(|(key, _)| key));
            }
        }
        if keys.is_empty() {
            return Ok(Self::default());
        }
        let found: Vec<(i64, String, i64)> = memberships::table
            .inner_join(users::table)
            .filter(memberships::room_id.eq_any(rooms))
            .filter(users::username_key.eq_any(keys))
            .filter(users::status.eq(ACTIVE))
            .select((memberships::room_id, users::username_key, users::id))
            .load(conn)?;
        Ok(Self(
            found
                .into_iter()
                .map(|(room_id, key, user_id)| ((room_id, key), user_id))
                .collect(),
        ))
    }

    /// The names in a text that is said in this room.
    pub fn named_in(&self, room_id: i64, text: &str) -> Vec<Named> {
        find(text, |key| self.0.get(&(room_id, key.to_owned())).copied())
    }
}

/// Whom stored messages name: by place in the room, the keys of the names.
///
/// # Errors
/// `Unavailable` when the database does not answer.
pub fn of_messages(
    conn: &mut DbConn,
    room_id: i64,
    seqs: Vec<i64>,
) -> Result<HashMap<i64, HashMap<String, i64>>> {
    let mut named: HashMap<i64, HashMap<String, i64>> = HashMap::new();
    if seqs.is_empty() {
        return Ok(named);
    }
    let found: Vec<(i64, String, i64)> = mentions::table
        .inner_join(users::table)
        .filter(mentions::room_id.eq(room_id))
        .filter(mentions::seq.eq_any(seqs))
        .select((mentions::seq, users::username_key, users::id))
        .load(conn)?;
    for (seq, key, user_id) in found {
        named.entry(seq).or_default().insert(key, user_id);
    }
    Ok(named)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn named(text: &str) -> Vec<(i64, &str)> {
        let known = HashMap::from([("mei", 1), ("mei_lin", 2), ("李梅", 3), ("jo.", 4)]);
        find(text, |key| known.get(key).copied())
            .into_iter()
            .map(|named| (named.user_id, &text[named.place]))
            .collect()
    }

    #[test]
    fn the_longest_known_name_is_meant() {
        assert_eq!(named("@mei, @mei_lin!"), [(1, "@mei"), (2, "@mei_lin")]);
        assert_eq!(named("hi @MEI."), [(1, "@MEI")]);
        assert_eq!(named("@李梅你好，早上好@mei"), [(3, "@李梅"), (1, "@mei")]);
        assert_eq!(named("(@jo.)"), [(4, "@jo.")]);
    }

    #[test]
    fn addresses_and_strangers_are_text() {
        assert_eq!(named("mail me@mei.example or @nobody @ @@"), []);
    }

    proptest! {
        #[test]
        fn names_stand_in_order_and_apart(
            parts in prop::collection::vec(
                prop_oneof![Just("@mei"), Just("@李梅"), Just("@"), Just("_lin"), Just(" "), Just("x"), Just("。")],
                0..120,
            ),
            other in any::<String>(),
        ) {
            let text = format!("{}{other}", parts.concat());
            let known = |key: &str| ["mei", "mei_lin", "李梅"].iter().position(|name| *name == key);
            let found = find(&text, |key| known(key).map(|index| index as i64));
            prop_assert!(found.len() <= MAX_NAMED);
            let mut end = 0;
            for Named { user_id, place } in found {
                prop_assert!(place.start >= end);
                let name = text[place.clone()].strip_prefix('@').expect("a name");
                let key = Username::parse(name).expect("a name").key().to_owned();
                prop_assert_eq!(known(&key), usize::try_from(user_id).ok());
                end = place.end;
            }
        }
    }
}
