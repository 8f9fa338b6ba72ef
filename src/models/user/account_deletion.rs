//! Deleting an account. What was said stays, by a "deleted person"; the number becomes free, and the name after a while.

use diesel::prelude::*;

use super::{ACTIVE, DEACTIVATED, MEMBER, User};
use super::{avatar, reserved_username};
use crate::error::{Error, Result};
use crate::models::auth::session;
use crate::models::database::connection::DbConn;
use crate::models::room::DIRECT;
use crate::models::room::invitation;
use crate::models::room::invitation::Void;
use crate::models::room::membership::Membership;
use crate::models::schema::{
    blocks, invites, known_browsers, memberships, messages, password_links, rooms, security_events,
    users, verifications,
};
use crate::models::{change_notice, installation, now};
use crate::realtime::change_poller::ChangeNotice;
use crate::realtime::store::MessageRef;

/// What somebody is called who deleted their account. No username has a space; pages say it in the reader's language.
pub const NAME: &str = "deleted person";

impl User {
    /// Deletes somebody's account: they are signed out everywhere and in no room any more, but in their direct ones, which
    /// go on for the others. With `erase` they are [`leaving`] until their messages are hidden too. Runs in a transaction that
    /// writes.
    ///
    /// # Errors
    /// `Invalid` for `confirm` when they are the last admin and others are there.
    pub fn delete(conn: &mut DbConn, id: i64, erase: bool) -> Result<()> {
        installation::take_turn(conn)?;
        Self::require_keeper_after(conn, id)?;
        let left: Vec<i64> = memberships::table
            .inner_join(rooms::table)
            .filter(memberships::user_id.eq(id))
            .filter(rooms::kind.ne(DIRECT))
            .select(memberships::room_id)
            .load(conn)?;
        for room_id in &left {
            Membership::delete(conn, *room_id, id)?;
        }
        diesel::delete(blocks::table.filter(blocks::blocker_id.eq(id))).execute(conn)?;
        invitation::withdraw(conn, Void::Person(id))?;
        avatar::set(conn, id, None)?;
        session::end_all(conn, id, None)?;
        Self::forget_trust(conn, id)?;
        let key: String = users::table
            .find(id)
            .select(users::username_key)
            .get_result(conn)?;
        reserved_username::reserve(conn, &key, id)?;
        diesel::update(users::table.find(id))
            .set((
                users::username.eq(NAME),
                users::username_key.eq(format!("{NAME} {id}")),
                users::phone.eq(None::<String>),
                users::password_hash.eq(None::<String>),
                users::github_id.eq(None::<i64>),
                users::github_login.eq(None::<String>),
                users::locale.eq(None::<String>),
                users::role.eq(MEMBER),
                users::status.eq(DEACTIVATED),
                users::deleted_at.eq(now()),
                users::erasing.eq(erase),
            ))
            .execute(conn)?;
        installation::people_changed(conn)?;
        let user_id = id;
        let membership = |room_id| ChangeNotice::Membership { room_id, user_id };
        change_notice::write(conn, left.into_iter().map(membership))?;
        Self::note_direct_rooms(conn, id)
    }

    /// What let them in, or others in their name, and where they came from.
    fn forget_trust(conn: &mut DbConn, id: i64) -> Result<()> {
        let browsers = known_browsers::table.filter(known_browsers::user_id.eq(id));
        diesel::delete(browsers).execute(conn)?;
        let links = password_links::table.filter(password_links::user_id.eq(id));
        diesel::delete(links).execute(conn)?;
        diesel::delete(invites::table.filter(invites::user_id.eq(id))).execute(conn)?;
        let codes = verifications::table.filter(verifications::user_id.eq(id));
        diesel::delete(codes).execute(conn)?;
        let events = security_events::table.filter(security_events::user_id.eq(id));
        diesel::delete(events).execute(conn)?;
        Ok(())
    }

    /// The last admin may go only as the last of all.
    fn require_keeper_after(conn: &mut DbConn, id: i64) -> Result<()> {
        let others: i64 = users::table
            .filter(users::status.eq(ACTIVE))
            .filter(users::id.ne(id))
            .count()
            .get_result(conn)?;
        if others == 0 {
            return Ok(());
        }
        Self::require_other_admin(conn, id).map_err(|error| match error {
            Error::Forbidden => Error::field("confirm", "error-last-admin"),
            other => other,
        })
    }
}

/// Those who left and wanted their messages to be hidden, as long as that is not done.
///
/// # Errors
/// `Unavailable` when the database does not answer.
pub fn leaving(conn: &mut DbConn) -> Result<Vec<i64>> {
    Ok(users::table
        .filter(users::erasing.eq(true))
        .select(users::id)
        .load(conn)?)
}

/// At most `limit` messages of one of them that are still to be hidden.
///
/// # Errors
/// `Unavailable` when the database does not answer.
pub fn messages_to_erase(conn: &mut DbConn, user_id: i64, limit: i64) -> Result<Vec<MessageRef>> {
    let theirs: Vec<(i64, i64)> = messages::table
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
    Ok(theirs.into_iter().map(target).collect())
}

/// Nothing of theirs is left to be hidden.
///
/// # Errors
/// `Unavailable` when the database does not answer.
pub fn is_erased(conn: &mut DbConn, user_id: i64) -> Result<()> {
    diesel::update(users::table.find(user_id))
        .set(users::erasing.eq(false))
        .execute(conn)?;
    Ok(())
}
