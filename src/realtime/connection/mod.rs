//! Handles the frames of one client, independent of the transport.

mod handshake;
mod reads;
mod writes;

pub use handshake::{ConnectRequest, MakeSubscriber};

use std::cell::Cell;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Instant;

use futures_util::future::LocalBoxFuture;
use futures_util::stream::FuturesUnordered;
use serde::Deserialize;

use crate::protocol::commands::{Change, WriteResult};
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

/// What a response tells the client of its request.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Request {
    client_id: Option<String>,
    room_id: Option<Id>,
    #[serde(skip)]
    seq: Option<i64>,
}

impl Request {
    fn in_room(room_id: Id) -> Self {
        Self {
            room_id: Some(room_id),
            ..Self::default()
        }
    }
}

/// A write in progress: its request, and when that was received.
type PendingWrite = LocalBoxFuture<'static, (Request, Instant, WriteResult)>;

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
    writes: FuturesUnordered<PendingWrite>,
    permit: ConnectionPermit,
}

impl Connection {
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
            }) => {
                let text = self.realtime.store.validate_content(&content);
                self.change(room_id, seq, text.map(Change::Edit));
            }
            Some(ClientFrame::Delete { room_id, seq }) => {
                self.change(room_id, seq, Ok(Change::Delete));
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
        // What can be read of it, to refer to it in the error.
        let request = serde_json::from_str(text).unwrap_or_default();
        self.send_error(ErrorCode::BadFrame, &request);
    }

    /// Sends an error frame.
    pub fn send_error(&self, code: ErrorCode, request: &Request) {
        self.realtime.hub.metrics.error_sent(code);
        let error = ServerFrame::Error {
            code,
            message: &(self.error_texts)(code),
            client_id: request.client_id.as_deref(),
            room_id: request.room_id,
            seq: request.seq,
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
