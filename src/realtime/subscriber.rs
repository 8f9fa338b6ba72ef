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
use crate::realtime::send_queue::SendQueue;
pub use crate::realtime::send_queue::DirectSink;
use crate::realtime::subscription::{SubscriptionState, Subscription};
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
    outbound: SendQueue,
    /// Nothing is sent before `hello`, which says how everything is.
    greeted: Cell<bool>,
    closing: Cell<Option<CloseCode>>,
    /// For an event stream, which reads changes itself: whether there are some.
    heard: Option<Cell<bool>>,
    gone: Cell<bool>,
    when_closed: RefCell<Option<Box<dyn FnOnce()>>>,
    closed: Notify,
    drained: Notify,
    places: RefCell<HashMap<i64, Rc<Subscription>>>,
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
    pub fn listening(id: u64, user_id: i64, session: Arc<str>) -> Rc<Self> {
        Self::with(id, user_id, session, Some(Cell::new(false)))
    }

    fn with(id: u64, user_id: i64, session: Arc<str>, heard: Option<Cell<bool>>) -> Rc<Self> {
        Rc::new(Self {
            id,
            user_id,
            session,
            view: Cell::default(),
            outbound: SendQueue::default(),
            greeted: Cell::default(),
            closing: Cell::default(),
            heard,
            gone: Cell::default(),
            when_closed: RefCell::default(),
            closed: Notify::new(),
            drained: Notify::new(),
            places: RefCell::default(),
            invitations: RefCell::default(),
        })
    }

    /// From here on what is pushed goes straight to the socket, as long as it takes it.
    pub fn open_outlet(&self, outlet: Rc<dyn DirectSink>) {
        self.outbound.open_outlet(outlet);
    }

    /// Queues `hello`; only after it anything else is sent.
    pub fn greet(&self, hello: Bytes) {
        self.greeted.set(true);
        self.push(hello);
    }

    /// Queues what is new to the client among a person's pending invitations, and which of those it knew are over.
    pub fn tell_invitations(&self, pending: &[Invitation]) {
        if !self.greeted.get() {
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
        self.send(&wire);
    }

    /// Like [`Subscriber::push`], for bytes that go to many: as long as sockets take them, nobody counts who has them.
    pub(super) fn send(&self, wire: &Bytes) {
        if !self.greeted.get() || self.closing.get().is_some() {
            return;
        }
        if self.outbound.is_full(wire) {
            tracing::debug!(user_id = self.user_id, "a reader is too slow");
            return self.close(CloseCode::TooSlow);
        }
        self.outbound.push(wire);
    }

    /// Says goodbye: queues the close frame after which nothing more is sent. Only the first call counts.
    pub fn close(&self, code: CloseCode) {
        if self
            .closing
            .replace(Some(self.closing.get().unwrap_or(code)))
            .is_some()
        {
            return;
        }
        if code == CloseCode::TooSlow {
            self.outbound.forget();
        }
        self.outbound.push(&websocket::close(code));
        self.closed.notify_one();
        self.drained.notify_one();
        let tell = self.when_closed.take();
        if let Some(tell) = tell {
            tell();
        }
    }

    /// Called once, when the seat is being closed: whatever carries its bytes should end soon, read or not.
    pub fn when_closed(&self, tell: impl FnOnce() + 'static) {
        match self.closing.get() {
            Some(_) => tell(),
            None => drop(self.when_closed.replace(Some(Box::new(tell)))),
        }
    }

    /// What it is, in a word.
    pub fn kind(&self) -> &'static str {
        match self.heard {
            None => "socket",
            Some(_) => "stream",
        }
    }

    /// With which code it was told to say goodbye, if it was.
    pub fn closing(&self) -> Option<CloseCode> {
        self.closing.get()
    }

    /// Whether it was told to say goodbye.
    pub fn is_closing(&self) -> bool {
        self.closing.get().is_some()
    }

    /// Returns when the seat is being closed.
    pub async fn closed(&self) {
        if self.closing.get().is_none() {
            self.closed.notified().await;
        }
    }

    /// Returns when everything queued was taken by the socket, or the seat is being closed.
    pub async fn drained(&self) {
        while self.closing.get().is_none() && !self.outbound.is_empty() {
            self.drained.notified().await;
        }
    }

    /// Nothing follows what is queued now: the socket may end.
    pub fn finish(&self) {
        self.outbound.finish();
    }

    /// The next bytes for the socket; `None` after the last ones.
    pub fn poll_wire(&self, cx: &mut Context<'_>) -> Poll<Option<Bytes>> {
        let wire = self.outbound.poll(cx);
        if self.outbound.is_empty() {
            self.drained.notify_one();
        }
        wire
    }

    /// What comes next for an event stream.
    pub fn poll_heard(&self, cx: &mut Context<'_>) -> Poll<StreamSignal> {
        if self
            .heard
            .as_ref()
            .is_some_and(|heard| heard.replace(false))
        {
            return Poll::Ready(StreamSignal::Changed);
        }
        self.poll_wire(cx).map(|wire| match wire {
            Some(wire) if websocket::payload(&wire).is_some() => StreamSignal::Frame(wire),
            _ => StreamSignal::End,
        })
    }

    /// Tells an event stream that there is something to read; answers whether it is one.
    pub(super) fn hear(&self) -> bool {
        if let Some(heard) = &self.heard {
            heard.set(true);
            self.outbound.wake();
        }
        self.heard.is_some()
    }

    /// Whether what is sent next goes straight to the socket, as far as is known.
    pub(super) fn is_open(&self) -> bool {
        self.greeted.get() && self.closing.get().is_none() && self.outbound.is_open()
    }

    /// Whether a frame for some of those who follow a room is for this seat.
    pub(super) fn is_in(&self, audience: Audience, room_id: i64) -> bool {
        match audience {
            Audience::All => true,
            Audience::Viewers => self.view.get() == Some(room_id),
            Audience::AllExcept(user_id) => self.user_id != user_id,
        }
    }

    /// Whether its connection ended.
    pub fn is_gone(&self) -> bool {
        self.gone.get()
    }

    /// The rooms that this seat follows.
    pub fn rooms(&self) -> Vec<i64> {
        self.places.borrow().keys().copied().collect()
    }

    /// Whether this seat follows a room.
    pub fn follows(&self, room_id: i64) -> bool {
        self.places.borrow().contains_key(&room_id)
    }

    /// Whether the client was told of a room that this seat follows.
    pub(super) fn is_settled(&self, room_id: i64) -> bool {
        let place = self.place(room_id);
        place.is_some_and(|place| !matches!(*place.state.borrow(), SubscriptionState::Pending(_)))
    }

    /// Takes a place in a room.
    pub(super) fn add_place(&self, room_id: i64, place: Rc<Subscription>) {
        self.places.borrow_mut().insert(room_id, place);
    }

    /// The place in a room, which is another one when the person was away meanwhile.
    pub(super) fn place(&self, room_id: i64) -> Option<Rc<Subscription>> {
        self.places.borrow().get(&room_id).cloned()
    }

    /// Whether it still has this very place in a room.
    pub(super) fn is_at(&self, room_id: i64, place: &Rc<Subscription>) -> bool {
        self.place(room_id)
            .is_some_and(|now| Rc::ptr_eq(&now, place))
    }

    /// Gives the place in a room up.
    pub(super) fn take_place(&self, room_id: i64) -> Option<Rc<Subscription>> {
        self.places.borrow_mut().remove(&room_id)
    }

    /// Gives all places up, for ever.
    pub(super) fn take_places(&self) -> HashMap<i64, Rc<Subscription>> {
        self.gone.set(true);
        self.places.take()
    }

    /// From now on the room's live changes wait for [`Subscriber::go_live`].
    pub fn hold(&self, room_id: i64) {
        self.set_following(room_id, SubscriptionState::Buffering(Vec::new()));
    }

    /// The client asks for more pages: what is live now will be in them.
    pub fn expect_more(&self, room_id: i64) {
        self.set_following(room_id, SubscriptionState::Syncing);
    }

    fn set_following(&self, room_id: i64, following: SubscriptionState) {
        if let Some(place) = self.place(room_id) {
            place.state.replace(following);
        }
    }

    /// The client knows everything up to `ver`: sends what waited after it, and is live. A seat that is live already
    /// knows better where it is.
    pub fn go_live(&self, room_id: i64, ver: i64) {
        let Some(place) = self.place(room_id) else {
            return;
        };
        if matches!(*place.state.borrow(), SubscriptionState::Live(_)) {
            return;
        }
        let before = place.state.replace(SubscriptionState::Live(ver));
        // An event stream reads from the store what was said before it followed the room.
        self.hear();
        if let SubscriptionState::Pending(bursts) | SubscriptionState::Buffering(bursts) = before {
            for burst in bursts {
                place.receive(&burst);
            }
        }
    }
}
