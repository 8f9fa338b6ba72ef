//! Everything live that the program has one of, and what happens in it whoever asks: a socket, a form or the API.

use std::sync::Arc;

use tokio::sync::Notify;

use crate::error::{Error, Result};
use crate::realtime::connection_limiter::ConnectionLimiter;
use crate::realtime::frames::{ErrorCode, Id, ClientLimits, ServerFrame, User};
use crate::realtime::hub::Hub;
use crate::realtime::hub::worker_commands::{Audience, WorkerCommand};
use crate::realtime::presence::Presence;
use crate::realtime::rate_limit::UserRateLimiter;
use crate::realtime::store::{DirectRoom, ReadPosition, Store, WriteResult, WriteCommand};
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
    pub throttle: UserRateLimiter,
    /// How many sockets there may be.
    pub turnstile: Arc<ConnectionLimiter>,
    /// What clients are told about that.
    pub limits: ClientLimits,
    /// Names this database.
    pub epoch: String,
    /// Names this program.
    pub version: &'static str,
    /// Something was noted that is worth looking at now, and not only within a second.
    pub noted: Notify,
}

impl Realtime {
    /// Moves what a person has read; tells their other devices, and in small rooms the others.
    ///
    /// # Errors
    /// `NotFound` when they are not in the room.
    pub async fn read(&self, user: &User, room_id: i64, seq: i64, unread: bool) -> Result<ReadPosition> {
        let mark = self.store.mark(user.id.0, room_id, seq, unread).await?;
        self.tell_mark(user, room_id, &mark);
        Ok(mark)
    }

    /// Everything is read, in all rooms of a person.
    ///
    /// # Errors
    /// `Unavailable` when the database does not answer.
    pub async fn read_all(&self, user: &User) -> Result<()> {
        for (room_id, mark) in self.store.mark_all(user.id.0).await? {
            self.tell_mark(user, room_id, &mark);
        }
        Ok(())
    }

    fn tell_mark(&self, user: &User, room_id: i64, mark: &ReadPosition) {
        let frame = ServerFrame::Read {
            room_id: Id(room_id),
            seq: mark.read_seq,
            ver: mark.ver,
            unread: mark.unread,
            mentions: mark.mentions,
        };
        self.hub
            .to_all(&WorkerCommand::SendToUser(user.id.0, frame.encode()));
        if mark.is_shared {
            let frame = ServerFrame::Seen {
                room_id: Id(room_id),
                user,
                seq: mark.read_seq,
            };
            let others = Audience::AllExcept(user.id.0);
            self.hub.to_room(room_id, others, frame.encode());
        }
    }

    /// Says something to a person, in the conversation with them, which is made if need be.
    ///
    /// # Errors
    /// As for a post; `NotFound` when there is no such person, `Oneself` when it is the person who says it, `RateLimited` after too
    /// many look-ups by number or new conversations.
    pub async fn post_to(&self, user_id: i64, to: &str, client_id: &str, content: &str) -> WriteResult {
        // Checked first, so that no room is made for something that cannot be said.
        self.store.draft(user_id, 0, client_id, content)?;
        let direct = self
            .store
            .direct_with(user_id, to.to_owned())
            .await
            .map_err(|error| code_of(&error))?;
        self.announce(&direct);
        let draft = self
            .store
            .draft(user_id, direct.room_id, client_id, content)?;
        self.writer.write(WriteCommand::Post(draft)).await
    }

    /// Shows a new direct room to its people.
    pub fn announce(&self, direct: &DirectRoom) {
        if direct.is_new {
            for member in &direct.members {
                self.enter(*member, direct.room_id, true);
            }
        }
    }

    /// A person came into a room: their sockets follow it.
    pub fn enter(&self, user_id: i64, room_id: i64, is_direct: bool) {
        self.presence.enter(user_id, room_id, is_direct);
        self.hub.to_all(&WorkerCommand::JoinRoom(user_id, room_id));
    }

    /// A person is no longer in a room.
    pub fn leave(&self, user_id: i64, room_id: i64) {
        self.presence.exit(user_id, room_id);
        self.hub.to_all(&WorkerCommand::LeaveRoom(user_id, room_id));
    }

    /// The pending invitations of a person changed: their sockets are told.
    pub fn invitations_changed(&self, user_id: i64) {
        self.hub.to_all(&WorkerCommand::InvitationsChanged(user_id));
    }

    /// A room was deleted.
    pub fn room_gone(&self, room_id: i64) {
        self.presence.forget(room_id);
        self.hub.to_all(&WorkerCommand::RoomDeleted(room_id));
    }

    /// Tells at once what was noted just now: that a room changed, or that sessions ended.
    pub fn look_now(&self) {
        self.noted.notify_one();
    }

    /// Closes the person's oldest connection to this server whose window is hidden, or else the oldest, so that another
    /// one may open.
    ///
    /// # Errors
    /// `NotFound` when they have none, `RateLimited` when this is asked too often.
    pub fn free_place(&self, user_id: i64) -> Result<()> {
        let id = self.turnstile.take_place(user_id)?;
        let goodbye = WorkerCommand::CloseConnection(user_id, id, CloseCode::Replaced);
        self.hub.to_all(&goodbye);
        Ok(())
    }

    /// A session ended: what was opened by it is closed.
    pub fn sign_out(&self, user_id: i64, session: Arc<str>) {
        let goodbye = WorkerCommand::CloseSession(user_id, session, CloseCode::SignedOut);
        self.hub.to_all(&goodbye);
    }
}

fn code_of(error: &Error) -> ErrorCode {
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
