//! What one socket may say and is told, without the socket itself.

mod handshake;
mod reads;
mod writes;

pub use handshake::ConnectRequest;

use std::cell::Cell;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Instant;

use futures_util::future::LocalBoxFuture;
use futures_util::stream::FuturesUnordered;
use serde::Deserialize;

use crate::error::Result;
use crate::realtime::connection_limiter::ConnectionPermit;
use crate::realtime::frames::{ClientFrame, ErrorCode, Id, ServerFrame, User};
use crate::realtime::service::Realtime;
use crate::realtime::store::{WriteResult, WriteCommand};
use crate::realtime::subscriber::Subscriber;
use crate::realtime::worker_hub::WorkerHub;

/// So many writes of one socket may be under way; then it is read no further.
const WRITES_IN_FLIGHT: usize = 64;

/// The sentence for an error, in the person's language.
pub type ErrorTexts = Box<dyn Fn(ErrorCode) -> String>;

/// What a write is answered to.
enum PendingWrite {
    Post {
        client_id: String,
        room_id: Option<Id>,
        since: Instant,
    },
    Change {
        room_id: Id,
        seq: i64,
    },
}

/// One person's socket. It leaves its rooms when it is dropped.
pub struct Connection {
    /// Where its frames are queued.
    pub seat: Rc<Subscriber>,
    user: User,
    desk: Rc<WorkerHub>,
    live: Arc<Realtime>,
    sentences: ErrorTexts,
    away: Cell<bool>,
    refused_in_a_row: u32,
    typed_at: Option<Instant>,
    writes: FuturesUnordered<LocalBoxFuture<'static, (PendingWrite, WriteResult)>>,
    pass: ConnectionPermit,
}

impl Connection {
    /// Takes a seat, follows the person's rooms and queues `hello`. What was read before is read again only when something
    /// happened since, which is rare.
    ///
    /// # Errors
    /// `Unavailable` when the rooms cannot be read or there are too many sockets, `TooManySockets` when the person has
    /// too many, `Unauthorized` when the session ended meanwhile.
    pub async fn open(
        desk: Rc<WorkerHub>,
        live: Arc<Realtime>,
        arrival: ConnectRequest,
        sentences: ErrorTexts,
    ) -> Result<Self> {
        Self::take(desk, live, arrival, Subscriber::new, sentences).await
    }

    /// The same for an event stream.
    ///
    /// # Errors
    /// As [`Connection::open`].
    pub async fn listen(
        desk: Rc<WorkerHub>,
        live: Arc<Realtime>,
        arrival: ConnectRequest,
        sentences: ErrorTexts,
    ) -> Result<Self> {
        Self::take(desk, live, arrival, Subscriber::listening, sentences).await
    }

    /// What it is part of.
    pub fn live(&self) -> &Realtime {
        &self.live
    }

    /// Whether another frame may be read now.
    pub fn is_ready(&self) -> bool {
        self.writes.len() < WRITES_IN_FLIGHT
    }

    /// Answers a text frame.
    pub async fn receive(&mut self, text: &str) {
        match ClientFrame::parse(text) {
            Some(ClientFrame::Post {
                client_id,
                room_id: Some(room_id),
                to: None,
                content,
            }) => self.post(client_id, room_id, &content),
            Some(ClientFrame::Post {
                client_id,
                room_id: None,
                to: Some(to),
                content,
            }) => self.post_to(client_id, to, content),
            Some(ClientFrame::Edit {
                room_id,
                seq,
                content,
            }) => self.edit(room_id, seq, &content),
            Some(ClientFrame::Delete { room_id, seq }) => {
                let target = self.target(room_id, seq);
                self.change(room_id, seq, WriteCommand::Delete(target));
            }
            // Both are boxed: otherwise each socket would keep room for them all the time.
            Some(ClientFrame::Sync { room_id, ver }) => Box::pin(self.sync(room_id, ver)).await,
            Some(ClientFrame::Read {
                room_id,
                seq,
                unread,
            }) => Box::pin(self.read(room_id, seq, unread)).await,
            Some(ClientFrame::View { room_id, away }) => self.view(room_id, away),
            Some(ClientFrame::Typing { room_id }) => self.typing(room_id),
            Some(ClientFrame::Ping) => self.seat.push(ServerFrame::Pong.encode()),
            Some(ClientFrame::Post { .. }) | None => self.refuse_bad_frame(text),
        }
    }

    fn refuse_bad_frame(&self, text: &str) {
        /// What an error can name even when the rest makes no sense.
        #[derive(Default, Deserialize)]
        #[serde(rename_all = "camelCase", default)]
        struct Names {
            client_id: Option<String>,
            room_id: Option<Id>,
        }
        let names: Names = serde_json::from_str(text).unwrap_or_default();
        self.refuse(ErrorCode::BadFrame, names.client_id.as_deref(), names.room_id);
    }

    /// Queues an error for something that was not understood or not done.
    pub fn refuse(&self, code: ErrorCode, client_id: Option<&str>, room_id: Option<Id>) {
        self.refuse_at(code, client_id, room_id, None);
    }

    fn refuse_post(&self, code: ErrorCode, client_id: &str, room_id: Option<Id>) {
        self.refuse_at(code, Some(client_id), room_id, None);
    }

    fn refuse_change(&self, code: ErrorCode, room_id: Id, seq: i64) {
        self.refuse_at(code, None, Some(room_id), Some(seq));
    }

    fn refuse_at(
        &self,
        code: ErrorCode,
        client_id: Option<&str>,
        room_id: Option<Id>,
        seq: Option<i64>,
    ) {
        self.live.hub.figures.refused(code);
        let message = (self.sentences)(code);
        let error = ServerFrame::Error {
            code,
            message: &message,
            client_id,
            room_id,
            seq,
        };
        self.seat.push(error.encode());
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.desk.leave(&self.seat);
        let view = self.seat.view.get();
        self.live
            .presence
            .leave(self.seat.user_id, view, self.away.get());
    }
}
