//! Names of open rooms are unique: by what they are compared, and which row holds which name.

use std::collections::HashSet;

use chrono::NaiveDateTime;
use diesel::prelude::*;
use diesel::result::{DatabaseErrorKind, Error as DieselError};
use unicode_normalization::UnicodeNormalization;

use super::{LOBBY, OPEN};
use crate::error::{Error, Result};
use crate::models::database::connection::DbConn;
use crate::models::installation;
use crate::models::schema::rooms;
use crate::models::values::characters::is_default_ignorable;

/// The most characters of a key, as its column has them. NFKC makes up to 18 of one.
const KEY_MAX_CHARS: usize = 700;
/// Names of the Lobby in every language, as keys without spaces. No other room is called so.
const LOBBY_KEYS: [&str; 2] = ["lobby", "大厅"];

/// The key that room names are compared by: compatibility forms (width among them), case and normalization are mapped as
/// for usernames, invisible characters do not count, and neither does the kind or number of spaces.
pub(in crate::models) fn of(name: &str) -> String {
    let mapped = name.nfkc().flat_map(char::to_lowercase).nfkc();
    let visible: String = mapped.filter(|c| !is_default_ignorable(*c)).collect();
    let words: Vec<&str> = visible.split_whitespace().collect();
    words.join(" ").nfc().take(KEY_MAX_CHARS).collect()
}

/// The key that a room holds: none unless it is open.
pub(in crate::models) fn held_by(kind: &str, name: &str) -> Option<String> {
    (kind == OPEN).then(|| of(name))
}

/// Requires that a room may have this name. Runs after [`lock`](crate::models::installation::lock), so nobody takes
/// the name in between.
///
/// # Errors
/// `Invalid` for `name`: the Lobby's name, or that of another open room.
pub(in crate::models) fn require_free(
    conn: &mut DbConn,
    kind: &str,
    name: &str,
    room_id: Option<i64>,
) -> Result<()> {
    let key = of(name);
    if room_id != Some(LOBBY) && LOBBY_KEYS.contains(&key.replace(' ', "").as_str()) {
        return Err(Error::field("name", "error-room-name-lobby"));
    }
    if kind != OPEN {
        return Ok(());
    }
    let holder: Option<(i64, String, Option<NaiveDateTime>)> = rooms::table
        .filter(rooms::name_key.eq(&key))
        .select((rooms::id, rooms::kind, rooms::deleted_at))
        .first(conn)
        .optional()?;
    match holder {
        None => Ok(()),
        Some((id, ..)) if room_id == Some(id) => Ok(()),
        Some((_, kind, None)) if kind == OPEN => Err(taken()),
        // Closed or deleted by other means than this program.
        Some((id, ..)) => hold(conn, id, None),
    }
}

fn taken() -> Error {
    Error::field("name", "error-room-name-taken")
}

/// Translates the violation of the unique index, which settles what [`require_free`] cannot see.
pub(in crate::models) fn name_taken(error: DieselError) -> Error {
    match error {
        DieselError::DatabaseError(DatabaseErrorKind::UniqueViolation, _) => taken(),
        other => other.into(),
    }
}

fn hold(conn: &mut DbConn, room_id: i64, key: Option<&str>) -> Result<()> {
    diesel::update(rooms::table.find(room_id))
        .set(rooms::name_key.eq(key))
        .execute(conn)?;
    Ok(())
}

/// Gives open rooms without a key theirs, oldest first: rooms from before the column, or made by other means than this
/// program. Of rooms with one name the oldest gets it and the others stay without.
///
/// # Errors
/// `Unavailable` when the database does not answer.
pub(in crate::models) fn fill_in(conn: &mut DbConn) -> Result<()> {
    if missing(conn)?.is_empty() {
        return Ok(());
    }
    conn.write(|conn| {
        installation::lock(conn)?;
        let held: Vec<Option<String>> = rooms::table
            .filter(rooms::name_key.is_not_null())
            .select(rooms::name_key)
            .load(conn)?;
        let mut held: HashSet<String> = held.into_iter().flatten().collect();
        for (id, name) in missing(conn)? {
            let key = of(&name);
            if !held.contains(&key) {
                hold(conn, id, Some(&key))?;
                held.insert(key);
            }
        }
        Ok(())
    })
}

/// Open rooms without a key, oldest first.
fn missing(conn: &mut DbConn) -> Result<Vec<(i64, String)>> {
    Ok(rooms::table
        .filter(rooms::kind.eq(OPEN))
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
    fn names_that_look_the_same_have_one_key() {
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
