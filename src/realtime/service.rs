//! Everything live that the program has one of, and what happens in it whoever asks: a socket, a form or the API.

use std::sync::Arc;

use tokio::sync::Notify;

use crate::error::{Error, Result};
use crate::realtime::connection_limiter::ConnectionLimiter;
use crate::realtime::frames::{ClientLimits, ErrorCode, Id, ServerFrame, User};
use crate::realtime::hub::Hub;
use crate::realtime::hub::worker_commands::{Audience, WorkerCommand};
use crate::realtime::presence::Presence;
use crate::realtime::rate_limit::UserRateLimiter;
use crate::realtime::store::{DirectRoom, ReadPosition, Store, WriteCommand, WriteResult};
use crate::realtime::websocket::CloseCode;
use crate::realtime::writer::Writer;

/// Everything live that the program has one of.
pub struct Realtime {
    /// Delivers.
    pub hub: Arc<Hub>,
    /// Stores messages.
    pub writer: Writer,
    /// Reads.
    pub store: Arc<dyn Store>,
    /// Who is here.
    pub presence: Presence,
    /// How much one person may send.
    pub rate_limiter: UserRateLimiter,
    /// How many sockets there may be.
    pub connection_limiter: Arc<ConnectionLimiter>,
    /// What clients are told about that.
    pub limits: ClientLimits,
    /// Names this database.
    pub epoch: String,
    /// Names this program.
    pub version: &'static str,
    /// Something was noted that is worth looking at now, and not only within a second.
    pub poll_requested: Notify,
}

impl Realtime {
    /// Moves what a person has read; tells their other devices, and in small rooms the others.
    ///
    /// # Errors
    /// `NotFound` when they are not in the room.
    pub async fn mark_read(
        &self,
        user: &User,
        room_id: i64,
        seq: i64,
        unread: bool,
    ) -> Result<ReadPosition> {
        let position = self
            .store
            .set_read_position(user.id.0, room_id, seq, unread)
            .await?;
        self.send_read_position(user, room_id, &position);
        Ok(position)
    }

    /// Everything is read, in all rooms of a person.
    ///
    /// # Errors
    /// `Unavailable` when the database does not answer.
    pub async fn mark_all_read(&self, user: &User) -> Result<()> {
        for (room_id, position) in self.store.mark_all_read(user.id.0).await? {
            self.send_read_position(user, room_id, &position);
        }
        Ok(())
    }

    fn send_read_position(&self, user: &User, room_id: i64, position: &ReadPosition) {
        let frame = ServerFrame::Read {
            room_id: Id(room_id),
            seq: position.read_seq,
            ver: position.ver,
            unread: position.unread,
            mentions: position.mentions,
        };
        self.hub
            .send_to_workers(&WorkerCommand::SendToUser(user.id.0, frame.encode()));
        if position.is_shared {
            let frame = ServerFrame::Seen {
                room_id: Id(room_id),
                user,
                seq: position.read_seq,
            };
            let others = Audience::AllExcept(user.id.0);
            self.hub.send_to_room(room_id, others, frame.encode());
        }
    }

    /// Says something to a person, in the conversation with them, which is made if need be.
    ///
    /// # Errors
    /// As for a post; `NotFound` when there is no such person, `Oneself` when it is the person who says it, `RateLimited` after too
    /// many look-ups by number or new conversations.
    pub async fn post_direct(
        &self,
        user_id: i64,
        to: &str,
        client_id: &str,
        content: &str,
    ) -> WriteResult {
        // Checked first, so that no room is made for something that cannot be said.
        self.store
            .validate_message(user_id, 0, client_id, content)?;
        let direct = self
            .store
            .find_or_create_direct(user_id, to.to_owned())
            .await
            .map_err(|error| error_code(&error))?;
        self.announce_direct(&direct);
        let message = self
            .store
            .validate_message(user_id, direct.room_id, client_id, content)?;
        self.writer.write(WriteCommand::Post(message)).await
    }

    /// Shows a new direct room to its people.
    pub fn announce_direct(&self, direct: &DirectRoom) {
        if direct.is_new {
            for member in &direct.members {
                self.join_room(*member, direct.room_id, true);
            }
        }
    }

    /// A person came into a room: their sockets follow it.
    pub fn join_room(&self, user_id: i64, room_id: i64, is_direct: bool) {
        self.presence.join(user_id, room_id, is_direct);
        self.hub
            .send_to_workers(&WorkerCommand::JoinRoom(user_id, room_id));
    }

    /// A person is no longer in a room.
    pub fn leave_room(&self, user_id: i64, room_id: i64) {
        self.presence.leave(user_id, room_id);
        self.hub
            .send_to_workers(&WorkerCommand::LeaveRoom(user_id, room_id));
    }

    /// The pending invitations of a person changed: their sockets are told.
    pub fn invitations_changed(&self, user_id: i64) {
        self.hub
            .send_to_workers(&WorkerCommand::InvitationsChanged(user_id));
    }

    /// A room was deleted.
    pub fn room_deleted(&self, room_id: i64) {
        self.presence.forget_room(room_id);
        self.hub
            .send_to_workers(&WorkerCommand::RoomDeleted(room_id));
    }

    /// Tells at once what was noted just now: that a room changed, or that sessions ended.
    pub fn poll_now(&self) {
        self.poll_requested.notify_one();
    }

    /// Closes the person's oldest connection to this server whose window is hidden, or else the oldest, so that another
    /// one may open.
    ///
    /// # Errors
    /// `NotFound` when they have none, `RateLimited` when this is asked too often.
    pub fn evict_connection(&self, user_id: i64) -> Result<()> {
        let id = self.connection_limiter.evict(user_id)?;
        let goodbye = WorkerCommand::CloseConnection(user_id, id, CloseCode::Replaced);
        self.hub.send_to_workers(&goodbye);
        Ok(())
    }

    /// A session ended: what was opened by it is closed.
    pub fn close_session(&self, user_id: i64, session: Arc<str>) {
        let goodbye = WorkerCommand::CloseSession(user_id, session, CloseCode::SignedOut);
        self.hub.send_to_workers(&goodbye);
    }
}

fn error_code(error: &Error) -> ErrorCode {
    match error {
        Error::NotFound | Error::Invalid(_) => ErrorCode::NotFound,
        Error::Forbidden => ErrorCode::Forbidden,
        // The only refusal with a sentence of its own on this way.
        Error::ForbiddenBecause(_) => ErrorCode::Oneself,
        Error::Unreachable => ErrorCode::Unreachable,
        Error::Blocked => ErrorCode::Blocked,
        Error::RateLimited { .. } => ErrorCode::RateLimited,
        _ => ErrorCode::Unavailable,
    }
}
