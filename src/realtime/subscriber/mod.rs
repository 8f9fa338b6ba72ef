//! A live connection as the hub sees it: a send queue and its room subscriptions.

pub(super) mod subscription;
mod subscriptions;

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use tokio::sync::Notify;

use self::subscription::Subscription;
use crate::protocol::frames::ServerFrame;
use crate::protocol::websocket;
use crate::protocol::websocket::CloseCode;
use crate::protocol::{Id, Invitation};
use crate::realtime::hub::worker_commands::Audience;
pub use crate::realtime::send_queue::DirectSink;
use crate::realtime::send_queue::SendQueue;

/// A live connection of a user: a WebSocket or an event stream.
pub struct Subscriber {
    /// The connection's id, unique across all workers.
    pub id: u64,
    /// The user.
    pub user_id: i64,
    /// Hash of the session key that opened the connection.
    pub session: Arc<str>,
    /// The room that the window shows.
    pub view: Cell<Option<i64>>,
    send_queue: SendQueue,
    /// No frame is sent before `hello`, which carries the initial state.
    has_sent_hello: Cell<bool>,
    close_code: Cell<Option<CloseCode>>,
    /// Event streams only: whether the stream has changes to read from the store.
    changed: Option<Cell<bool>>,
    disconnected: Cell<bool>,
    on_close: RefCell<Option<Box<dyn FnOnce()>>>,
    closed: Notify,
    drained: Notify,
    subscriptions: RefCell<HashMap<i64, Rc<Subscription>>>,
    /// The pending invitations that the client has received.
    invitations: RefCell<Vec<Id>>,
}

/// What an event stream has to do next.
#[derive(Debug)]
pub enum StreamSignal {
    /// Read changes from the store.
    Changed,
    /// Forward this frame.
    Frame(Bytes),
    /// End the stream.
    End,
}

impl Subscriber {
    /// Creates a WebSocket's subscriber, without subscriptions.
    pub fn new(id: u64, user_id: i64, session: Arc<str>) -> Rc<Self> {
        Self::with(id, user_id, session, None)
    }

    /// Creates an event stream's subscriber, which is notified of changes instead of receiving message frames.
    pub fn event_stream(id: u64, user_id: i64, session: Arc<str>) -> Rc<Self> {
        Self::with(id, user_id, session, Some(Cell::new(false)))
    }

    fn with(id: u64, user_id: i64, session: Arc<str>, changed: Option<Cell<bool>>) -> Rc<Self> {
        Rc::new(Self {
            id,
            user_id,
            session,
            view: Cell::default(),
            send_queue: SendQueue::default(),
            has_sent_hello: Cell::default(),
            close_code: Cell::default(),
            changed,
            disconnected: Cell::default(),
            on_close: RefCell::default(),
            closed: Notify::new(),
            drained: Notify::new(),
            subscriptions: RefCell::default(),
            invitations: RefCell::default(),
        })
    }

    /// Makes `push` write directly to the socket while the queue is empty.
    pub fn set_direct_sink(&self, direct_sink: Rc<dyn DirectSink>) {
        self.send_queue.set_direct_sink(direct_sink);
    }

    /// Sends `hello` and enables all other frames.
    pub fn send_hello(&self, hello: Bytes) {
        self.has_sent_hello.set(true);
        self.push(hello);
    }

    /// Sends the pending invitations that the client has not received yet, and `uninvited` for those that are no longer
    /// pending.
    pub fn send_invitations(&self, pending: &[Invitation]) {
        if !self.has_sent_hello.get() {
            return;
        }
        let now = pending.iter().map(|invitation| invitation.id).collect();
        let before = self.invitations.replace(now);
        let is_over = |id: &&Id| pending.iter().all(|invitation| invitation.id != **id);
        for id in before.iter().filter(is_over) {
            self.push(ServerFrame::Uninvited { id: *id }.encode());
        }
        let is_new = |invitation: &&Invitation| !before.contains(&invitation.id);
        for invitation in pending.iter().filter(is_new) {
            self.push(ServerFrame::Invitation(invitation).encode());
        }
    }

    /// Sends encoded frames. A full queue closes the connection with 4008.
    pub fn push(&self, wire: Bytes) {
        self.push_shared(&wire);
    }

    /// Like [`Subscriber::push`], for bytes shared by many subscribers: cloned (an atomic increment) only when they
    /// have to be queued.
    pub(super) fn push_shared(&self, wire: &Bytes) {
        if !self.has_sent_hello.get() || self.close_code.get().is_some() {
            return;
        }
        if self.send_queue.is_full(wire) {
            tracing::debug!(
                user_id = self.user_id,
                "send queue is full; closing with 4008"
            );
            return self.close(CloseCode::TooSlow);
        }
        self.send_queue.push(wire);
    }

    /// Closes the connection: queues the close frame and accepts nothing after it. Later calls have no effect.
    pub fn close(&self, code: CloseCode) {
        if self
            .close_code
            .replace(Some(self.close_code.get().unwrap_or(code)))
            .is_some()
        {
            return;
        }
        if code == CloseCode::TooSlow {
            self.send_queue.discard_unsent();
        }
        self.send_queue.push(&websocket::close(code));
        self.closed.notify_one();
        self.drained.notify_one();
        let callback = self.on_close.take();
        if let Some(callback) = callback {
            callback();
        }
    }

    /// Registers a callback that runs once when the connection is being closed, or at once if it already is.
    pub fn on_close(&self, callback: impl FnOnce() + 'static) {
        match self.close_code.get() {
            Some(_) => callback(),
            None => drop(self.on_close.replace(Some(Box::new(callback)))),
        }
    }

    /// The `kind` label of metrics: `socket` or `stream`.
    pub fn kind(&self) -> &'static str {
        match self.changed {
            None => "socket",
            Some(_) => "stream",
        }
    }

    /// Returns the close code if the connection is being closed.
    pub fn close_code(&self) -> Option<CloseCode> {
        self.close_code.get()
    }

    /// Whether the connection is being closed.
    pub fn is_closing(&self) -> bool {
        self.close_code.get().is_some()
    }

    /// Waits until the connection is being closed.
    pub async fn closed(&self) {
        if self.close_code.get().is_none() {
            self.closed.notified().await;
        }
    }

    /// Waits until the send queue is empty or the connection is being closed.
    pub async fn drained(&self) {
        while self.close_code.get().is_none() && !self.send_queue.is_empty() {
            self.drained.notified().await;
        }
    }

    /// Ends the byte stream after the queued frames.
    pub fn finish(&self) {
        self.send_queue.finish();
    }

    /// Polls for the next bytes for the socket; `None` at the end.
    pub fn poll_wire(&self, cx: &mut Context<'_>) -> Poll<Option<Bytes>> {
        let wire = self.send_queue.poll(cx);
        if self.send_queue.is_empty() {
            self.drained.notify_one();
        }
        wire
    }

    /// Polls for an event stream's next signal.
    pub fn poll_signal(&self, cx: &mut Context<'_>) -> Poll<StreamSignal> {
        if self
            .changed
            .as_ref()
            .is_some_and(|changed| changed.replace(false))
        {
            return Poll::Ready(StreamSignal::Changed);
        }
        self.poll_wire(cx).map(|wire| match wire {
            Some(wire) if websocket::payload(&wire).is_some() => StreamSignal::Frame(wire),
            _ => StreamSignal::End,
        })
    }

    /// Notifies an event stream of changes; returns whether this is one.
    pub(super) fn notify_changed(&self) -> bool {
        if let Some(changed) = &self.changed {
            changed.set(true);
            self.send_queue.wake();
        }
        self.changed.is_some()
    }

    /// Whether a push is expected to go directly to the socket.
    pub(super) fn is_writable(&self) -> bool {
        self.has_sent_hello.get()
            && self.close_code.get().is_none()
            && self.send_queue.is_writable()
    }

    /// Whether the subscriber belongs to the audience of a room's frame.
    pub(super) fn is_in_audience(&self, audience: Audience, room_id: i64) -> bool {
        match audience {
            Audience::All => true,
            Audience::Viewers => self.view.get() == Some(room_id),
            Audience::AllExcept(user_id) => self.user_id != user_id,
        }
    }

    /// Whether the connection has ended.
    pub fn is_disconnected(&self) -> bool {
        self.disconnected.get()
    }
}
