//! Uniqueness of open rooms' names, by a normalised key in `rooms.name_key`.

use std::collections::HashSet;

use chrono::NaiveDateTime;
use diesel::prelude::*;
use diesel::result::{DatabaseErrorKind, Error as DieselError};
use unicode_normalization::UnicodeNormalization;

use super::LOBBY;
use crate::error::{Error, Result};
use crate::models::database::connection::DbConn;
use crate::models::installation;
use crate::models::schema::rooms;
use crate::protocol::RoomKind;
use teahouse_text::characters::is_default_ignorable;

/// Maximum characters of a key, as in the column. NFKC expands one character to at most 18.
const KEY_MAX_CHARS: usize = 700;
/// Keys, without spaces, of the Lobby's names in all languages. No other room may have them.
const LOBBY_KEYS: [&str; 2] = ["lobby", "大厅"];

/// Returns the key by which room names are compared: NFKC and lower case as for usernames, without invisible
/// characters, with white space collapsed.
pub(in crate::models) fn of(name: &str) -> String {
    let mapped = name.nfkc().flat_map(char::to_lowercase).nfkc();
    let visible: String = mapped.filter(|c| !is_default_ignorable(*c)).collect();
    let words: Vec<&str> = visible.split_whitespace().collect();
    words.join(" ").nfc().take(KEY_MAX_CHARS).collect()
}

/// Returns the `name_key` of a room; `None` unless it is open.
pub(in crate::models) fn for_room(kind: RoomKind, name: &str) -> Option<String> {
    (kind == RoomKind::Open).then(|| of(name))
}

/// Requires that a room may have this name. Requires a transaction that began with
/// [`lock`](crate::models::installation::lock), so that no other transaction takes the name in between.
///
/// # Errors
/// `Invalid` for `name` when it is a name of the Lobby or of another open room.
pub(in crate::models) fn require_free(
    conn: &mut DbConn,
    kind: RoomKind,
    name: &str,
    room_id: Option<i64>,
) -> Result<()> {
    let key = of(name);
    if room_id != Some(LOBBY) && LOBBY_KEYS.contains(&key.replace(' ', "").as_str()) {
        return Err(Error::field("name", "error-room-name-lobby"));
    }
    if kind != RoomKind::Open {
        return Ok(());
    }
    let holder: Option<(i64, RoomKind, Option<NaiveDateTime>)> = rooms::table
        .filter(rooms::name_key.eq(&key))
        .select((rooms::id, rooms::kind, rooms::deleted_at))
        .first(conn)
        .optional()?;
    match holder {
        None => Ok(()),
        Some((id, ..)) if room_id == Some(id) => Ok(()),
        Some((_, RoomKind::Open, None)) => Err(taken()),
        // The room was closed or deleted by plain SQL.
        Some((id, ..)) => set(conn, id, None),
    }
}

fn taken() -> Error {
    Error::field("name", "error-room-name-taken")
}

/// Maps a violation of the unique index, which concurrent writes can cause despite [`require_free`], to `Invalid`.
pub(in crate::models) fn map_unique_violation(error: DieselError) -> Error {
    match error {
        DieselError::DatabaseError(DatabaseErrorKind::UniqueViolation, _) => taken(),
        other => other.into(),
    }
}

fn set(conn: &mut DbConn, room_id: i64, key: Option<&str>) -> Result<()> {
    diesel::update(rooms::table.find(room_id))
        .set(rooms::name_key.eq(key))
        .execute(conn)?;
    Ok(())
}

/// Sets missing keys of open rooms, oldest first: of rooms older than the column or created by plain SQL. Of several
/// rooms with the same name only the oldest gets the key.
pub(in crate::models) fn backfill(conn: &mut DbConn) -> Result<()> {
    if without_key(conn)?.is_empty() {
        return Ok(());
    }
    conn.write(|conn| {
        installation::lock(conn)?;
        let keys: Vec<Option<String>> = rooms::table
            .filter(rooms::name_key.is_not_null())
            .select(rooms::name_key)
            .load(conn)?;
        let mut keys: HashSet<String> = keys.into_iter().flatten().collect();
        for (id, name) in without_key(conn)? {
            let key = of(&name);
            if !keys.contains(&key) {
                set(conn, id, Some(&key))?;
                keys.insert(key);
            }
        }
        Ok(())
    })
}

/// Returns the open rooms without a key as (id, name), oldest first.
fn without_key(conn: &mut DbConn) -> Result<Vec<(i64, String)>> {
    Ok(rooms::table
        .filter(rooms::kind.eq(RoomKind::Open))
        .filter(rooms::deleted_at.is_null())
        .filter(rooms::name_key.is_null())
        .order(rooms::id)
        .select((rooms::id, rooms::name))
        .load(conn)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_look_alike_have_the_same_key() {
        for (one, other) in [
            ("Tea Room", "tea room"),
            ("Tea Room", "ＴＥＡ　ＲＯＯＭ"),
            ("Tea Room", "  Tea \u{a0}\u{2003}Room "),
            ("Tea Room", "Tea\u{200b} Ro\u{ad}om\u{fe0f}"),
            ("caf\u{e9}", "CAFE\u{301}"),
            ("ﬁne", "FINE"),
            ("ΣΊΣΥΦΟΣ", "σίσυφοσ"),
            ("İ", "i\u{307}"),
            ("ｶﾞ", "ガ"),
        ] {
            assert_eq!(of(one), of(other), "{one} {other}");
        }
        for (one, other) in [
            ("tea", "teas"),
            ("tea room", "tearoom"),
            ("茶", "茗"),
            ("e", "é"),
        ] {
            assert_ne!(of(one), of(other), "{one} {other}");
        }
        assert_eq!(of(&"\u{fdfa}".repeat(80)).chars().count(), KEY_MAX_CHARS);
    }
}
