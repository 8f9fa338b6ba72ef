//! Account deletion. Messages remain, attributed to [`DELETED_USERNAME`]; the phone number is free at once, the
//! username after [`RESERVED_DAYS`](reserved_username::RESERVED_DAYS).

use diesel::dsl::{exists, select};
use diesel::prelude::*;

use super::{User, avatar, reserved_username};
use crate::error::{Error, Result};
use crate::models::auth::session;
use crate::models::database::connection::DbConn;
use crate::models::room::invitation::{self, InvitationFilter};
use crate::models::room::membership::Membership;
use crate::models::schema::{
    blocks, invites, known_browsers, memberships, messages, password_links, rooms, security_events,
    users, verifications,
};
use crate::models::statement::Statement;
use crate::models::values::user_status::{Role, Status};
use crate::models::{change_notice, installation, now};
use crate::protocol::RoomKind;
use crate::protocol::commands::ChangeNotice;
use crate::protocol::commands::MessageRef;

/// Username of deleted accounts. It contains a space, so that no user can choose it; pages translate it.
pub const DELETED_USERNAME: &str = "deleted person";

impl User {
    /// Deletes a user's personal data, sessions, and memberships except those of direct rooms, which stay readable for
    /// the other members. With `erase` the user is listed by [`pending_erasures`] until their messages are deleted too.
    /// Requires a write transaction.
    ///
    /// # Errors
    /// `Invalid` for `confirm` when the user is the last admin and there are other active users.
    pub fn delete(conn: &mut DbConn, id: i64, erase: bool) -> Result<()> {
        installation::lock(conn)?;
        Self::require_admin_remains(conn, id)?;
        let left: Vec<i64> = memberships::table
            .inner_join(rooms::table)
            .filter(memberships::user_id.eq(id))
            .filter(rooms::kind.ne(RoomKind::Direct))
            .select(memberships::room_id)
            .load(conn)?;
        for room_id in &left {
            Membership::delete(conn, *room_id, id)?;
        }
        diesel::delete(blocks::table.filter(blocks::blocker_id.eq(id))).run(conn)?;
        invitation::withdraw(conn, InvitationFilter::User(id))?;
        avatar::set(conn, id, None)?;
        session::end_all(conn, id, None)?;
        Self::delete_credentials(conn, id)?;
        let user = users::table.find(id);
        let key: String = user.select(users::username_key).get_result(conn)?;
        reserved_username::reserve(conn, &key, id)?;
        diesel::update(user)
            .set((
                users::username.eq(DELETED_USERNAME),
                users::username_key.eq(format!("{DELETED_USERNAME} {id}")),
                users::phone.eq(None::<String>),
                users::password_hash.eq(None::<String>),
                users::github_id.eq(None::<i64>),
                users::github_login.eq(None::<String>),
                users::locale.eq(None::<String>),
                users::role.eq(Role::Member),
                users::status.eq(Status::Deactivated),
                users::deleted_at.eq(now()),
                users::erasing.eq(erase),
            ))
            .run(conn)?;
        installation::bump_profile_version(conn)?;
        let membership = |room_id| ChangeNotice::Membership {
            room_id,
            user_id: id,
        };
        change_notice::record(conn, left.into_iter().map(membership))?;
        Self::write_direct_room_notices(conn, id)
    }

    /// Deletes trusted browsers, password links, invites, verification codes and security events.
    fn delete_credentials(conn: &mut DbConn, id: i64) -> Result<()> {
        diesel::delete(known_browsers::table.filter(known_browsers::user_id.eq(id))).run(conn)?;
        diesel::delete(password_links::table.filter(password_links::user_id.eq(id))).run(conn)?;
        diesel::delete(invites::table.filter(invites::user_id.eq(id))).run(conn)?;
        diesel::delete(verifications::table.filter(verifications::user_id.eq(id))).run(conn)?;
        diesel::delete(security_events::table.filter(security_events::user_id.eq(id))).run(conn)
    }

    /// Requires that an admin remains as long as there are other active users.
    fn require_admin_remains(conn: &mut DbConn, id: i64) -> Result<()> {
        let others = users::table
            .filter(users::status.eq(Status::Active))
            .filter(users::id.ne(id));
        if !select(exists(others)).get_result(conn)? {
            return Ok(());
        }
        Self::require_another_admin(conn, id).map_err(|error| match error {
            Error::Forbidden => Error::field("confirm", "error-last-admin"),
            other => other,
        })
    }
}

/// Returns the ids of deleted users whose messages are still to be deleted.
pub fn pending_erasures(conn: &mut DbConn) -> Result<Vec<i64>> {
    Ok(users::table
        .filter(users::erasing.eq(true))
        .select(users::id)
        .load(conn)?)
}

/// Returns at most `limit` messages of a user that are not yet deleted.
pub fn messages_to_erase(conn: &mut DbConn, user_id: i64, limit: i64) -> Result<Vec<MessageRef>> {
    let rows: Vec<(i64, i64)> = messages::table
        .inner_join(rooms::table)
        .filter(messages::user_id.eq(user_id))
        .filter(messages::deleted_at.is_null())
        .filter(rooms::deleted_at.is_null())
        .select((messages::room_id, messages::seq))
        .limit(limit)
        .load(conn)?;
    let target = |(room_id, seq)| MessageRef {
        room_id,
        seq,
        user_id,
    };
    Ok(rows.into_iter().map(target).collect())
}

/// Records that all messages of a deleted user are deleted.
pub fn finish_erasure(conn: &mut DbConn, user_id: i64) -> Result<()> {
    diesel::update(users::table.find(user_id))
        .set(users::erasing.eq(false))
        .run(conn)
}
