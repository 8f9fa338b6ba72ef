//! Implements the traits through which `realtime` reads and writes the database.

use std::collections::HashSet;
use std::mem;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use diesel::prelude::*;

use crate::error::outage::DATABASE;
use crate::error::{Error, Result};
use crate::models::auth::session;
use crate::models::auth::session::KeyHash;
use crate::models::change_notice;
use crate::models::database::Database;
use crate::models::database::connection::DbConn;
use crate::models::database::pool::PooledConnection;
use crate::models::installation;
use crate::models::message::Message;
use crate::models::message::append::{WriteCache, append};
use crate::models::room::Room;
use crate::models::room::direct::Recipients;
use crate::models::room::invitation;
use crate::models::room::membership::Membership;
use crate::models::schema::{memberships, rooms};
use crate::models::user::User;
use crate::models::values::client_id::ClientId;
use crate::models::values::content::{Content, ContentError};
use crate::protocol::commands::{ChangeNotices, RoomMember};
use crate::protocol::commands::{
    Changes, DirectRoom, ReadPosition, SequencedPage, ValidatedMessage, WriteCommand, WriteResult,
};
use crate::protocol::{self, ErrorCode, RoomKind};
use crate::realtime::change_poller::ChangeSource;
use crate::realtime::store::{MessageLog, Store, StoreFuture};

impl Store for Database {
    fn validate_message(
        &self,
        user_id: i64,
        room_id: i64,
        client_id: &str,
        content: &str,
    ) -> Result<ValidatedMessage, ErrorCode> {
        let client_id = ClientId::parse(client_id).ok_or(ErrorCode::BadFrame)?;
        let content = Content::parse(content)?;
        Ok(new_message(user_id, room_id, client_id, &content))
    }

    fn validate_content(&self, content: &str) -> Result<String, ErrorCode> {
        Ok(Content::parse(content)?.as_str().to_owned())
    }

    fn set_read_position(
        &self,
        user_id: i64,
        room_id: i64,
        seq: i64,
        unread: bool,
    ) -> StoreFuture<ReadPosition> {
        self.boxed_write(move |conn| {
            Membership::set_read_position(conn, user_id, room_id, seq, unread)
        })
    }

    fn mark_all_read(&self, user_id: i64) -> StoreFuture<Vec<(i64, ReadPosition)>> {
        self.boxed_write(move |conn| Membership::mark_all_read(conn, user_id))
    }

    fn room_for(&self, user_id: i64, room_id: i64) -> StoreFuture<protocol::Room> {
        self.boxed_read(move |conn| Room::summary(conn, user_id, room_id))
    }

    fn invitations_for(&self, user_id: i64) -> StoreFuture<Vec<protocol::Invitation>> {
        self.boxed_read(move |conn| invitation::pending(conn, user_id))
    }

    fn find_or_create_direct(&self, user_id: i64, to: String) -> StoreFuture<DirectRoom> {
        let database = self.clone();
        Box::pin(async move {
            database
                .find_or_create_direct(user_id, Recipients::UsernamesOrPhones(vec![to]))
                .await
        })
    }

    fn rooms_for(&self, user_id: i64, session: Arc<str>) -> StoreFuture<Vec<protocol::Room>> {
        self.boxed_read(move |conn| {
            let session = KeyHash::from_stored(session.to_string());
            let live = session::find_active(conn, &session)?;
            live.filter(|live| live.user.id == user_id)
                .ok_or(Error::Unauthorized)?;
            Room::summaries(conn, user_id)
        })
    }

    fn record_last_seen(&self, user_id: i64) -> StoreFuture<()> {
        self.boxed_write(move |conn| User::update_last_seen(conn, user_id))
    }

    fn latest_change(&self) -> StoreFuture<i64> {
        self.boxed_read(installation::latest_id)
    }

    fn messages_after(
        &self,
        user_id: i64,
        after: i64,
        only_conversations: bool,
    ) -> StoreFuture<SequencedPage> {
        self.boxed_read(move |conn| match only_conversations {
            true => Message::direct_messages_to(conn, user_id, after),
            false => Message::changes_for_user(conn, user_id, after),
        })
    }

    fn changes(&self, room_id: i64, ver: i64) -> StoreFuture<Changes> {
        self.boxed_read(move |conn| Message::changes_after(conn, room_id, ver))
    }
}

impl Database {
    fn boxed_read<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut DbConn) -> Result<T> + Send + 'static,
    ) -> StoreFuture<T> {
        let database = self.clone();
        Box::pin(async move { database.read(work).await })
    }

    fn boxed_write<T: Send + 'static>(
        &self,
        work: impl FnMut(&mut DbConn) -> Result<T> + Send + 'static,
    ) -> StoreFuture<T> {
        let database = self.clone();
        Box::pin(async move { database.write(work).await })
    }
}

impl From<ContentError> for ErrorCode {
    fn from(error: ContentError) -> Self {
        match error {
            ContentError::Empty => Self::Empty,
            ContentError::TooLong => Self::TooLong,
            ContentError::Invalid => Self::Invalid,
        }
    }
}

/// Creates the command that stores a message.
pub fn new_message(
    user_id: i64,
    room_id: i64,
    client_id: ClientId,
    content: &Content,
) -> ValidatedMessage {
    ValidatedMessage {
        room_id,
        user_id,
        client_id: client_id.to_string(),
        content: content.as_str().to_owned(),
        hash: content.hash(),
    }
}

/// Writes messages on a connection of its own, which is reopened after an error.
pub struct MessageWriter {
    database: Database,
    cached: Mutex<Option<(PooledConnection, WriteCache)>>,
}

impl MessageWriter {
    /// Creates the writer; its connection is opened with the first message.
    pub fn new(database: Database) -> Self {
        Self {
            database,
            cached: Mutex::default(),
        }
    }

    fn cached(&self) -> MutexGuard<'_, Option<(PooledConnection, WriteCache)>> {
        self.cached.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Stores all writes in one transaction; see [`MessageLog::append`].
    ///
    /// # Errors
    /// `Unavailable` when the outcome is unknown.
    pub fn append(&self, writes: &[WriteCommand]) -> Result<Vec<WriteResult>> {
        let outcome = self.append_once(writes);
        self.database.write_health.record(&outcome);
        DATABASE.record_write(&outcome);
        outcome
    }

    fn append_once(&self, writes: &[WriteCommand]) -> Result<Vec<WriteResult>> {
        let _lock = self.database.blocking_write_lock();
        let cached = self.cached().take();
        let (mut connection, mut cache) = self.database.writer_connection(cached)?;
        // A transaction that fails loses its cache.
        let append = |conn: &mut DbConn| append(conn, mem::take(&mut cache), writes);
        let (results, cache) = connection.conn.write(append)?;
        // Not reached after an error: the connection is dropped, because its state is unknown.
        *self.cached() = Some((connection.touched(), cache));
        Ok(results)
    }
}

impl MessageLog for MessageWriter {
    fn append(&self, writes: &[WriteCommand]) -> Result<Vec<WriteResult>> {
        self.append(writes)
    }
}

impl ChangeSource for Database {
    fn notices(&self, after: i64) -> StoreFuture<ChangeNotices> {
        self.boxed_read(move |conn| change_notice::list_after(conn, after))
    }

    fn latest_versions(&self, room_ids: Vec<i64>) -> StoreFuture<Vec<(i64, i64)>> {
        self.boxed_read(move |conn| latest_versions(conn, &room_ids))
    }

    fn members(&self, room_ids: Vec<i64>, user_ids: Vec<i64>) -> StoreFuture<Vec<RoomMember>> {
        self.boxed_read(move |conn| members(conn, &room_ids, &user_ids))
    }

    fn live_sessions(&self, sessions: Vec<Arc<str>>) -> StoreFuture<HashSet<String>> {
        self.boxed_read(move |conn| {
            session::active_among(conn, sessions.iter().map(|hash| &**hash))
        })
    }
}

/// Returns the `last_ver` of these rooms, without deleted ones.
fn latest_versions(conn: &mut DbConn, room_ids: &[i64]) -> Result<Vec<(i64, i64)>> {
    Ok(rooms::table
        .filter(rooms::id.eq_any(room_ids))
        .filter(rooms::deleted_at.is_null())
        .select((rooms::id, rooms::last_ver))
        .load(conn)?)
}

/// Returns the memberships of these users in these rooms.
fn members(conn: &mut DbConn, room_ids: &[i64], user_ids: &[i64]) -> Result<Vec<RoomMember>> {
    let rows: Vec<(i64, i64, bool)> = memberships::table
        .inner_join(rooms::table)
        .filter(memberships::room_id.eq_any(room_ids))
        .filter(memberships::user_id.eq_any(user_ids))
        .select((
            memberships::room_id,
            memberships::user_id,
            rooms::kind.eq(RoomKind::Direct),
        ))
        .load(conn)?;
    let member = |(room_id, user_id, is_direct)| RoomMember {
        room_id,
        user_id,
        is_direct,
    };
    Ok(rows.into_iter().map(member).collect())
}
