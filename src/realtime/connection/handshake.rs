//! How a connection begins: its person's rooms are followed, and `hello` says what they are.

use std::borrow::Cow;
use std::cell::Cell;
use std::collections::{HashMap, HashSet};
use std::rc::Rc;
use std::sync::Arc;

use futures_util::stream::FuturesUnordered;

use super::{Connection, ErrorTexts};
use crate::error::Result;
use crate::realtime::frames::{Invitation, Room, ServerFrame, User};
use crate::realtime::hub::change_clock::Timestamp;
use crate::realtime::service::Realtime;
use crate::realtime::subscriber::Subscriber;
use crate::realtime::subscription::Subscription;
use crate::realtime::worker_hub::WorkerHub;

/// Where a seat follows which room.
type Subscriptions = HashMap<i64, Rc<Subscription>>;

/// What was read of somebody who comes in.
#[derive(Debug)]
pub struct ConnectRequest {
    /// Who.
    pub user: User,
    /// The hash of the session by which they come.
    pub session: Arc<str>,
    /// Their rooms.
    pub rooms: Vec<Room>,
    /// Their pending invitations.
    pub invitations: Vec<Invitation>,
    /// A moment before all this was read.
    pub since: Timestamp,
}

impl Connection {
    pub(super) async fn take(
        desk: Rc<WorkerHub>,
        live: Arc<Realtime>,
        arrival: ConnectRequest,
        make_seat: fn(u64, i64, Arc<str>) -> Rc<Subscriber>,
        sentences: ErrorTexts,
    ) -> Result<Self> {
        let ConnectRequest {
            user,
            session,
            rooms,
            invitations,
            since,
        } = arrival;
        let pass = live.turnstile.enter(user.id.0)?;
        let seat = make_seat(pass.id(), user.id.0, session.clone());
        desk.admit(&seat);
        live.presence.arrive(&user, &rooms);
        // From here on, leaving is this value's Drop.
        let connection = Self {
            seat,
            user,
            desk,
            live,
            sentences,
            away: Cell::default(),
            refused_in_a_row: 0,
            typed_at: None,
            writes: FuturesUnordered::new(),
            pass,
        };
        let (places, is_late_enough) = connection.join_rooms(&rooms, since);
        match is_late_enough {
            true => connection.greet(&rooms, &places),
            false => connection.greet(&connection.read_rooms(session).await?, &places),
        }
        connection.seat.tell_invitations(&invitations);
        if !is_late_enough {
            let (desk, user_id) = (connection.desk.clone(), connection.user.id.0);
            tokio::task::spawn_local(desk.tell_invitations(user_id));
        }
        Ok(connection)
    }

    /// Follows rooms. Answers also whether what was read of them and of the person, before the seat was there, is all
    /// there is to know: whatever changes from here on reaches the seat, and nothing had changed until then.
    fn join_rooms(&self, rooms: &[Room], since: Timestamp) -> (Subscriptions, bool) {
        let hub = &self.live.hub;
        let mut is_late_enough = true;
        let join = |room: &Room| {
            let (place, last_ver) = self.desk.join(&self.seat, room.id.0);
            is_late_enough &= hub.settle_late(room.id.0, room.ver, last_ver, since);
            (room.id.0, place)
        };
        let places = rooms.iter().map(join).collect();
        (
            places,
            is_late_enough && hub.news.is_quiet_about(self.user.id.0, since),
        )
    }

    /// The person's rooms, read after they are followed, and late enough: whatever changes from here on reaches the seat.
    async fn read_rooms(&self, session: Arc<str>) -> Result<Vec<Room>> {
        let read = || self.live.store.rooms_of(self.user.id.0, session.clone());
        let rooms = read().await?;
        let followed = rooms.iter().filter(|room| self.seat.follows(room.id.0));
        let read_too_early = followed.filter(|room| !self.live.hub.settle(room.id.0, room.ver));
        match read_too_early.count() {
            0 => Ok(rooms),
            _ => read().await,
        }
    }

    fn greet(&self, rooms: &[Room], places: &Subscriptions) {
        // Subscriptions that were taken or given up while the rooms were read: the store has to be asked again.
        let is_read = |room_id: &i64| {
            rooms.iter().any(|room| room.id.0 == *room_id)
                && (places.get(room_id)).is_some_and(|place| self.seat.is_at(*room_id, place))
        };
        let mut others: HashSet<i64> = self.seat.rooms().into_iter().collect();
        others.retain(|room_id| !is_read(room_id));
        for room_id in &others {
            self.desk.leave_room(&self.seat, *room_id);
        }
        let follows = |room: &&Room| self.seat.follows(room.id.0);
        let known: Cow<'_, [Room]> = match rooms.iter().all(|room| follows(&room)) {
            true => Cow::Borrowed(rooms),
            false => Cow::Owned(rooms.iter().filter(follows).cloned().collect()),
        };
        let hello = ServerFrame::Hello {
            user: &self.user,
            epoch: &self.live.epoch,
            version: self.live.version,
            rooms: &known,
            limits: self.live.limits,
        };
        self.seat.greet(hello.encode());
        for room in known.iter() {
            self.seat.go_live(room.id.0, room.ver);
        }
        for room in rooms.iter().filter(|room| !self.seat.follows(room.id.0)) {
            let is_direct = room.kind == "direct";
            self.live
                .presence
                .enter(self.user.id.0, room.id.0, is_direct);
            others.insert(room.id.0);
        }
        for room_id in others {
            self.desk.follow(&self.seat, room_id);
        }
    }
}
