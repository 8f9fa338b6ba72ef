//! The realtime services of the process, and the operations shared by WebSockets, forms and the API.

use std::sync::Arc;

use tokio::sync::Notify;

use crate::error::{Error, Result};
use crate::protocol::commands::{DirectRoom, ReadPosition, WriteCommand, WriteResult};
use crate::protocol::frames::ServerFrame;
use crate::protocol::websocket::CloseCode;
use crate::protocol::{ClientLimits, ErrorCode, Id, User};
use crate::realtime::connection_limiter::ConnectionLimiter;
use crate::realtime::hub::Hub;
use crate::realtime::hub::worker_commands::{Audience, WorkerCommand};
use crate::realtime::presence::Presence;
use crate::realtime::rate_limit::UserRateLimiter;
use crate::realtime::store::Store;
use crate::realtime::writer::Writer;

/// The realtime services of the process.
pub struct Realtime {
    /// Delivers committed messages.
    pub hub: Arc<Hub>,
    /// Stores messages.
    pub writer: Writer,
    /// Reads rooms and messages.
    pub store: Arc<dyn Store>,
    /// Tracks which users are online.
    pub presence: Presence,
    /// Limits messages per user.
    pub rate_limiter: UserRateLimiter,
    /// Limits open connections.
    pub connection_limiter: Arc<ConnectionLimiter>,
    /// Limits announced to clients.
    pub limits: ClientLimits,
    /// Identifies the database.
    pub epoch: String,
    /// The program's version.
    pub version: &'static str,
    /// Triggers a poll of the [`ChangePoller`](super::change_poller::ChangePoller) before its interval ends.
    pub poll_requested: Notify,
}

impl Realtime {
    /// Moves the user's read position; notifies their other devices and, in small rooms, the other members.
    ///
    /// # Errors
    /// `NotFound` when they are not a member.
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

    /// Marks all rooms of the user as read.
    ///
    /// # Errors
    /// `Unavailable` when the database cannot be written.
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

    /// Posts a message to the direct room with another user, creating the room if needed.
    ///
    /// # Errors
    /// Those of a post; `NotFound` for an unknown user, `Oneself` for the sender, `RateLimited` after too many lookups
    /// by phone number or new direct rooms.
    pub async fn post_direct(
        &self,
        user_id: i64,
        to: &str,
        client_id: &str,
        content: &str,
    ) -> WriteResult {
        // Validated first, so that no room is created for an invalid message.
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

    /// Subscribes the members of a new direct room.
    pub fn announce_direct(&self, direct: &DirectRoom) {
        if direct.is_new {
            for member in &direct.members {
                self.join_room(*member, direct.room_id, true);
            }
        }
    }

    /// Subscribes a user's connections to a room they joined.
    pub fn join_room(&self, user_id: i64, room_id: i64, is_direct: bool) {
        self.presence.join(user_id, room_id, is_direct);
        self.hub
            .send_to_workers(&WorkerCommand::JoinRoom(user_id, room_id));
    }

    /// Unsubscribes a user's connections from a room they left.
    pub fn leave_room(&self, user_id: i64, room_id: i64) {
        self.presence.leave(user_id, room_id);
        self.hub
            .send_to_workers(&WorkerCommand::LeaveRoom(user_id, room_id));
    }

    /// Sends a user's connections their pending invitations.
    pub fn invitations_changed(&self, user_id: i64) {
        self.hub
            .send_to_workers(&WorkerCommand::InvitationsChanged(user_id));
    }

    /// Unsubscribes everyone from a deleted room.
    pub fn room_deleted(&self, room_id: i64) {
        self.presence.forget_room(room_id);
        self.hub
            .send_to_workers(&WorkerCommand::RoomDeleted(room_id));
    }

    /// Makes the change poller process the notices that were just committed.
    pub fn poll_now(&self) {
        self.poll_requested.notify_one();
    }

    /// Closes the user's oldest connection to this server whose window is hidden, or else the oldest, so that another
    /// one can open.
    ///
    /// # Errors
    /// `NotFound` when they have none, `RateLimited` when called too often.
    pub fn evict_connection(&self, user_id: i64) -> Result<()> {
        let id = self.connection_limiter.evict(user_id)?;
        let command = WorkerCommand::CloseConnection(user_id, id, CloseCode::Replaced);
        self.hub.send_to_workers(&command);
        Ok(())
    }

    /// Closes the connections of a session that ended.
    pub fn close_session(&self, user_id: i64, session: Arc<str>) {
        let command = WorkerCommand::CloseSession(user_id, session, CloseCode::SignedOut);
        self.hub.send_to_workers(&command);
    }
}

fn error_code(error: &Error) -> ErrorCode {
    match error {
        Error::NotFound | Error::Invalid(_) => ErrorCode::NotFound,
        Error::Forbidden => ErrorCode::Forbidden,
        // The only `ForbiddenBecause` that this operation returns.
        Error::ForbiddenBecause(_) => ErrorCode::Oneself,
        Error::Unreachable => ErrorCode::Unreachable,
        Error::Blocked => ErrorCode::Blocked,
        Error::RateLimited { .. } => ErrorCode::RateLimited,
        _ => ErrorCode::Unavailable,
    }
}

/// Converts the result code of a write for HTTP responses.
impl From<ErrorCode> for Error {
    fn from(code: ErrorCode) -> Self {
        match code {
            ErrorCode::BadFrame => Self::BadRequest("error-bad-request".into()),
            ErrorCode::NotFound => Self::NotFound,
            ErrorCode::Empty => Self::field("content", "error-content-empty"),
            ErrorCode::TooLong => Self::field("content", "error-content-too-long"),
            ErrorCode::Invalid => Self::field("content", "error-content-invalid"),
            ErrorCode::RateLimited => Self::RateLimited { seconds: 1 },
            ErrorCode::Conflict => Self::Conflict,
            ErrorCode::Forbidden => Self::Forbidden,
            ErrorCode::Unreachable => Self::Unreachable,
            ErrorCode::Oneself => Self::ForbiddenBecause("error-direct-oneself".into()),
            ErrorCode::Blocked => Self::Blocked,
            ErrorCode::Unavailable => Self::Unavailable("the message was not stored".into()),
        }
    }
}
