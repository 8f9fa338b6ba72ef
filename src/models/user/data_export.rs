//! Everything that is kept about a person, for them to take along.

use chrono::NaiveDateTime;
use diesel::alias;
use diesel::prelude::*;
use serde::Serialize;

use super::User;
use super::avatar;
use crate::error::Result;
use crate::models::auth::device;
use crate::models::database::connection::DbConn;
use crate::models::rfc3339;
use crate::models::schema::{blocks, invitations, memberships, messages, rooms, users};
use crate::realtime::frames::Id;

/// Messages of one piece.
const PIECE: usize = 500;

/// Who somebody is, and what belongs to them, but for what they wrote.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Person {
    profile: Profile,
    sessions: Vec<Session>,
    memberships: Vec<Membership>,
    /// Whose direct messages they do not want, by username.
    blocks: Vec<String>,
    /// Invitations into rooms that they were sent, and that they sent.
    invitations: Vec<Invitation>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Profile {
    id: Id,
    username: String,
    phone: Option<String>,
    /// Their name at GitHub, if they have joined it.
    github_login: Option<String>,
    role: String,
    #[serde(rename = "avatarURL")]
    avatar_url: Option<String>,
    locale: Option<String>,
    appearance: String,
    time_format: String,
    reachable_by: String,
    created_at: String,
    seen_at: Option<String>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Session {
    kind: &'static str,
    user_agent: String,
    ip: String,
    created_at: String,
    seen_at: String,
    expires_at: String,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Membership {
    room_id: Id,
    kind: String,
    name: String,
    read_seq: i64,
    involvement: String,
    joined_at: String,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Invitation {
    room: String,
    inviter: String,
    invitee: String,
    created_at: String,
    /// Only of those that they were sent.
    declined_at: Option<String>,
}

/// Something that they wrote. What they deleted is here as long as it is kept.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Written {
    room_id: Id,
    room: String,
    seq: i64,
    content: String,
    created_at: String,
    edited_at: Option<String>,
    deleted_at: Option<String>,
}

/// Everything but what they wrote.
///
/// # Errors
/// `NotFound` when there is no such person.
pub fn person(conn: &mut DbConn, user_id: i64) -> Result<Person> {
    let blocked = blocks::table
        .inner_join(users::table.on(users::id.eq(blocks::blocked_id)))
        .filter(blocks::blocker_id.eq(user_id))
        .order(users::username_key)
        .select(users::username)
        .load(conn)?;
    let sessions = device::list(conn, user_id)?.into_iter();
    let sessions = sessions.map(|device| Session {
        kind: if device.is_token { "token" } else { "cookie" },
        user_agent: device.user_agent,
        ip: device.ip,
        created_at: rfc3339(device.created_at),
        seen_at: rfc3339(device.seen_at),
        expires_at: rfc3339(device.expires_at),
    });
    Ok(Person {
        profile: profile(conn, user_id)?,
        sessions: sessions.collect(),
        memberships: memberships_of(conn, user_id)?,
        blocks: blocked,
        invitations: invitations_of(conn, user_id)?,
    })
}

fn profile(conn: &mut DbConn, user_id: i64) -> Result<Profile> {
    type Row = (
        Option<String>,
        Option<String>,
        Option<String>,
        String,
        String,
        String,
        NaiveDateTime,
        Option<NaiveDateTime>,
    );
    let (user, row): (User, Row) = users::table
        .find(user_id)
        .select((
            User::as_select(),
            (
                users::phone,
                users::github_login,
                users::locale,
                users::appearance,
                users::time_format,
                users::reachable_by,
                users::created_at,
                users::seen_at,
            ),
        ))
        .get_result(conn)?;
    let (phone, github_login, locale, appearance, time_format, reachable_by, created_at, seen_at) =
        row;
    Ok(Profile {
        id: Id(user.id),
        username: user.username,
        phone,
        github_login,
        role: user.role,
        avatar_url: user.avatar.as_deref().map(avatar::address),
        locale,
        appearance,
        time_format,
        reachable_by,
        created_at: rfc3339(created_at),
        seen_at: seen_at.map(rfc3339),
    })
}

fn memberships_of(conn: &mut DbConn, user_id: i64) -> Result<Vec<Membership>> {
    let rows: Vec<(i64, String, String, i64, String, NaiveDateTime)> = memberships::table
        .inner_join(rooms::table)
        .filter(memberships::user_id.eq(user_id))
        .order(memberships::joined_at)
        .select((
            rooms::id,
            rooms::kind,
            rooms::name,
            memberships::read_seq,
            memberships::involvement,
            memberships::joined_at,
        ))
        .load(conn)?;
    let membership = |(id, kind, name, read_seq, involvement, joined_at)| Membership {
        room_id: Id(id),
        kind,
        name,
        read_seq,
        involvement,
        joined_at: rfc3339(joined_at),
    };
    Ok(rows.into_iter().map(membership).collect())
}

fn invitations_of(conn: &mut DbConn, user_id: i64) -> Result<Vec<Invitation>> {
    type Row = (
        String,
        String,
        String,
        i64,
        NaiveDateTime,
        Option<NaiveDateTime>,
    );
    let invitee = alias!(users as invitee);
    let rows: Vec<Row> = invitations::table
        .inner_join(rooms::table)
        .inner_join(users::table)
        .inner_join(invitee.on(invitee.field(users::id).eq(invitations::invitee_id)))
        .filter((invitations::invitee_id.eq(user_id)).or(invitations::inviter_id.eq(user_id)))
        .order(invitations::id)
        .select((
            rooms::name,
            users::username,
            invitee.field(users::username),
            invitations::invitee_id,
            invitations::created_at,
            invitations::declined_at,
        ))
        .load(conn)?;
    let invitation =
        |(room, inviter, invitee, invitee_id, created_at, declined_at): Row| Invitation {
            room,
            inviter,
            invitee,
            created_at: rfc3339(created_at),
            // The inviter never learns of it.
            declined_at: declined_at.filter(|_| invitee_id == user_id).map(rfc3339),
        };
    Ok(rows.into_iter().map(invitation).collect())
}

/// Where everything is that somebody wrote: pieces of one room each, in order. Only numbers, so that a hundred thousand
/// messages take 2 MB.
///
/// # Errors
/// `Unavailable` when the database does not answer.
pub fn places(conn: &mut DbConn, user_id: i64) -> Result<Vec<(i64, Vec<i64>)>> {
    let mut all: Vec<(i64, i64)> = messages::table
        .filter(messages::user_id.eq(user_id))
        .select((messages::room_id, messages::seq))
        .load(conn)?;
    all.sort_unstable();
    let mut pieces: Vec<(i64, Vec<i64>)> = Vec::new();
    for (room_id, seq) in all {
        match pieces.last_mut() {
            Some((room, seqs)) if *room == room_id && seqs.len() < PIECE => seqs.push(seq),
            _ => pieces.push((room_id, vec![seq])),
        }
    }
    Ok(pieces)
}

/// What somebody wrote at these places of a room.
///
/// # Errors
/// `Unavailable` when the database does not answer.
pub fn written(
    conn: &mut DbConn,
    user_id: i64,
    room_id: i64,
    seqs: &[i64],
) -> Result<Vec<Written>> {
    type Row = (
        String,
        i64,
        String,
        NaiveDateTime,
        Option<NaiveDateTime>,
        Option<NaiveDateTime>,
    );
    let rows: Vec<Row> = messages::table
        .inner_join(rooms::table)
        .filter(messages::room_id.eq(room_id))
        .filter(messages::seq.eq_any(seqs))
        .filter(messages::user_id.eq(user_id))
        .order(messages::seq)
        .select((
            rooms::name,
            messages::seq,
            messages::content,
            messages::created_at,
            messages::edited_at,
            messages::deleted_at,
        ))
        .load(conn)?;
    let written = |(room, seq, content, created_at, edited_at, deleted_at): Row| Written {
        room_id: Id(room_id),
        room,
        seq,
        content,
        created_at: rfc3339(created_at),
        edited_at: edited_at.map(rfc3339),
        deleted_at: deleted_at.map(rfc3339),
    };
    Ok(rows.into_iter().map(written).collect())
}
