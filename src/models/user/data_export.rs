//! Export of all data stored about a user.

use chrono::NaiveDateTime;
use diesel::alias;
use diesel::prelude::*;
use serde::{Serialize, Serializer};

use super::avatar;
use crate::error::Result;
use crate::models::auth::device::{self, Device};
use crate::models::database::connection::DbConn;
use crate::models::schema::{blocks, invitations, memberships, messages, rooms, users};
use crate::models::serialize_rfc3339;
use crate::models::values::user_status::Role;
use crate::protocol::{Id, NotificationLevel, RoomKind};

/// Messages per batch.
const BATCH: usize = 500;

/// A user's data, without their messages.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ExportedUser {
    profile: Profile,
    sessions: Vec<Device>,
    memberships: Vec<Membership>,
    /// Usernames of blocked users.
    blocks: Vec<String>,
    /// Invitations to rooms, received and sent.
    invitations: Vec<Invitation>,
}

#[derive(Debug, Serialize, Queryable, Selectable)]
#[diesel(table_name = users)]
#[serde(rename_all = "camelCase")]
struct Profile {
    #[diesel(deserialize_as = i64)]
    id: Id,
    username: String,
    phone: Option<String>,
    /// Username on GitHub, if linked.
    github_login: Option<String>,
    role: Role,
    #[serde(rename = "avatarURL", serialize_with = "serialize_avatar_url")]
    avatar: Option<String>,
    locale: Option<String>,
    appearance: String,
    time_format: String,
    reachable_by: String,
    #[serde(serialize_with = "serialize_rfc3339")]
    created_at: NaiveDateTime,
    #[serde(serialize_with = "serialize_rfc3339")]
    seen_at: Option<NaiveDateTime>,
}

fn serialize_avatar_url<S: Serializer>(
    hash: &Option<String>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    hash.as_deref().map(avatar::url).serialize(serializer)
}

#[derive(Debug, Serialize, Queryable, Selectable)]
#[diesel(table_name = memberships)]
#[serde(rename_all = "camelCase")]
struct Membership {
    #[diesel(deserialize_as = i64)]
    room_id: Id,
    #[diesel(select_expression = rooms::kind)]
    kind: RoomKind,
    #[diesel(select_expression = rooms::name)]
    name: String,
    read_seq: i64,
    involvement: NotificationLevel,
    #[serde(serialize_with = "serialize_rfc3339")]
    joined_at: NaiveDateTime,
}

#[derive(Debug, Serialize, Queryable)]
#[serde(rename_all = "camelCase")]
struct Invitation {
    room: String,
    inviter: String,
    invitee: String,
    #[serde(skip)]
    invitee_id: i64,
    #[serde(serialize_with = "serialize_rfc3339")]
    created_at: NaiveDateTime,
    /// Only for received invitations: the inviter must not learn that one was declined.
    #[serde(serialize_with = "serialize_rfc3339")]
    declined_at: Option<NaiveDateTime>,
}

/// A message by the user. Deleted messages are included while they are stored.
#[derive(Debug, Serialize, Queryable, Selectable)]
#[diesel(table_name = messages)]
#[serde(rename_all = "camelCase")]
pub struct ExportedMessage {
    #[diesel(deserialize_as = i64)]
    room_id: Id,
    #[diesel(select_expression = rooms::name)]
    room: String,
    seq: i64,
    content: String,
    #[serde(serialize_with = "serialize_rfc3339")]
    created_at: NaiveDateTime,
    #[serde(serialize_with = "serialize_rfc3339")]
    edited_at: Option<NaiveDateTime>,
    #[serde(serialize_with = "serialize_rfc3339")]
    deleted_at: Option<NaiveDateTime>,
}

/// Returns a user's data, without their messages.
pub fn user(conn: &mut DbConn, user_id: i64) -> Result<ExportedUser> {
    let profile = users::table.find(user_id).select(Profile::as_select());
    let memberships = memberships::table
        .inner_join(rooms::table)
        .filter(memberships::user_id.eq(user_id))
        .order(memberships::joined_at)
        .select(Membership::as_select());
    let blocks = blocks::table
        .inner_join(users::table.on(users::id.eq(blocks::blocked_id)))
        .filter(blocks::blocker_id.eq(user_id))
        .order(users::username_key)
        .select(users::username);
    Ok(ExportedUser {
        profile: profile.get_result(conn)?,
        sessions: device::list(conn, user_id)?,
        memberships: memberships.load(conn)?,
        blocks: blocks.load(conn)?,
        invitations: load_invitations(conn, user_id)?,
    })
}

fn load_invitations(conn: &mut DbConn, user_id: i64) -> Result<Vec<Invitation>> {
    let invitee = alias!(users as invitee);
    let mut all: Vec<Invitation> = invitations::table
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
    for sent in all.iter_mut().filter(|sent| sent.invitee_id != user_id) {
        sent.declined_at = None;
    }
    Ok(all)
}

/// Returns the positions of all messages by a user: (room, `seq`s) in order, one room per batch. Holding only positions
/// keeps 100,000 messages within 2 MB.
pub fn message_batches(conn: &mut DbConn, user_id: i64) -> Result<Vec<(i64, Vec<i64>)>> {
    let mut all: Vec<(i64, i64)> = messages::table
        .filter(messages::user_id.eq(user_id))
        .select((messages::room_id, messages::seq))
        .load(conn)?;
    all.sort_unstable();
    let rooms = all.chunk_by(|(room_id, _), (next, _)| room_id == next);
    let batches = rooms.flat_map(|room| room.chunks(BATCH));
    let seqs = |batch: &[(i64, i64)]| batch.iter().map(|(_, seq)| *seq).collect();
    Ok(batches.map(|batch| (batch[0].0, seqs(batch))).collect())
}

/// Returns the messages by a user at these positions of a room.
pub fn messages_at(
    conn: &mut DbConn,
    user_id: i64,
    room_id: i64,
    seqs: &[i64],
) -> Result<Vec<ExportedMessage>> {
    Ok(messages::table
        .inner_join(rooms::table)
        .filter(messages::room_id.eq(room_id))
        .filter(messages::seq.eq_any(seqs))
        .filter(messages::user_id.eq(user_id))
        .order(messages::seq)
        .select(ExportedMessage::as_select())
        .load(conn)?)
}
