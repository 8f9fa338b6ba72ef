//! One worker's side of the hub: its seats, the rooms they follow, and the fan-out among them. Everything here belongs
//! to one thread, so a delivery costs no lock and no hand-over per socket.

use std::cell::{Cell, RefCell};
use std::collections::{HashMap, VecDeque};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use tokio::sync::Notify;

use super::frames::{self, CloseCode, Id, ServerFrame};
use super::hub::{Audience, Burst, Hub, Inbox, Parcel};
use crate::error::Error;

/// A seat's queue holds so many writes …
const QUEUE_FRAMES: usize = 256;
/// … and so many bytes. A reader who is further behind is sent away and comes back by `sync`.
const QUEUE_BYTES: usize = 1024 * 1024;
/// The fan-out lets others work after so many sockets.
const FAN_OUT_SLICE: usize = 256;

/// One live connection of a person.
pub struct Seat {
    /// Whose it is.
    pub user_id: i64,
    /// The hash of the session that opened it.
    pub session: Arc<str>,
    /// The room that its window shows.
    pub view: Cell<Option<i64>>,
    queue: RefCell<Queue>,
    waker: RefCell<Option<Waker>>,
    closing: Cell<Option<CloseCode>>,
    finished: Cell<bool>,
    /// For an event stream, which reads changes itself: whether there are some.
    heard: Option<Cell<bool>>,
    gone: Cell<bool>,
    closed: Notify,
    drained: Notify,
    places: RefCell<HashMap<i64, Rc<Place>>>,
}

#[derive(Default)]
struct Queue {
    writes: VecDeque<Bytes>,
    bytes: usize,
}

/// What an event stream hears.
#[derive(Debug)]
pub enum Heard {
    /// There are changes to read.
    Change,
    /// A frame about something else.
    Frame(Bytes),
    /// Nothing more.
    End,
}

/// A seat in one room.
struct Place {
    seat: Rc<Seat>,
    slot: usize,
    state: RefCell<Following>,
}

enum Following {
    /// Live changes after this number go out at once.
    Live(i64),
    /// The client is catching up; live changes wait.
    Holding(Vec<Arc<Burst>>),
    /// The client has more pages to ask for, and everything live will be in one of them.
    CatchingUp,
}

impl Seat {
    /// A socket's seat, which follows nothing yet.
    pub fn new(user_id: i64, session: Arc<str>) -> Rc<Self> {
        Self::with(user_id, session, None)
    }

    /// An event stream's seat, which is told of changes, but not sent them.
    pub fn listening(user_id: i64, session: Arc<str>) -> Rc<Self> {
        Self::with(user_id, session, Some(Cell::new(false)))
    }

    fn with(user_id: i64, session: Arc<str>, heard: Option<Cell<bool>>) -> Rc<Self> {
        Rc::new(Self {
            user_id,
            session,
            view: Cell::default(),
            queue: RefCell::default(),
            waker: RefCell::default(),
            closing: Cell::default(),
            finished: Cell::default(),
            heard,
            gone: Cell::default(),
            closed: Notify::new(),
            drained: Notify::new(),
            places: RefCell::default(),
        })
    }

    /// Queues bytes for the socket. A queue that is full already closes the seat.
    pub fn push(&self, wire: Bytes) {
        if self.closing.get().is_some() {
            return;
        }
        let full = {
            let queue = self.queue.borrow();
            queue.writes.len() >= QUEUE_FRAMES
                || (!queue.writes.is_empty() && queue.bytes + wire.len() > QUEUE_BYTES)
        };
        if full {
            tracing::debug!(user_id = self.user_id, "a reader is too slow");
            return self.close(CloseCode::TooSlow);
        }
        self.enqueue(wire);
    }

    fn enqueue(&self, wire: Bytes) {
        let mut queue = self.queue.borrow_mut();
        queue.bytes += wire.len();
        queue.writes.push_back(wire);
        self.wake();
    }

    fn wake(&self) {
        if let Some(waker) = self.waker.borrow_mut().take() {
            waker.wake();
        }
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
            *self.queue.borrow_mut() = Queue::default();
        }
        self.enqueue(frames::close(code));
        self.closed.notify_one();
        self.drained.notify_one();
    }

    /// Returns when the seat is being closed.
    pub async fn closed(&self) {
        if self.closing.get().is_none() {
            self.closed.notified().await;
        }
    }

    /// Returns when everything queued was taken by the socket, or the seat is being closed.
    pub async fn drained(&self) {
        while self.closing.get().is_none() && !self.queue.borrow().writes.is_empty() {
            self.drained.notified().await;
        }
    }

    /// Nothing follows what is queued now: the socket may end.
    pub fn finish(&self) {
        self.finished.set(true);
        self.wake();
    }

    /// The next bytes for the socket; `None` after the last ones.
    pub fn poll_wire(&self, cx: &mut Context<'_>) -> Poll<Option<Bytes>> {
        let mut queue = self.queue.borrow_mut();
        if let Some(wire) = queue.writes.pop_front() {
            queue.bytes -= wire.len();
            if queue.writes.is_empty() {
                // What a burst needed is given back.
                queue.writes.shrink_to(4);
                self.drained.notify_one();
            }
            return Poll::Ready(Some(wire));
        }
        if self.finished.get() {
            return Poll::Ready(None);
        }
        let mut waker = self.waker.borrow_mut();
        if !waker
            .as_ref()
            .is_some_and(|waker| waker.will_wake(cx.waker()))
        {
            *waker = Some(cx.waker().clone());
        }
        Poll::Pending
    }

    /// What comes next for an event stream.
    pub fn poll_heard(&self, cx: &mut Context<'_>) -> Poll<Heard> {
        if self
            .heard
            .as_ref()
            .is_some_and(|heard| heard.replace(false))
        {
            return Poll::Ready(Heard::Change);
        }
        self.poll_wire(cx).map(|wire| match wire {
            Some(wire) if frames::payload(&wire).is_some() => Heard::Frame(wire),
            _ => Heard::End,
        })
    }

    fn is_in(&self, audience: Audience, room_id: i64) -> bool {
        match audience {
            Audience::Everybody => true,
            Audience::Viewers => self.view.get() == Some(room_id),
            Audience::Others(user_id) => self.user_id != user_id,
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

    /// From now on the room's live changes wait for [`Seat::go_live`].
    pub fn hold(&self, room_id: i64) {
        self.set_following(room_id, Following::Holding(Vec::new()));
    }

    /// The client asks for more pages: what is live now will be in them.
    pub fn expect_more(&self, room_id: i64) {
        self.set_following(room_id, Following::CatchingUp);
    }

    fn set_following(&self, room_id: i64, following: Following) {
        if let Some(place) = self.places.borrow().get(&room_id) {
            place.state.replace(following);
        }
    }

    /// The client knows everything up to `ver`: sends what waited after it, and is live.
    pub fn go_live(&self, room_id: i64, ver: i64) {
        let Some(place) = self.places.borrow().get(&room_id).cloned() else {
            return;
        };
        let before = place.state.replace(Following::Live(ver));
        if let Some(heard) = &self.heard {
            // What was said before the seat followed the room is read from the store.
            heard.set(true);
            self.wake();
        }
        if let Following::Holding(bursts) = before {
            for burst in bursts {
                place.receive(&burst);
            }
        }
    }
}

impl Place {
    fn receive(&self, burst: &Arc<Burst>) {
        if let Some(heard) = &self.seat.heard {
            heard.set(true);
            return self.seat.wake();
        }
        match &mut *self.state.borrow_mut() {
            Following::Live(ver) => {
                if let Some(wire) = burst.after(*ver) {
                    self.seat.push(wire);
                }
            }
            Following::Holding(bursts) if bursts.len() < QUEUE_FRAMES => bursts.push(burst.clone()),
            Following::Holding(_) => self.seat.close(CloseCode::TooSlow),
            Following::CatchingUp => {}
        }
    }
}

/// The places of one room. A place keeps its slot, so that a fan-out can pause between them.
#[derive(Default)]
struct Places {
    slots: Vec<Option<Rc<Place>>>,
    free: Vec<usize>,
}

/// See the module's description.
pub struct Desk {
    index: usize,
    hub: Arc<Hub>,
    rooms: RefCell<HashMap<i64, Places>>,
    seats: RefCell<HashMap<i64, Vec<Rc<Seat>>>>,
}

impl Desk {
    /// Opens this thread's desk and starts its deliveries. Must be called in the thread's `LocalSet`.
    pub fn open(hub: Arc<Hub>) -> Rc<Self> {
        let inbox = hub.open_desk();
        let desk = Rc::new(Self {
            index: inbox.index,
            hub,
            rooms: RefCell::default(),
            seats: RefCell::default(),
        });
        tokio::task::spawn_local(desk.clone().work(inbox));
        desk
    }

    /// How many sockets this worker has.
    pub fn count(&self) -> usize {
        self.seats.borrow().values().map(Vec::len).sum()
    }

    /// Registers a seat; it can be closed from elsewhere now.
    pub fn admit(&self, seat: &Rc<Seat>) {
        let mut seats = self.seats.borrow_mut();
        seats.entry(seat.user_id).or_default().push(seat.clone());
        if self.hub.is_stopping() {
            seat.close(CloseCode::GoingAway);
        }
    }

    /// A seat follows a room, holding what comes. Answers the room's last delivered change, if the hub knows it.
    pub fn join(&self, seat: &Rc<Seat>, room_id: i64) -> Option<i64> {
        let mut rooms = self.rooms.borrow_mut();
        let places = rooms.entry(room_id).or_default();
        let slot = places.free.pop().unwrap_or_else(|| {
            places.slots.push(None);
            places.slots.len() - 1
        });
        let place = Rc::new(Place {
            seat: seat.clone(),
            slot,
            state: RefCell::new(Following::Holding(Vec::new())),
        });
        places.slots[slot] = Some(place.clone());
        seat.places.borrow_mut().insert(room_id, place);
        self.hub.join(room_id, self.index)
    }

    /// A seat follows a room no more.
    pub fn leave_room(&self, seat: &Rc<Seat>, room_id: i64) {
        if let Some(place) = seat.places.borrow_mut().remove(&room_id) {
            self.free(room_id, &place);
        }
    }

    fn free(&self, room_id: i64, place: &Place) {
        self.hub.leave(room_id, self.index);
        let mut rooms = self.rooms.borrow_mut();
        if let Some(places) = rooms.get_mut(&room_id) {
            places.slots[place.slot] = None;
            places.free.push(place.slot);
            if places.free.len() == places.slots.len() {
                rooms.remove(&room_id);
            }
        }
    }

    /// A seat is gone, with all its places.
    pub fn leave(&self, seat: &Rc<Seat>) {
        seat.gone.set(true);
        for (room_id, place) in seat.places.take() {
            self.free(room_id, &place);
        }
        let mut seats = self.seats.borrow_mut();
        if let Some(mine) = seats.get_mut(&seat.user_id) {
            mine.retain(|other| !Rc::ptr_eq(other, seat));
            if mine.is_empty() {
                seats.remove(&seat.user_id);
            }
        }
    }

    async fn work(self: Rc<Self>, mut inbox: Inbox) {
        while let Some(parcel) = inbox.parcels.recv().await {
            match parcel {
                Parcel::Burst(room_id, burst) => {
                    self.for_each_place(room_id, |place| place.receive(&burst))
                        .await;
                }
                Parcel::ToRoom(room_id, audience, frame) => {
                    self.for_each_place(room_id, |place| {
                        if place.seat.is_in(audience, room_id) {
                            place.seat.push(frame.clone());
                        }
                    })
                    .await;
                }
                Parcel::ToPerson(user_id, frame) => {
                    for seat in self.seats_of(user_id) {
                        seat.push(frame.clone());
                    }
                }
                Parcel::Enter(user_id, room_id) => {
                    for seat in self.seats_of(user_id) {
                        self.follow(&seat, room_id);
                    }
                }
                Parcel::Leave(user_id, room_id) => {
                    for seat in self.seats_of(user_id) {
                        self.remove(&seat, room_id);
                    }
                }
                Parcel::RoomGone(room_id) => {
                    for seat in self.seats_in(room_id) {
                        self.remove(&seat, room_id);
                    }
                }
                Parcel::RoomChanged(room_id) => {
                    tokio::task::spawn_local(self.clone().tell_room(room_id));
                }
                Parcel::CloseSession(user_id, session, code) => {
                    for seat in self.seats_of(user_id) {
                        if seat.session == session {
                            seat.close(code);
                        }
                    }
                }
                Parcel::CloseAll(code) => self.close_all(code),
            }
            if inbox.overflowed.swap(false, Ordering::AcqRel) {
                tracing::warn!("a worker fell behind; its sockets have to catch up");
                self.close_all(CloseCode::TooSlow);
            }
        }
    }

    fn seats_of(&self, user_id: i64) -> Vec<Rc<Seat>> {
        let seats = self.seats.borrow();
        seats.get(&user_id).cloned().unwrap_or_default()
    }

    fn seats_in(&self, room_id: i64) -> Vec<Rc<Seat>> {
        let rooms = self.rooms.borrow();
        let places = rooms
            .get(&room_id)
            .into_iter()
            .flat_map(|places| &places.slots);
        places.flatten().map(|place| place.seat.clone()).collect()
    }

    /// A seat follows a room that its person came into, as soon as the store has told where the room is.
    pub fn follow(self: &Rc<Self>, seat: &Rc<Seat>, room_id: i64) {
        tokio::task::spawn_local(self.clone().enter(seat.clone(), room_id));
    }

    /// A seat follows a room that its person came into: live changes start after the `ver` it is told.
    async fn enter(self: Rc<Self>, seat: Rc<Seat>, room_id: i64) {
        if seat.follows(room_id) || seat.is_gone() {
            return;
        }
        self.join(&seat, room_id);
        match self.hub.store().room_of(seat.user_id, room_id).await {
            Ok(room) if seat.follows(room_id) => {
                seat.push(ServerFrame::Room { room: &room }.encode());
                self.hub.settle(room_id, room.ver);
                seat.go_live(room_id, room.ver);
            }
            Ok(_) => {}
            // Gone again meanwhile.
            Err(Error::NotFound) => self.leave_room(&seat, room_id),
            // Without knowing where the room is, the seat could miss something: it has to come back.
            Err(_) => seat.close(CloseCode::GoingAway),
        }
    }

    /// A seat's person is no longer in a room: nothing of it is sent from here on.
    fn remove(&self, seat: &Rc<Seat>, room_id: i64) {
        if seat.follows(room_id) {
            self.leave_room(seat, room_id);
            let room_id = Id(room_id);
            seat.push(ServerFrame::Removed { room_id }.encode());
        }
    }

    /// Tells everybody who follows a room what it is now; each sees their own numbers.
    async fn tell_room(self: Rc<Self>, room_id: i64) {
        let seats = self.seats_in(room_id);
        let mut people: Vec<i64> = seats.iter().map(|seat| seat.user_id).collect();
        people.sort_unstable();
        people.dedup();
        for user_id in people {
            let Ok(room) = self.hub.store().room_of(user_id, room_id).await else {
                continue;
            };
            let frame = ServerFrame::Room { room: &room }.encode();
            for seat in self.seats_of(user_id) {
                seat.push(frame.clone());
            }
        }
    }

    fn close_all(&self, code: CloseCode) {
        for seat in self.seats.borrow().values().flatten() {
            seat.close(code);
        }
    }

    /// Visits the places of a room, pausing now and then. Who comes during a pause has read, or will read, what is
    /// being delivered from the store; who goes is skipped.
    async fn for_each_place(&self, room_id: i64, visit: impl Fn(&Place)) {
        let mut start = 0;
        loop {
            {
                let rooms = self.rooms.borrow();
                let Some(places) = rooms.get(&room_id) else {
                    return;
                };
                let Some(rest) = places.slots.get(start..) else {
                    return;
                };
                for place in rest.iter().take(FAN_OUT_SLICE).flatten() {
                    visit(place);
                }
                if rest.len() <= FAN_OUT_SLICE {
                    return;
                }
                start += FAN_OUT_SLICE;
            }
            tokio::task::yield_now().await;
        }
    }
}
