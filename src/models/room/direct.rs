//! Direct rooms: exactly one for each set of 2 to 20 people.

use diesel::alias;
use diesel::prelude::*;

use super::DIRECT;
use super::membership::{EVERYTHING, Membership};
use crate::error::{Error, Result};
use crate::models::auth::rate_limit;
use crate::models::auth::rate_limit::{Bucket, Rule};
use crate::models::database::Database;
use crate::models::database::connection::{DbConn, on_each};
use crate::models::schema::{memberships, rooms, users};
use crate::models::user::moderation::{is_number_meant, meant_number, without_at};
use crate::models::user::{ACTIVE, User};
use crate::models::user::{block, direct_message_policy};
use crate::models::values::phone_number::PhoneNumber;
use crate::models::values::signing::Keyed;
use crate::models::values::username;
use crate::models::{change_notice, installation, now};
use crate::realtime::store::DirectRoom;

/// The most people of a direct room.
const MAX_PEOPLE: usize = 20;

/// How often a person may look others up by number, and begin to write to others.
#[derive(Clone)]
pub struct Limits {
    /// Hashes what is counted.
    pub keyed: Keyed,
    /// Look-ups by phone number of one person.
    pub number_lookups: Rule,
    /// New direct rooms of one person.
    pub new_rooms: Rule,
}

impl Limits {
    fn lookup(&self, user_id: i64) -> Result<Bucket> {
        self.bucket(self.number_lookups, &format!("look-ups by {user_id}"))
    }

    fn new_room(&self, user_id: i64) -> Result<Bucket> {
        self.bucket(self.new_rooms, &format!("direct rooms of {user_id}"))
    }

    fn bucket(&self, rule: Rule, what: &str) -> Result<Bucket> {
        let key_hash = self.keyed.hash("throttle", what)?;
        Ok(Bucket { key_hash, rule })
    }
}

/// The people of a direct room besides the one who asks.
#[derive(Debug, Clone)]
pub enum To {
    /// Each by username (perhaps with `@` before it) or phone number (without `+`: as it is dialled in the country of the
    /// person's own number).
    Anyhow(Vec<String>),
    /// Each by username.
    Usernames(Vec<String>),
}

impl Database {
    /// The direct room of a person with others, found or made. This is the one place where a phone number is looked up
    /// for somebody who is not its owner. Each look-up counts, whatever it finds.
    ///
    /// # Errors
    /// As `find_or_make`; `RateLimited` after too many look-ups by number or new direct rooms.
    pub async fn direct(&self, user_id: i64, to: To) -> Result<DirectRoom> {
        let limits = self.direct_limits();
        if let (Some(limits), To::Anyhow(names)) = (&limits, &to) {
            let numbers = names.iter().filter(|name| is_number_meant(name)).count();
            if numbers > 0 {
                let lookups = vec![limits.lookup(user_id)?; numbers.min(MAX_PEOPLE)];
                let count = self.write(move |conn| rate_limit::take_each(conn, &lookups));
                count.await?;
            }
        }
        let new_room = limits.map(|limits| limits.new_room(user_id)).transpose()?;
        self.write(move |conn| find_or_make(conn, user_id, &to, new_room.as_ref()))
            .await
    }
}

/// The direct room of a person with others; found if it exists, made if not, which is then counted in `new_room`. Runs
/// in a transaction that writes.
///
/// # Errors
/// `NotFound` when somebody does not exist, `ForbiddenBecause` with nobody but oneself, `Invalid` for `to` when nobody is named
/// or too many are. `NotFound`, too, when somebody is named by a number whose owner the person may not reach: no answer
/// tells whether a number is known. For a new room also `Unreachable` when somebody wants no new conversation with this
/// person, or two of them would meet of whom one blocks the other, and `Blocked` when a room of two would come from
/// somebody whom the other one blocks.
fn find_or_make(
    conn: &mut DbConn,
    user_id: i64,
    to: &To,
    new_room: Option<&Bucket>,
) -> Result<DirectRoom> {
    // Whoever makes a room waits here for the one before, so that there is never a second one.
    installation::take_turn(conn)?;
    let members = members(conn, user_id, to)?;
    let key = key_of(&members);
    if let Some(room_id) = find(conn, &key)? {
        return Ok(DirectRoom {
            room_id,
            members,
            is_new: false,
        });
    }
    for member in members.iter().filter(|member| **member != user_id) {
        if !direct_message_policy::allows(conn, user_id, *member)? {
            return Err(Error::Unreachable);
        }
    }
    if block::any_among(conn, &members, user_id)? {
        // Not even an empty room may come from somebody who is not to be heard.
        return Err(match members.len() {
            2 => Error::Blocked,
            _ => Error::Unreachable,
        });
    }
    if let Some(bucket) = new_room {
        rate_limit::take_each(conn, std::slice::from_ref(bucket))?;
    }
    make(conn, user_id, members, &key)
}

/// Everybody in the room, the person who asks included, in the order of their ids.
fn members(conn: &mut DbConn, user_id: i64, to: &To) -> Result<Vec<i64>> {
    let (To::Anyhow(names) | To::Usernames(names)) = to;
    let names: Vec<&str> = names.iter().map(|name| name.trim()).collect();
    let names: Vec<&str> = names.into_iter().filter(|name| !name.is_empty()).collect();
    if names.is_empty() {
        return Err(Error::field("to", "error-direct-missing"));
    }
    // Before anybody is looked up: how many people numbers stand for is not told.
    if names.len() > MAX_PEOPLE {
        return Err(Error::field("to", "error-direct-too-many"));
    }
    let is_number = |name: &&&str| matches!(to, To::Anyhow(_)) && is_number_meant(name);
    let region = match names.iter().any(|name| is_number(&name)) {
        true => own_region(conn, user_id)?,
        false => String::new(),
    };
    let mut members = vec![user_id];
    // Numbers first, and each by itself: no error about the others depends on them.
    let mut is_unknown = false;
    for name in names.iter().filter(is_number) {
        match owner(conn, user_id, name, &region)? {
            Some(id) => members.push(id),
            None => is_unknown = true,
        }
    }
    if is_unknown {
        return Err(Error::NotFound);
    }
    for name in names.iter().filter(|name| !is_number(name)) {
        members.push(find_person(conn, name)?.id);
    }
    members.sort_unstable();
    members.dedup();
    match members.len() {
        1 => Err(Error::ForbiddenBecause("error-direct-oneself".into())),
        2..=MAX_PEOPLE => Ok(members),
        _ => Err(Error::field("to", "error-direct-too-many")),
    }
}

/// The owner of a phone number whom this person may reach. Asks the database the same whether or not there is one.
fn owner(conn: &mut DbConn, user_id: i64, name: &str, region: &str) -> Result<Option<i64>> {
    let Some(number) = meant_number(name, region) else {
        return Ok(None);
    };
    let found: Option<(i64, String)> = users::table
        .filter(users::phone.eq(number.as_str()))
        .select((users::id, users::status))
        .first(conn)
        .optional()?;
    let id = found
        .filter(|(_, status)| status == ACTIVE)
        .map_or(0, |(id, _)| id);
    let is_reachable = direct_message_policy::may_reach(conn, user_id, id)?;
    Ok((id == user_id || is_reachable).then_some(id))
}

/// Somebody who is here, by username. A phone number is nobody's username.
///
/// # Errors
/// `NotFound` when there is nobody.
pub fn find_person(conn: &mut DbConn, name: &str) -> Result<User> {
    let (name, _) = without_at(name);
    let key = username::key(name).ok_or(Error::NotFound)?;
    let named = users::table
        .filter(users::username_key.eq(key))
        .filter(users::status.eq(ACTIVE));
    Ok(named.select(User::as_select()).get_result(conn)?)
}

/// The region of a person's own number; empty when they have none, or one of no single region.
fn own_region(conn: &mut DbConn, user_id: i64) -> Result<String> {
    let phone = User::phone(conn, user_id)?.map(PhoneNumber::from_stored);
    Ok(phone.and_then(|phone| phone.region()).unwrap_or_default())
}

fn make(conn: &mut DbConn, user_id: i64, members: Vec<i64>, key: &str) -> Result<DirectRoom> {
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
    change_notice::memberships(conn, room_id, &members)?;
    Ok(DirectRoom {
        room_id,
        members,
        is_new: true,
    })
}

/// The conversation of two people, if there is one.
pub(in crate::models) fn pair_of(conn: &mut DbConn, one: i64, other: i64) -> Result<Option<i64>> {
    find(conn, &key_of(&[one.min(other), one.max(other)]))
}

/// What a set of people, in the order of their ids, has as its only room's key.
fn key_of(members: &[i64]) -> String {
    let key: Vec<String> = members.iter().map(i64::to_string).collect();
    key.join("-")
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
