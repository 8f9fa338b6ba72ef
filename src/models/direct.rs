//! Direct rooms: exactly one for each set of 2 to 20 people.

use std::collections::HashSet;

use diesel::alias;
use diesel::prelude::*;

use super::connection::{DbConn, on_each};
use super::membership::{EVERYTHING, Membership};
use super::phone_number::PhoneNumber;
use super::room::DIRECT;
use super::schema::{memberships, rooms, users};
use super::user::{ACTIVE, User};
use super::{blocks, installation, notice, now, reach};
use crate::error::{Error, Result};
use crate::realtime::store::Direct;

/// The most people of a direct room.
const MAX_PEOPLE: usize = 20;

/// The direct room of a person with others, each named by username or phone number (with `+` and country code); found
/// if it exists, made if not. Runs in a transaction that writes.
///
/// # Errors
/// `NotFound` when somebody does not exist, `Refused` with nobody but oneself, `Invalid` for `to` when nobody is named
/// or too many are. For a new room also `Unreachable` when somebody wants no new conversation with this person
/// (`NotFound` when they are named by their number, which is not to be tried out), and `Blocked` when a room of two
/// would come from somebody whom the other one does not want to hear.
pub fn find_or_make(conn: &mut DbConn, user_id: i64, to: &[String]) -> Result<Direct> {
    // Whoever makes a room waits here for the one before, so that there is never a second one.
    installation::take_turn(conn)?;
    let names: Vec<&str> = to.iter().map(|name| name.trim()).collect();
    if names.iter().all(|name| name.is_empty()) {
        return Err(Error::field("to", "error-direct-missing"));
    }
    let (mut members, mut numbered) = (vec![user_id], HashSet::new());
    for name in names.into_iter().filter(|name| !name.is_empty()) {
        let person = find_person(conn, name)?;
        if PhoneNumber::parse(name, "").is_ok() {
            numbered.insert(person.id);
        }
        members.push(person.id);
    }
    members.sort_unstable();
    members.dedup();
    match members.len() {
        1 => return Err(Error::Refused("error-direct-oneself".into())),
        2..=MAX_PEOPLE => {}
        _ => return Err(Error::field("to", "error-direct-too-many")),
    }
    let key: Vec<String> = members.iter().map(i64::to_string).collect();
    let key = key.join("-");
    if let Some(room_id) = find(conn, &key)? {
        return Ok(Direct {
            room_id,
            members,
            is_new: false,
        });
    }
    for member in members.iter().filter(|member| **member != user_id) {
        if !reach::allows(conn, user_id, *member)? {
            return Err(match numbered.contains(member) {
                true => Error::NotFound,
                false => Error::Unreachable,
            });
        }
    }
    make(conn, user_id, members, &key)
}

/// Somebody who is here, by username or phone number.
///
/// # Errors
/// `NotFound` when there is nobody.
pub fn find_person(conn: &mut DbConn, name: &str) -> Result<User> {
    let found = User::named(conn, name)?;
    if found.status != ACTIVE {
        return Err(Error::NotFound);
    }
    Ok(found)
}

fn make(conn: &mut DbConn, user_id: i64, members: Vec<i64>, key: &str) -> Result<Direct> {
    // Not even an empty room may come from somebody who is not to be heard.
    if let [one, two] = members[..]
        && blocks::exists(conn, one + two - user_id, user_id)?
    {
        return Err(Error::Blocked);
    }
    let row = (
        rooms::kind.eq(DIRECT),
        rooms::name.eq(""),
        rooms::topic.eq(""),
        rooms::direct_key.eq(key),
        rooms::created_by.eq(user_id),
        rooms::created_at.eq(now()),
    );
    on_each!(conn, conn => diesel::insert_into(rooms::table).values(row).execute(conn))
        .map_err(Error::from)?;
    let room_id = find(conn, key)?.ok_or(Error::NotFound)?;
    for member in &members {
        Membership::create(conn, room_id, *member, EVERYTHING)?;
    }
    notice::memberships(conn, room_id, &members)?;
    Ok(Direct {
        room_id,
        members,
        is_new: true,
    })
}

fn find(conn: &mut DbConn, key: &str) -> Result<Option<i64>> {
    Ok(rooms::table
        .filter(rooms::direct_key.eq(key))
        .select(rooms::id)
        .get_result(conn)
        .optional()?)
}

/// The other people of direct rooms, by room: what such a room is called.
///
/// # Errors
/// `Unavailable` when the database does not answer.
pub fn others(conn: &mut DbConn, user_id: i64) -> Result<Vec<(i64, User)>> {
    let mine = alias!(memberships as mine);
    let room_id = memberships::room_id;
    Ok(on_each!(conn, conn => memberships::table
        .inner_join(users::table)
        .inner_join(rooms::table)
        .inner_join(
            mine.on(mine
                .field(memberships::room_id)
                .eq(room_id)
                .and(mine.field(memberships::user_id).eq(user_id))),
        )
        .filter(rooms::kind.eq(DIRECT))
        .filter(memberships::user_id.ne(user_id))
        .order(users::username_key)
        .select((room_id, User::as_select()))
        .load(conn))?)
}
