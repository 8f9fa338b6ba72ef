//! Export of all data stored about a user.

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
use crate::models::values::user_status::Role;
use crate::protocol::{Id, NotificationLevel, RoomKind};

/// Messages per batch.
const BATCH: usize = 500;

/// A user's data, without their messages.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ExportedUser {
    profile: Profile,
    sessions: Vec<Session>,
    memberships: Vec<Membership>,
    /// Usernames of blocked users.
    blocks: Vec<String>,
    /// Invitations to rooms, received and sent.
    invitations: Vec<Invitation>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Profile {
    id: Id,
    username: String,
    phone: Option<String>,
    /// Username on GitHub, if linked.
    github_login: Option<String>,
    role: Role,
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
    kind: RoomKind,
    name: String,
    read_seq: i64,
    involvement: NotificationLevel,
    joined_at: String,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Invitation {
    room: String,
    inviter: String,
    invitee: String,
    created_at: String,
    /// Only for received invitations.
    declined_at: Option<String>,
}

/// A message by the user. Deleted messages are included while they are stored.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ExportedMessage {
    room_id: Id,
    room: String,
    seq: i64,
    content: String,
    created_at: String,
    edited_at: Option<String>,
    deleted_at: Option<String>,
}

/// Returns a user's data, without their messages.
///
/// # Errors
/// `NotFound` when there is no such user.
pub fn user(conn: &mut DbConn, user_id: i64) -> Result<ExportedUser> {
    let blocks = blocks::table
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
    Ok(ExportedUser {
        profile: load_profile(conn, user_id)?,
        sessions: sessions.collect(),
        memberships: load_memberships(conn, user_id)?,
        blocks,
        invitations: load_invitations(conn, user_id)?,
    })
}

fn load_profile(conn: &mut DbConn, user_id: i64) -> Result<Profile> {
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
        avatar_url: user.avatar.as_deref().map(avatar::url),
        locale,
        appearance,
        time_format,
        reachable_by,
        created_at: rfc3339(created_at),
        seen_at: seen_at.map(rfc3339),
    })
}

fn load_memberships(conn: &mut DbConn, user_id: i64) -> Result<Vec<Membership>> {
    let rows: Vec<(i64, RoomKind, String, i64, NotificationLevel, NaiveDateTime)> =
        memberships::table
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

fn load_invitations(conn: &mut DbConn, user_id: i64) -> Result<Vec<Invitation>> {
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
            // The inviter must not learn that the invitation was declined.
            declined_at: declined_at.filter(|_| invitee_id == user_id).map(rfc3339),
        };
    Ok(rows.into_iter().map(invitation).collect())
}

/// Returns the positions of all messages by a user: (room, `seq`s) in order, one room per batch. Holding only positions
/// keeps 100,000 messages within 2 MB.
pub fn message_batches(conn: &mut DbConn, user_id: i64) -> Result<Vec<(i64, Vec<i64>)>> {
    let mut all: Vec<(i64, i64)> = messages::table
        .filter(messages::user_id.eq(user_id))
        .select((messages::room_id, messages::seq))
        .load(conn)?;
    all.sort_unstable();
    let mut batches: Vec<(i64, Vec<i64>)> = Vec::new();
    for (room_id, seq) in all {
        match batches.last_mut() {
            Some((room, seqs)) if *room == room_id && seqs.len() < BATCH => seqs.push(seq),
            _ => batches.push((room_id, vec![seq])),
        }
    }
    Ok(batches)
}

/// Returns the messages by a user at these positions of a room.
pub fn messages_at(
    conn: &mut DbConn,
    user_id: i64,
    room_id: i64,
    seqs: &[i64],
) -> Result<Vec<ExportedMessage>> {
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
    let message = |(room, seq, content, created_at, edited_at, deleted_at): Row| ExportedMessage {
        room_id: Id(room_id),
        room,
        seq,
        content,
        created_at: rfc3339(created_at),
        edited_at: edited_at.map(rfc3339),
        deleted_at: deleted_at.map(rfc3339),
    };
    Ok(rows.into_iter().map(message).collect())
}
