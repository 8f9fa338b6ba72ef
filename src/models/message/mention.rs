//! Mentions of members with `@name`.
//!
//! # Errors
//! `Unavailable` when the database does not respond.

use std::collections::{HashMap, HashSet};
use std::ops::Range;

use diesel::prelude::*;
use teahouse_text::{links, name_end, script};

use crate::error::Result;
use crate::models::database::connection::DbConn;
use crate::models::schema::{memberships, mentions, messages, users};
use crate::models::values::user_status::Status;
use crate::models::values::username;
use crate::models::values::username::Username;

/// Most mentions of one message; further ones stay plain text.
const MAX_MENTIONS: usize = 50;

/// A mention in a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mention {
    /// The mentioned user.
    pub user_id: i64,
    /// Byte range in the text, including the `@`.
    pub range: Range<usize>,
}

/// Finds the mentions in a text, outside of links. After each `@`, the longest name that `user_id_of` knows and that may
/// end there (`teahouse_text::name_end`) counts.
pub fn find(text: &str, user_id_of: impl Fn(&str) -> Option<i64>) -> Vec<Mention> {
    let mut mentions = Vec::new();
    let mut links = None;
    for start in starts(text) {
        if mentions.len() == MAX_MENTIONS {
            break;
        }
        let mut candidates = candidates(text, start);
        let Some((user_id, end)) = candidates.find_map(|(key, end)| Some((user_id_of(&key)?, end)))
        else {
            continue;
        };
        let links = links.get_or_insert_with(|| links::find(text));
        if !links.iter().any(|link| link.range.contains(&start)) {
            let range = start..end;
            mentions.push(Mention { user_id, range });
        }
    }
    mentions
}

/// Returns the byte index of each `@` that is not inside a word.
fn starts(text: &str) -> impl Iterator<Item = usize> {
    text.match_indices('@').filter_map(move |(at, _)| {
        let is_in_word = match text[..at].chars().next_back() {
            Some(c) if c.is_ascii() => username::is_allowed(c),
            Some(c) => script::is_word(c) && !script::attaches_to_foreign_words(c),
            None => false,
        };
        (!is_in_word).then_some(at)
    })
}

/// Returns the keys of possible names after an `@`, longest first, each with its end in the text.
fn candidates(text: &str, at: usize) -> impl Iterator<Item = (String, usize)> {
    let rest = &text[at + 1..];
    let mut ends: Vec<usize> = rest
        .char_indices()
        .take(username::MAX_CHARS)
        .take_while(|(_, c)| username::is_allowed(*c))
        .map(|(index, c)| index + c.len_utf8())
        .collect();
    ends.retain(|end| name_end::is_at(&rest[..*end], &rest[*end..]));
    ends.into_iter().rev().filter_map(move |end| {
        let name = Username::parse(&rest[..end]).ok()?;
        Some((name.key().to_owned(), at + 1 + end))
    })
}

/// User ids of members, by room and username key.
#[derive(Debug, Default)]
pub struct MentionableMembers(HashMap<(i64, String), i64>);

impl MentionableMembers {
    /// Loads the members that these texts, each with its room, may mention.
    pub fn load<'a>(
        conn: &mut DbConn,
        texts: impl Iterator<Item = (i64, &'a str)>,
    ) -> Result<Self> {
        let (mut rooms, mut keys) = (HashSet::new(), HashSet::new());
        for (room_id, text) in texts {
            for start in starts(text).take(MAX_MENTIONS) {
                rooms.insert(room_id);
                keys.extend(candidates(text, start).map(|(key, _)| key));
            }
        }
        if keys.is_empty() {
            return Ok(Self::default());
        }
        let found: Vec<(i64, String, i64)> = memberships::table
            .inner_join(users::table)
            .filter(memberships::room_id.eq_any(rooms))
            .filter(users::username_key.eq_any(keys))
            .filter(users::status.eq(Status::Active))
            .select((memberships::room_id, users::username_key, users::id))
            .load(conn)?;
        Ok(Self(
            found
                .into_iter()
                .map(|(room_id, key, user_id)| ((room_id, key), user_id))
                .collect(),
        ))
    }

    /// Finds the mentions in a text of this room.
    pub fn find_in(&self, room_id: i64, text: &str) -> Vec<Mention> {
        find(text, |key| self.0.get(&(room_id, key.to_owned())).copied())
    }
}

/// Returns the users mentioned in the stored messages with these ids, by id and username key.
pub fn load_for_messages(
    conn: &mut DbConn,
    ids: impl Iterator<Item = i64>,
) -> Result<HashMap<i64, HashMap<String, i64>>> {
    let ids: Vec<i64> = ids.collect();
    let mut mentioned: HashMap<i64, HashMap<String, i64>> = HashMap::new();
    if ids.is_empty() {
        return Ok(mentioned);
    }
    let found: Vec<(i64, String, i64)> = mentions::table
        .inner_join(users::table)
        .inner_join(
            messages::table.on(messages::room_id
                .eq(mentions::room_id)
                .and(messages::seq.eq(mentions::seq))),
        )
        .filter(messages::id.eq_any(ids))
        .select((messages::id, users::username_key, users::id))
        .load(conn)?;
    for (id, key, user_id) in found {
        mentioned.entry(id).or_default().insert(key, user_id);
    }
    Ok(mentioned)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn mentions(text: &str) -> Vec<(i64, &str)> {
        let known = HashMap::from([("mei", 1), ("mei_lin", 2), ("李梅", 3), ("jo.", 4)]);
        find(text, |key| known.get(key).copied())
            .into_iter()
            .map(|mention| (mention.user_id, &text[mention.range]))
            .collect()
    }

    #[test]
    fn longest_known_name_is_mentioned() {
        assert_eq!(mentions("@mei, @mei_lin!"), [(1, "@mei"), (2, "@mei_lin")]);
        assert_eq!(mentions("hi @MEI."), [(1, "@MEI")]);
        assert_eq!(
            mentions("@李梅你好，早上好@mei"),
            [(3, "@李梅"), (1, "@mei")]
        );
        assert_eq!(mentions("(@jo.)"), [(4, "@jo.")]);
    }

    #[test]
    fn addresses_and_unknown_names_are_plain_text() {
        assert_eq!(mentions("mail me@mei.example or @nobody @ @@"), []);
    }

    #[test]
    fn longer_word_is_not_a_mention_of_its_prefix() {
        let known = HashMap::from([
            ("john", 1),
            ("李梅", 2),
            ("田中", 3),
            ("タロ", 4),
            ("민수", 5),
            ("иван", 6),
            ("josé", 7),
            ("สมชาย", 8),
            ("محمد", 9),
            ("דנה", 10),
            ("j2", 11),
            ("小明1", 12),
            ("राम", 13),
            ("a.b", 14),
            ("12345", 15),
        ]);
        let cases: &[(&str, &[&str])] = &[
            ("@john", &["@john"]),
            (
                "@johnson @johny @john2 @john_2 @john.x @john-smith @john__x",
                &[],
            ),
            (
                "@john. @john, @john! (@john) @john's @john: @john/@john",
                &["@john"; 8],
            ),
            (
                "@john- @john_ @john.\nx @john... @john...hi @john--hi",
                &["@john"; 6],
            ),
            (
                "@john你好 @johnさん @john님 @john-你好 @john。",
                &["@john"; 5],
            ),
            ("@johnпривет @john三", &["@john", "@john"]),
            ("@john\u{301} @johné @joHNson @JOHN", &["@JOHN"]),
            ("@john٣ @john\u{ff12}", &["@john"]),
            (
                "@李梅你好 @李梅ok @李梅2点见 @李梅。 @李梅-好",
                &["@李梅"; 5],
            ),
            ("@李梅\u{301}", &[]),
            ("@田中さん @タロー", &["@田中", "@タロ"]),
            ("@小明12 @小明1号", &["@小明1", "@小明1"]),
            (
                "@민수님 @민수야 @민수가, @민수님이 @민수씨는 @민수 @민수선생님께",
                &["@민수"; 7],
            ),
            ("@민수진 @민수진님 @민수2", &[]),
            ("@иван, @иванов @иван2 @ивaн", &["@иван"]),
            (
                "@josé @jose @joséphine @Jose\u{301}",
                &["@josé", "@Jose\u{301}"],
            ),
            ("@สมชายครับ", &["@สมชาย"]),
            ("@محمد، @محمدي @محمدhi", &["@محمد", "@محمد"]),
            ("@דנה @דנהל", &["@דנה"]),
            ("@राम @रामा @राम।", &["@राम", "@राम"]),
            ("@j2 @j23 @j2x @j2你", &["@j2", "@j2"]),
            ("@a.b @a.b. @a.bc @a.b.c", &["@a.b", "@a.b"]),
            ("@12345 @123456 @12345a @12345号", &["@12345", "@12345"]),
            (
                "你好@john привет@john é@john 안녕@john",
                &["@john", "@john"],
            ),
            (
                "https://x.example/@john @john www.x.example/@john a@john.example",
                &["@john"],
            ),
            ("mei@john, @@john", &["@john"]),
        ];
        for (text, names) in cases {
            let found = find(text, |key| known.get(key).copied());
            let found: Vec<_> = found
                .into_iter()
                .map(|mention| &text[mention.range])
                .collect();
            assert_eq!(&found, names, "{text}");
        }
    }

    proptest! {
        #[test]
        fn mentions_are_ordered_and_do_not_overlap(
            parts in prop::collection::vec(
                prop_oneof![Just("@mei"), Just("@李梅"), Just("@"), Just("_lin"), Just(" "), Just("x"), Just("。")],
                0..120,
            ),
            other in any::<String>(),
        ) {
            let text = format!("{}{other}", parts.concat());
            let known = |key: &str| ["mei", "mei_lin", "李梅"].iter().position(|name| *name == key);
            let found = find(&text, |key| known(key).map(|index| index as i64));
            prop_assert!(found.len() <= MAX_MENTIONS);
            let mut end = 0;
            for Mention { user_id, range } in found {
                prop_assert!(range.start >= end);
                let name = text[range.clone()].strip_prefix('@').expect("a name");
                let key = Username::parse(name).expect("a name").key().to_owned();
                prop_assert_eq!(known(&key), usize::try_from(user_id).ok());
                end = range.end;
            }
        }
    }
}
