//! Direct rooms: exactly one for each set of 2 to 20 users.

use diesel::alias;
use diesel::prelude::*;

use super::Room;
use super::membership::Membership;
use crate::error::{Error, Result};
use crate::models::auth::rate_limit;
use crate::models::auth::rate_limit::Bucket;
use crate::models::database::Database;
use crate::models::database::connection::{DbConn, on_each};
use crate::models::schema::{memberships, rooms, users};
use crate::models::user::User;
use crate::models::user::moderation::{looks_like_phone, parse_phone_identifier, strip_at};
use crate::models::user::{block, direct_message_policy};
use crate::models::values::user_status::Status;
use crate::models::values::username;
use crate::models::{change_notice, installation, now};
use crate::protocol::commands::DirectRoom;
use crate::protocol::{NotificationLevel, RoomKind};

/// Maximum number of members, including the user who creates the room.
const MAX_MEMBERS: usize = 20;

/// The members of a direct room besides the requesting user.
#[derive(Debug, Clone)]
pub enum Recipients {
    /// Each a username (with or without a leading `@`) or a phone number. A number without `+` is read as dialled in
    /// the country of the requesting user's own number.
    UsernamesOrPhones(Vec<String>),
    /// Each a username.
    Usernames(Vec<String>),
}

impl Database {
    /// Returns the direct room of a user with others; creates it if there is none. No other function looks up the phone
    /// numbers of other users. Each look-up counts against the rate limit, whether or not it finds a user.
    ///
    /// # Errors
    /// As `find_or_create`; `RateLimited` after too many look-ups by number or new direct rooms.
    pub async fn find_or_create_direct(&self, user_id: i64, to: Recipients) -> Result<DirectRoom> {
        let limits = self.direct_limits();
        if let (Some(limits), Recipients::UsernamesOrPhones(names)) = (&limits, &to) {
            let numbers = names.iter().filter(|name| looks_like_phone(name)).count();
            if numbers > 0 {
                let lookups = vec![limits.lookup(user_id)?; numbers.min(MAX_MEMBERS)];
                let count = self.write(move |conn| rate_limit::count_attempts(conn, &lookups));
                count.await?;
            }
        }
        let new_room = limits.map(|limits| limits.new_room(user_id)).transpose()?;
        self.write(move |conn| find_or_create(conn, user_id, &to, new_room.as_ref()))
            .await
    }
}

/// Returns the direct room of a user with others; creates it if there is none and counts that in `new_room`. Requires a
/// write transaction.
///
/// # Errors
/// - `Invalid` for `to` when it is empty or names too many users.
/// - `NotFound` when a user does not exist. Also for a number whose owner this user may not reach, so that the result
///   does not reveal whether a number is registered.
/// - `ForbiddenBecause` when the user names only themselves.
/// - For a new room, `Unreachable` when a recipient accepts no new conversation with this user, or one recipient blocks
///   another; `Blocked` when the only recipient blocks this user.
fn find_or_create(
    conn: &mut DbConn,
    user_id: i64,
    to: &Recipients,
    new_room: Option<&Bucket>,
) -> Result<DirectRoom> {
    // Serializes creation, so that no set of users gets a second room.
    installation::lock(conn)?;
    let members = resolve_members(conn, user_id, to)?;
    if let Some(room_id) = Room::find_direct(conn, &members)? {
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
    if block::exists_among(conn, &members, user_id)? {
        // A blocked user must not create even an empty room with the user who blocks them.
        return Err(match members.len() {
            2 => Error::Blocked,
            _ => Error::Unreachable,
        });
    }
    if let Some(bucket) = new_room {
        rate_limit::count_attempts(conn, std::slice::from_ref(bucket))?;
    }
    create(conn, user_id, members)
}

/// Returns the ids of all members, including the requesting user, in ascending order.
fn resolve_members(conn: &mut DbConn, user_id: i64, to: &Recipients) -> Result<Vec<i64>> {
    let (Recipients::UsernamesOrPhones(names) | Recipients::Usernames(names)) = to;
    let names: Vec<&str> = names.iter().map(|name| name.trim()).collect();
    let names: Vec<&str> = names.into_iter().filter(|name| !name.is_empty()).collect();
    if names.is_empty() {
        return Err(Error::field("to", "error-direct-missing"));
    }
    // Checked before any look-up, so that the error does not reveal how many numbers are registered.
    if names.len() > MAX_MEMBERS {
        return Err(Error::field("to", "error-direct-too-many"));
    }
    let is_number =
        |name: &&&str| matches!(to, Recipients::UsernamesOrPhones(_)) && looks_like_phone(name);
    let region = match names.iter().any(|name| is_number(&name)) {
        true => own_region(conn, user_id)?,
        false => String::new(),
    };
    let mut members = vec![user_id];
    // All numbers are looked up before usernames, so that errors about usernames do not depend on them.
    let mut is_unknown = false;
    for name in names.iter().filter(is_number) {
        match find_phone_owner(conn, user_id, name, &region)? {
            Some(id) => members.push(id),
            None => is_unknown = true,
        }
    }
    if is_unknown {
        return Err(Error::NotFound);
    }
    for name in names.iter().filter(|name| !is_number(name)) {
        members.push(find_active_user(conn, name)?.id);
    }
    members.sort_unstable();
    members.dedup();
    match members.len() {
        1 => Err(Error::ForbiddenBecause("error-direct-oneself".into())),
        2..=MAX_MEMBERS => Ok(members),
        _ => Err(Error::field("to", "error-direct-too-many")),
    }
}

/// Returns the owner of a phone number if this user may reach them. Runs the same queries whether or not there is one.
fn find_phone_owner(
    conn: &mut DbConn,
    user_id: i64,
    name: &str,
    region: &str,
) -> Result<Option<i64>> {
    let Some(number) = parse_phone_identifier(name, region) else {
        return Ok(None);
    };
    let found: Option<(i64, Status)> = users::table
        .filter(users::phone.eq(number.as_str()))
        .select((users::id, users::status))
        .first(conn)
        .optional()?;
    let id = found
        .filter(|(_, status)| *status == Status::Active)
        .map_or(0, |(id, _)| id);
    let is_reachable = direct_message_policy::may_reach(conn, user_id, id)?;
    Ok((id == user_id || is_reachable).then_some(id))
}

/// Returns an active user by username, with or without a leading `@`.
///
/// # Errors
/// `NotFound` when there is no such user.
pub fn find_active_user(conn: &mut DbConn, name: &str) -> Result<User> {
    let (name, _) = strip_at(name);
    let key = username::key(name).ok_or(Error::NotFound)?;
    let found = users::table
        .filter(users::username_key.eq(key))
        .filter(users::status.eq(Status::Active));
    Ok(found.select(User::as_select()).get_result(conn)?)
}

/// Returns the region of a user's own number; empty when they have no number, or its country code belongs to no single
/// region.
fn own_region(conn: &mut DbConn, user_id: i64) -> Result<String> {
    let phone = User::phone(conn, user_id)?;
    Ok(phone.and_then(|phone| phone.region()).unwrap_or_default())
}

fn create(conn: &mut DbConn, user_id: i64, members: Vec<i64>) -> Result<DirectRoom> {
    let row = (
        rooms::kind.eq(RoomKind::Direct),
        rooms::name.eq(""),
        rooms::topic.eq(""),
        rooms::direct_key.eq(Room::direct_key(&members)),
        rooms::created_by.eq(user_id),
        rooms::created_at.eq(now()),
    );
    on_each!(conn, conn => diesel::insert_into(rooms::table).values(row).execute(conn))
        .map_err(Error::from)?;
    let room_id = Room::find_direct(conn, &members)?.ok_or(Error::NotFound)?;
    for member in &members {
        Membership::create(conn, room_id, *member, NotificationLevel::Everything)?;
    }
    change_notice::record_memberships(conn, room_id, &members)?;
    Ok(DirectRoom {
        room_id,
        members,
        is_new: true,
    })
}

/// Returns the other members of a user's direct rooms as (room, member), ordered by username.
pub fn other_members(conn: &mut DbConn, user_id: i64) -> Result<Vec<(i64, User)>> {
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
        .filter(rooms::kind.eq(RoomKind::Direct))
        .filter(memberships::user_id.ne(user_id))
        .order(users::username_key)
        .select((room_id, User::as_select()))
        .load(conn))?)
}
