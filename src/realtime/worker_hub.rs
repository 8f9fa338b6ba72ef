//! One worker's side of the hub: its seats, the rooms they follow, and the fan-out among them. Everything here belongs
//! to one thread, so a delivery costs no lock and no hand-over per socket.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::hint::black_box;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::time::sleep;

use crate::error::{Error, Result};
use crate::realtime::frames::{Id, Room, ServerFrame};
use crate::realtime::hub::Hub;
use crate::realtime::hub::worker_commands::{EncodedBatch, WorkerReceiver, DeliveryBacklog, WorkerCommand};
use crate::realtime::subscriber::Subscriber;
use crate::realtime::subscription::Subscription;
use crate::realtime::websocket::CloseCode;

/// The fan-out lets others work after so many sockets.
const FAN_OUT_SLICE: usize = 256;
/// It looks at so many of them before it writes to the first.
const FEW: usize = 16;
/// The store is asked again so long after it failed.
const PATIENCE: Duration = Duration::from_secs(1);

/// The places of one room. A place keeps its slot, so that a fan-out can pause between them.
#[derive(Default)]
struct RoomSubscriptions {
    slots: Vec<Option<Rc<Subscription>>>,
    free: Vec<usize>,
}

/// See the module's description.
pub struct WorkerHub {
    index: usize,
    hub: Arc<Hub>,
    rooms: RefCell<HashMap<i64, RoomSubscriptions>>,
    seats: RefCell<HashMap<i64, Vec<Rc<Subscriber>>>>,
}

impl WorkerHub {
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
    pub fn admit(&self, seat: &Rc<Subscriber>) {
        let mut seats = self.seats.borrow_mut();
        seats.entry(seat.user_id).or_default().push(seat.clone());
        self.hub.served.add(seat.user_id, &seat.session);
        self.hub.figures.opened(seat.kind());
        if self.hub.is_stopping() {
            seat.close(CloseCode::GoingAway);
        }
    }

    /// A seat follows a room, holding what comes. Answers its place, and what [`Hub::join`] does.
    pub(super) fn join(&self, seat: &Rc<Subscriber>, room_id: i64) -> (Rc<Subscription>, Option<i64>) {
        let mut rooms = self.rooms.borrow_mut();
        let places = rooms.entry(room_id).or_default();
        let slot = places.free.pop().unwrap_or_else(|| {
            places.slots.push(None);
            places.slots.len() - 1
        });
        let place = Subscription::coming(seat.clone(), slot);
        places.slots[slot] = Some(place.clone());
        seat.add_place(room_id, place.clone());
        let last_ver = self.hub.join(room_id, self.index);
        (place, last_ver)
    }

    /// A seat follows a room no more.
    pub fn leave_room(&self, seat: &Rc<Subscriber>, room_id: i64) {
        if let Some(place) = seat.take_place(room_id) {
            self.free(room_id, &place);
        }
    }

    fn free(&self, room_id: i64, place: &Subscription) {
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
    pub fn leave(&self, seat: &Rc<Subscriber>) {
        for (room_id, place) in seat.take_places() {
            self.free(room_id, &place);
        }
        self.hub.served.remove(seat.user_id, &seat.session);
        self.hub.figures.closed(seat.kind(), seat.closing());
        let mut seats = self.seats.borrow_mut();
        if let Some(mine) = seats.get_mut(&seat.user_id) {
            mine.retain(|other| !Rc::ptr_eq(other, seat));
            if mine.is_empty() {
                seats.remove(&seat.user_id);
            }
        }
    }

    async fn work(self: Rc<Self>, mut inbox: WorkerReceiver) {
        while let Some(parcel) = inbox.parcels.recv().await {
            match parcel {
                WorkerCommand::Deliver {
                    room_id,
                    burst,
                    writes,
                } => self.deliver(room_id, &burst, writes, &inbox.load).await,
                WorkerCommand::SendToRoom(room_id, audience, frame) => {
                    self.for_each_place(
                        room_id,
                        |place| {
                            if place.seat.is_in(audience, room_id) {
                                place.seat.push(frame.clone());
                            }
                        },
                        |_| {},
                    )
                    .await;
                }
                WorkerCommand::SendToUser(user_id, frame) => {
                    for seat in self.seats_of(user_id) {
                        seat.push(frame.clone());
                    }
                }
                WorkerCommand::JoinRoom(user_id, room_id) => {
                    for seat in self.seats_of(user_id) {
                        self.follow(&seat, room_id);
                    }
                }
                WorkerCommand::LeaveRoom(user_id, room_id) => {
                    for seat in self.seats_of(user_id) {
                        self.remove(&seat, room_id);
                    }
                }
                WorkerCommand::InvitationsChanged(user_id) => {
                    tokio::task::spawn_local(self.clone().tell_invitations(user_id));
                }
                WorkerCommand::RoomDeleted(room_id) => {
                    for seat in self.seats_in(room_id) {
                        self.remove(&seat, room_id);
                    }
                }
                WorkerCommand::RoomChanged(room_id) => {
                    tokio::task::spawn_local(self.clone().tell_room(room_id));
                }
                WorkerCommand::CloseSession(user_id, session, code) => {
                    for seat in self.seats_of(user_id) {
                        if seat.session == session {
                            seat.close(code);
                        }
                    }
                }
                WorkerCommand::CloseConnection(user_id, id, code) => {
                    for seat in self.seats_of(user_id) {
                        if seat.id == id {
                            seat.close(code);
                        }
                    }
                }
                WorkerCommand::CloseAll(code) => self.close_all(code),
            }
            if inbox.overflowed.swap(false, Ordering::AcqRel) {
                tracing::warn!("a worker fell behind; its sockets have to catch up");
                self.hub.figures.overflows.inc();
                self.close_all(CloseCode::TooSlow);
            }
        }
    }

    async fn deliver(&self, room_id: i64, burst: &Arc<EncodedBatch>, writes: usize, load: &DeliveryBacklog) {
        let (sockets, left) = (Cell::new(0), Cell::new(writes));
        let visit = |place: &Subscription| {
            let is_sent = place.receive(burst);
            sockets.set(sockets.get() + u64::from(is_sent));
        };
        let written = |visited: usize| {
            let done = visited.min(left.get());
            left.set(left.get() - done);
            load.done(done);
        };
        self.for_each_place(room_id, visit, written).await;
        load.done(left.get());
        let messages = burst.ends.len() as u64;
        self.hub.figures.delivered(sockets.get() * messages);
    }

    fn seats_of(&self, user_id: i64) -> Vec<Rc<Subscriber>> {
        let seats = self.seats.borrow();
        seats.get(&user_id).cloned().unwrap_or_default()
    }

    fn seats_in(&self, room_id: i64) -> Vec<Rc<Subscriber>> {
        let rooms = self.rooms.borrow();
        let places = rooms
            .get(&room_id)
            .into_iter()
            .flat_map(|places| &places.slots);
        places.flatten().map(|place| place.seat.clone()).collect()
    }

    /// A seat follows a room that its person came into, as soon as the store has told where the room is.
    pub fn follow(self: &Rc<Self>, seat: &Rc<Subscriber>, room_id: i64) {
        tokio::task::spawn_local(self.clone().enter(seat.clone(), room_id));
    }

    /// A seat follows a room that its person came into: live changes start after the `ver` it is told.
    async fn enter(self: Rc<Self>, seat: Rc<Subscriber>, room_id: i64) {
        if seat.is_settled(room_id) || seat.is_gone() {
            return;
        }
        // What was read for the place it may have is older than this.
        self.leave_room(&seat, room_id);
        let (place, _) = self.join(&seat, room_id);
        match self.read_room(&seat, room_id).await {
            // Gone meanwhile, and perhaps back at another place, which somebody else looks after.
            _ if !seat.is_at(room_id, &place) => {}
            Ok(room) => {
                seat.push(ServerFrame::Room { room: &room }.encode());
                seat.go_live(room_id, room.ver);
            }
            Err(Error::NotFound) => self.leave_room(&seat, room_id),
            // Without knowing where the room is, the seat could miss something: it has to come back.
            Err(_) => seat.close(CloseCode::GoingAway),
        }
    }

    /// The room as the seat's person sees it, read late enough that nothing is missing between it and what is live.
    async fn read_room(&self, seat: &Subscriber, room_id: i64) -> Result<Room> {
        let read = || self.hub.store().room_of(seat.user_id, room_id);
        let room = read().await?;
        match self.hub.settle(room_id, room.ver) {
            true => Ok(room),
            false => read().await,
        }
    }

    /// A seat's person is no longer in a room: nothing of it is sent from here on.
    fn remove(&self, seat: &Rc<Subscriber>, room_id: i64) {
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
            let room = loop {
                match self.hub.store().room_of(user_id, room_id).await {
                    Err(Error::Unavailable(_)) => sleep(PATIENCE).await,
                    answer => break answer,
                }
            };
            let Ok(room) = room else {
                continue;
            };
            let frame = ServerFrame::Room { room: &room }.encode();
            for seat in self.seats_of(user_id) {
                seat.push(frame.clone());
            }
        }
    }

    /// Tells all sockets of a person which invitations are pending now.
    pub(super) async fn tell_invitations(self: Rc<Self>, user_id: i64) {
        if self.seats_of(user_id).is_empty() {
            return;
        }
        let pending = loop {
            match self.hub.store().invitations_of(user_id).await {
                Ok(pending) => break pending,
                Err(Error::Unavailable(_)) => sleep(PATIENCE).await,
                Err(_) => return,
            }
        };
        for seat in self.seats_of(user_id) {
            seat.tell_invitations(&pending);
        }
    }

    fn close_all(&self, code: CloseCode) {
        for seat in self.seats.borrow().values().flatten() {
            seat.close(code);
        }
    }

    /// Visits the places of a room, pausing now and then, and tells after each pause how many it visited before. Who
    /// comes during a pause has read, or will read, what is being delivered from the store; who goes is skipped.
    async fn for_each_place(&self, room_id: i64, visit: impl Fn(&Subscription), visited: impl Fn(usize)) {
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
                let slice = &rest[..rest.len().min(FAN_OUT_SLICE)];
                for few in slice.chunks(FEW) {
                    // What is known of thousands of sockets is in no cache. Looked at side by side, it comes at once;
                    // with a write between two of them, each would be waited for.
                    let is_open = |place: &&Rc<Subscription>| place.is_open();
                    black_box(few.iter().flatten().filter(is_open).count());
                    few.iter().flatten().for_each(|place| visit(place));
                }
                if rest.len() <= FAN_OUT_SLICE {
                    return;
                }
                start += FAN_OUT_SLICE;
            }
            tokio::task::yield_now().await;
            visited(FAN_OUT_SLICE);
        }
    }
}
