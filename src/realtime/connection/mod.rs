//! Handles the frames of one client, independent of the transport.

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
use crate::protocol::commands::{WriteCommand, WriteResult};
use crate::protocol::frames::{ClientFrame, ServerFrame};
use crate::protocol::{ErrorCode, Id, User};
use crate::realtime::connection_limiter::ConnectionPermit;
use crate::realtime::service::Realtime;
use crate::realtime::subscriber::Subscriber;
use crate::realtime::worker_hub::WorkerHub;

/// Maximum number of concurrent writes per connection; beyond it no frames are read.
const MAX_WRITES_IN_FLIGHT: usize = 64;

/// Returns the text for an error code, in the user's language.
pub type ErrorTexts = Box<dyn Fn(ErrorCode) -> String>;

/// The client's request that a write belongs to.
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

/// A client's connection. Dropping it unsubscribes and disconnects.
pub struct Connection {
    /// The connection's send queue and subscriptions.
    pub subscriber: Rc<Subscriber>,
    user: User,
    worker: Rc<WorkerHub>,
    realtime: Arc<Realtime>,
    error_texts: ErrorTexts,
    away: Cell<bool>,
    rejected_in_a_row: u32,
    last_typing_at: Option<Instant>,
    writes: FuturesUnordered<LocalBoxFuture<'static, (PendingWrite, WriteResult)>>,
    permit: ConnectionPermit,
}

impl Connection {
    /// Connects, subscribes to the user's rooms and sends `hello`. Reads `request`'s state again only if it has changed
    /// since.
    ///
    /// # Errors
    /// `Unavailable` when the rooms cannot be read or there are too many connections, `TooManySockets` at the user's
    /// limit, `Unauthorized` when the session has ended.
    pub async fn open(
        worker: Rc<WorkerHub>,
        realtime: Arc<Realtime>,
        request: ConnectRequest,
        error_texts: ErrorTexts,
    ) -> Result<Self> {
        Self::establish(worker, realtime, request, Subscriber::new, error_texts).await
    }

    /// Like [`Connection::open`], for an event stream.
    ///
    /// # Errors
    /// Those of [`Connection::open`].
    pub async fn open_event_stream(
        worker: Rc<WorkerHub>,
        realtime: Arc<Realtime>,
        request: ConnectRequest,
        error_texts: ErrorTexts,
    ) -> Result<Self> {
        Self::establish(
            worker,
            realtime,
            request,
            Subscriber::event_stream,
            error_texts,
        )
        .await
    }

    /// Returns the realtime services.
    pub fn realtime(&self) -> &Realtime {
        &self.realtime
    }

    /// Whether another frame may be received now.
    pub fn can_receive(&self) -> bool {
        self.writes.len() < MAX_WRITES_IN_FLIGHT
    }

    /// Handles a text frame.
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
            }) => self.post_direct(client_id, to, content),
            Some(ClientFrame::Edit {
                room_id,
                seq,
                content,
            }) => self.edit(room_id, seq, &content),
            Some(ClientFrame::Delete { room_id, seq }) => {
                let target = self.message_ref(room_id, seq);
                self.change(room_id, seq, WriteCommand::Delete(target));
            }
            // Boxed, since these futures would otherwise enlarge every connection's task.
            Some(ClientFrame::Sync { room_id, ver }) => Box::pin(self.sync(room_id, ver)).await,
            Some(ClientFrame::Read {
                room_id,
                seq,
                unread,
            }) => Box::pin(self.mark_read(room_id, seq, unread)).await,
            Some(ClientFrame::View { room_id, away }) => self.view(room_id, away),
            Some(ClientFrame::Typing { room_id }) => self.typing(room_id),
            Some(ClientFrame::Ping) => self.subscriber.push(ServerFrame::Pong.encode()),
            Some(ClientFrame::Post { .. }) | None => self.send_bad_frame_error(text),
        }
    }

    fn send_bad_frame_error(&self, text: &str) {
        /// What can be read of an invalid frame, to refer to it in the error.
        #[derive(Default, Deserialize)]
        #[serde(rename_all = "camelCase", default)]
        struct Names {
            client_id: Option<String>,
            room_id: Option<Id>,
        }
        let names: Names = serde_json::from_str(text).unwrap_or_default();
        self.send_error(
            ErrorCode::BadFrame,
            names.client_id.as_deref(),
            names.room_id,
        );
    }

    /// Sends an error frame.
    pub fn send_error(&self, code: ErrorCode, client_id: Option<&str>, room_id: Option<Id>) {
        self.send_error_frame(code, client_id, room_id, None);
    }

    fn send_post_error(&self, code: ErrorCode, client_id: &str, room_id: Option<Id>) {
        self.send_error_frame(code, Some(client_id), room_id, None);
    }

    fn send_change_error(&self, code: ErrorCode, room_id: Id, seq: i64) {
        self.send_error_frame(code, None, Some(room_id), Some(seq));
    }

    fn send_error_frame(
        &self,
        code: ErrorCode,
        client_id: Option<&str>,
        room_id: Option<Id>,
        seq: Option<i64>,
    ) {
        self.realtime.hub.metrics.error_sent(code);
        let message = (self.error_texts)(code);
        let error = ServerFrame::Error {
            code,
            message: &message,
            client_id,
            room_id,
            seq,
        };
        self.subscriber.push(error.encode());
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.worker.remove(&self.subscriber);
        let view = self.subscriber.view.get();
        self.realtime
            .presence
            .disconnect(self.subscriber.user_id, view, self.away.get());
    }
}
