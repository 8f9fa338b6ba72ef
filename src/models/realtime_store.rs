//! What the live side needs of the database.

use std::mem;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures_util::future::BoxFuture;

use crate::error::outage::DATABASE;
use crate::error::{Error, Result};
use crate::models::auth::session;
use crate::models::auth::session::KeyHash;
use crate::models::database::Database;
use crate::models::database::connection::DbConn;
use crate::models::database::pool::Opened;
use crate::models::installation;
use crate::models::message::Message;
use crate::models::message::append::{Known, append};
use crate::models::room::Room;
use crate::models::room::direct::To;
use crate::models::room::invitation;
use crate::models::room::membership::Membership;
use crate::models::user::User;
use crate::models::values::client_id::ClientId;
use crate::models::values::content::{Content, ContentError};
use crate::realtime::frames::{self, ErrorCode};
use crate::realtime::store::{Changes, DirectRoom, ValidatedMessage, Log, ReadPosition, SequencedPage, Store, WriteResult, WriteCommand};

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
        Ok(draft(user_id, room_id, client_id, &content))
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
    ) -> BoxFuture<'static, Result<ReadPosition>> {
        self.boxed_write(move |conn| Membership::mark(conn, user_id, room_id, seq, unread))
    }

    fn mark_all_read(&self, user_id: i64) -> BoxFuture<'static, Result<Vec<(i64, ReadPosition)>>> {
        self.boxed_write(move |conn| Membership::mark_all(conn, user_id))
    }

    fn room_for(&self, user_id: i64, room_id: i64) -> BoxFuture<'static, Result<frames::Room>> {
        self.boxed_run(move |conn| Room::of(conn, user_id, room_id))
    }

    fn invitations_for(&self, user_id: i64) -> BoxFuture<'static, Result<Vec<frames::Invitation>>> {
        self.boxed_run(move |conn| invitation::pending(conn, user_id))
    }

    fn find_or_create_direct(&self, user_id: i64, to: String) -> BoxFuture<'static, Result<DirectRoom>> {
        let database = self.clone();
        Box::pin(async move { database.direct(user_id, To::Anyhow(vec![to])).await })
    }

    fn rooms_for(
        &self,
        user_id: i64,
        session: Arc<str>,
    ) -> BoxFuture<'static, Result<Vec<frames::Room>>> {
        self.boxed_run(move |conn| {
            let session = KeyHash::from_stored(session.to_string());
            let live = session::find_live(conn, &session)?;
            live.filter(|live| live.user.id == user_id)
                .ok_or(Error::Unauthorized)?;
            Room::all_of(conn, user_id)
        })
    }

    fn record_last_seen(&self, user_id: i64) -> BoxFuture<'static, Result<()>> {
        self.boxed_write(move |conn| User::saw_last(conn, user_id))
    }

    fn latest_change(&self) -> BoxFuture<'static, Result<i64>> {
        self.boxed_run(installation::latest_number)
    }

    fn messages_after(
        &self,
        user_id: i64,
        after: i64,
        only_conversations: bool,
    ) -> BoxFuture<'static, Result<SequencedPage>> {
        self.boxed_run(move |conn| match only_conversations {
            true => Message::said_to(conn, user_id, after),
            false => Message::changed_for(conn, user_id, after),
        })
    }

    fn changes(&self, room_id: i64, ver: i64) -> BoxFuture<'static, Result<Changes>> {
        self.boxed_run(move |conn| Message::changes(conn, room_id, ver))
    }
}

impl Database {
    pub(super) fn boxed_run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut DbConn) -> Result<T> + Send + 'static,
    ) -> BoxFuture<'static, Result<T>> {
        let database = self.clone();
        Box::pin(async move { database.run(work).await })
    }

    fn boxed_write<T: Send + 'static>(
        &self,
        work: impl FnMut(&mut DbConn) -> Result<T> + Send + 'static,
    ) -> BoxFuture<'static, Result<T>> {
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

/// A message that is ready to be stored.
pub fn draft(user_id: i64, room_id: i64, client_id: ClientId, content: &Content) -> ValidatedMessage {
    ValidatedMessage {
        room_id,
        user_id,
        client_id: client_id.to_string(),
        content: content.as_str().to_owned(),
        hash: content.hash(),
    }
}

/// The log on a connection of its own, which is opened again when it is lost.
pub struct MessageLog {
    database: Database,
    conn: Mutex<Option<(Opened, Known)>>,
}

impl MessageLog {
    /// Opens its connection with the first message.
    pub fn new(database: Database) -> Self {
        Self {
            database,
            conn: Mutex::default(),
        }
    }

    fn kept(&self) -> MutexGuard<'_, Option<(Opened, Known)>> {
        self.conn.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Log for MessageLog {
    fn append(&self, writes: &[WriteCommand]) -> Result<Vec<WriteResult>> {
        let outcome = self.append_once(writes);
        self.database.write_health.record(&outcome);
        DATABASE.record_write(&outcome);
        outcome
    }
}

impl MessageLog {
    fn append_once(&self, writes: &[WriteCommand]) -> Result<Vec<WriteResult>> {
        let _turn = self.database.blocking_turn();
        let kept = self.kept().take();
        let (mut opened, mut known) = self.database.dedicated(kept)?;
        // What a transaction that is not committed has learnt is lost with it.
        let append = |conn: &mut DbConn| append(conn, mem::take(&mut known), writes);
        let (verdicts, known) = opened.conn.write(append)?;
        // After an error the connection is not kept: what state it is in is unknown.
        *self.kept() = Some((opened.used(), known));
        Ok(verdicts)
    }
}
