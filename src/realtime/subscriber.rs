//! One live connection of a person, as the hub sees it: a queue of bytes, and what it follows in each room.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use tokio::sync::Notify;

use crate::realtime::frames::{Id, Invitation, ServerFrame};
use crate::realtime::hub::worker_commands::Audience;
pub use crate::realtime::send_queue::DirectSink;
use crate::realtime::send_queue::SendQueue;
use crate::realtime::subscription::{Subscription, SubscriptionState};
use crate::realtime::websocket;
use crate::realtime::websocket::CloseCode;

/// One live connection of a person.
pub struct Subscriber {
    /// Names its connection, on all workers together.
    pub id: u64,
    /// Whose it is.
    pub user_id: i64,
    /// The hash of the session that opened it.
    pub session: Arc<str>,
    /// The room that its window shows.
    pub view: Cell<Option<i64>>,
    send_queue: SendQueue,
    /// Nothing is sent before `hello`, which says how everything is.
    has_sent_hello: Cell<bool>,
    close_code: Cell<Option<CloseCode>>,
    /// For an event stream, which reads changes itself: whether there are some.
    changed: Option<Cell<bool>>,
    disconnected: Cell<bool>,
    on_close: RefCell<Option<Box<dyn FnOnce()>>>,
    closed: Notify,
    drained: Notify,
    subscriptions: RefCell<HashMap<i64, Rc<Subscription>>>,
    /// The pending invitations that its client knows of.
    invitations: RefCell<Vec<Id>>,
}

/// What an event stream hears.
#[derive(Debug)]
pub enum StreamSignal {
    /// There are changes to read.
    Changed,
    /// A frame about something else.
    Frame(Bytes),
    /// Nothing more.
    End,
}

impl Subscriber {
    /// A socket's seat, which follows nothing yet.
    pub fn new(id: u64, user_id: i64, session: Arc<str>) -> Rc<Self> {
        Self::with(id, user_id, session, None)
    }

    /// An event stream's seat, which is told of changes, but not sent them.
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

    /// From here on what is pushed goes straight to the socket, as long as it takes it.
    pub fn set_direct_sink(&self, direct_sink: Rc<dyn DirectSink>) {
        self.send_queue.set_direct_sink(direct_sink);
    }

    /// Queues `hello`; only after it anything else is sent.
    pub fn send_hello(&self, hello: Bytes) {
        self.has_sent_hello.set(true);
        self.push(hello);
    }

    /// Queues what is new to the client among a person's pending invitations, and which of those it knew are over.
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

    /// Queues bytes for the socket. A queue that is full already closes the seat.
    pub fn push(&self, wire: Bytes) {
        self.push_shared(&wire);
    }

    /// Like [`Subscriber::push`], for bytes that go to many: as long as sockets take them, nobody counts who has them.
    pub(super) fn push_shared(&self, wire: &Bytes) {
        if !self.has_sent_hello.get() || self.close_code.get().is_some() {
            return;
        }
        if self.send_queue.is_full(wire) {
            tracing::debug!(user_id = self.user_id, "a reader is too slow");
            return self.close(CloseCode::TooSlow);
        }
        self.send_queue.push(wire);
    }

    /// Says goodbye: queues the close frame after which nothing more is sent. Only the first call counts.
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
        let tell = self.on_close.take();
        if let Some(tell) = tell {
            tell();
        }
    }

    /// Called once, when the seat is being closed: whatever carries its bytes should end soon, read or not.
    pub fn on_close(&self, tell: impl FnOnce() + 'static) {
        match self.close_code.get() {
            Some(_) => tell(),
            None => drop(self.on_close.replace(Some(Box::new(tell)))),
        }
    }

    /// What it is, in a word.
    pub fn kind(&self) -> &'static str {
        match self.changed {
            None => "socket",
            Some(_) => "stream",
        }
    }

    /// With which code it was told to say goodbye, if it was.
    pub fn close_code(&self) -> Option<CloseCode> {
        self.close_code.get()
    }

    /// Whether it was told to say goodbye.
    pub fn is_closing(&self) -> bool {
        self.close_code.get().is_some()
    }

    /// Returns when the seat is being closed.
    pub async fn closed(&self) {
        if self.close_code.get().is_none() {
            self.closed.notified().await;
        }
    }

    /// Returns when everything queued was taken by the socket, or the seat is being closed.
    pub async fn drained(&self) {
        while self.close_code.get().is_none() && !self.send_queue.is_empty() {
            self.drained.notified().await;
        }
    }

    /// Nothing follows what is queued now: the socket may end.
    pub fn finish(&self) {
        self.send_queue.finish();
    }

    /// The next bytes for the socket; `None` after the last ones.
    pub fn poll_wire(&self, cx: &mut Context<'_>) -> Poll<Option<Bytes>> {
        let wire = self.send_queue.poll(cx);
        if self.send_queue.is_empty() {
            self.drained.notify_one();
        }
        wire
    }

    /// What comes next for an event stream.
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

    /// Tells an event stream that there is something to read; answers whether it is one.
    pub(super) fn notify_changed(&self) -> bool {
        if let Some(changed) = &self.changed {
            changed.set(true);
            self.send_queue.wake();
        }
        self.changed.is_some()
    }

    /// Whether what is sent next goes straight to the socket, as far as is known.
    pub(super) fn is_writable(&self) -> bool {
        self.has_sent_hello.get()
            && self.close_code.get().is_none()
            && self.send_queue.is_writable()
    }

    /// Whether a frame for some of those who follow a room is for this seat.
    pub(super) fn is_in_audience(&self, audience: Audience, room_id: i64) -> bool {
        match audience {
            Audience::All => true,
            Audience::Viewers => self.view.get() == Some(room_id),
            Audience::AllExcept(user_id) => self.user_id != user_id,
        }
    }

    /// Whether its connection ended.
    pub fn is_disconnected(&self) -> bool {
        self.disconnected.get()
    }

    /// The rooms that this seat follows.
    pub fn room_ids(&self) -> Vec<i64> {
        self.subscriptions.borrow().keys().copied().collect()
    }

    /// Whether this seat follows a room.
    pub fn is_subscribed(&self, room_id: i64) -> bool {
        self.subscriptions.borrow().contains_key(&room_id)
    }

    /// Whether the client was told of a room that this seat follows.
    pub(super) fn knows_room(&self, room_id: i64) -> bool {
        let subscription = self.subscription(room_id);
        subscription.is_some_and(|subscription| {
            !matches!(*subscription.state.borrow(), SubscriptionState::Pending(_))
        })
    }

    /// Takes a place in a room.
    pub(super) fn add_subscription(&self, room_id: i64, subscription: Rc<Subscription>) {
        self.subscriptions
            .borrow_mut()
            .insert(room_id, subscription);
    }

    /// The place in a room, which is another one when the person was away meanwhile.
    pub(super) fn subscription(&self, room_id: i64) -> Option<Rc<Subscription>> {
        self.subscriptions.borrow().get(&room_id).cloned()
    }

    /// Whether it still has this very place in a room.
    pub(super) fn is_current_subscription(
        &self,
        room_id: i64,
        subscription: &Rc<Subscription>,
    ) -> bool {
        self.subscription(room_id)
            .is_some_and(|now| Rc::ptr_eq(&now, subscription))
    }

    /// Gives the place in a room up.
    pub(super) fn remove_subscription(&self, room_id: i64) -> Option<Rc<Subscription>> {
        self.subscriptions.borrow_mut().remove(&room_id)
    }

    /// Gives all places up, for ever.
    pub(super) fn remove_all_subscriptions(&self) -> HashMap<i64, Rc<Subscription>> {
        self.disconnected.set(true);
        self.subscriptions.take()
    }

    /// From now on the room's live changes wait for [`Subscriber::go_live`].
    pub fn start_buffering(&self, room_id: i64) {
        self.set_state(room_id, SubscriptionState::Buffering(Vec::new()));
    }

    /// The client asks for more pages: what is live now will be in them.
    pub fn start_syncing(&self, room_id: i64) {
        self.set_state(room_id, SubscriptionState::Syncing);
    }

    fn set_state(&self, room_id: i64, following: SubscriptionState) {
        if let Some(subscription) = self.subscription(room_id) {
            subscription.state.replace(following);
        }
    }

    /// The client knows everything up to `ver`: sends what waited after it, and is live. A seat that is live already
    /// knows better where it is.
    pub fn go_live(&self, room_id: i64, ver: i64) {
        let Some(subscription) = self.subscription(room_id) else {
            return;
        };
        if matches!(*subscription.state.borrow(), SubscriptionState::Live(_)) {
            return;
        }
        let before = subscription.state.replace(SubscriptionState::Live(ver));
        // An event stream reads from the store what was said before it followed the room.
        self.notify_changed();
        if let SubscriptionState::Pending(batches) | SubscriptionState::Buffering(batches) = before
        {
            for batch in batches {
                subscription.receive(&batch);
            }
        }
    }
}
