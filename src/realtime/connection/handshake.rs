//! Connects a user: subscribes to their rooms and sends `hello`.

use std::borrow::Cow;
use std::cell::Cell;
use std::collections::{HashMap, HashSet};
use std::rc::Rc;
use std::sync::Arc;

use futures_util::stream::FuturesUnordered;

use super::{Connection, ErrorTexts};
use crate::error::Result;
use crate::protocol::frames::ServerFrame;
use crate::protocol::{Invitation, Room, RoomKind, User};
use crate::realtime::hub::change_clock::Timestamp;
use crate::realtime::service::Realtime;
use crate::realtime::subscriber::Subscriber;
use crate::realtime::subscriber::subscription::Subscription;
use crate::realtime::worker_hub::WorkerHub;

/// The connection's subscriptions by room.
type Subscriptions = HashMap<i64, Rc<Subscription>>;

/// The state of a connecting user, read before the connection was established.
#[derive(Debug)]
pub struct ConnectRequest {
    /// The user.
    pub user: User,
    /// Hash of the session key.
    pub session: Arc<str>,
    /// The user's rooms.
    pub rooms: Vec<Room>,
    /// The user's pending invitations.
    pub invitations: Vec<Invitation>,
    /// A time before all of this was read.
    pub since: Timestamp,
}

/// Makes a connection's subscriber of its id, its user and its session.
pub type MakeSubscriber = fn(u64, i64, Arc<str>) -> Rc<Subscriber>;

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
        make_subscriber: MakeSubscriber,
        error_texts: ErrorTexts,
    ) -> Result<Self> {
        let ConnectRequest {
            user,
            session,
            rooms,
            invitations,
            since,
        } = request;
        let permit = realtime.connection_limiter.acquire(user.id.0)?;
        let subscriber = make_subscriber(permit.id(), user.id.0, session.clone());
        worker.add(&subscriber);
        realtime.presence.connect(&user, &rooms);
        // From here on `Drop` disconnects.
        let connection = Self {
            subscriber,
            user,
            worker,
            realtime,
            error_texts,
            away: Cell::default(),
            rejected_in_a_row: 0,
            last_typing_at: None,
            writes: FuturesUnordered::new(),
            permit,
        };
        let (subscriptions, is_up_to_date) = connection.subscribe_to_rooms(&rooms, since);
        match is_up_to_date {
            true => connection.send_hello(&rooms, &subscriptions),
            false => connection.send_hello(&connection.read_rooms(session).await?, &subscriptions),
        }
        connection.subscriber.send_invitations(&invitations);
        if !is_up_to_date {
            let (worker, user_id) = (connection.worker.clone(), connection.user.id.0);
            tokio::task::spawn_local(worker.send_invitations(user_id));
        }
        Ok(connection)
    }

    /// Subscribes to the rooms. Also returns whether the state read before is still valid: nothing has changed since,
    /// and later changes reach the subscriber.
    fn subscribe_to_rooms(&self, rooms: &[Room], since: Timestamp) -> (Subscriptions, bool) {
        let hub = &self.realtime.hub;
        let mut is_up_to_date = true;
        let subscribe = |room: &Room| {
            let (subscription, last_ver) = self.worker.subscribe(&self.subscriber, room.id.0);
            is_up_to_date &=
                hub.set_baseline_from_earlier_read(room.id.0, room.ver, last_ver, since);
            (room.id.0, subscription)
        };
        let subscriptions = rooms.iter().map(subscribe).collect();
        (
            subscriptions,
            is_up_to_date && hub.change_clock.user_unchanged_since(self.user.id.0, since),
        )
    }

    /// Reads the user's rooms after subscribing, again if changes could be missing between the first read and the live
    /// ones.
    async fn read_rooms(&self, session: Arc<str>) -> Result<Vec<Room>> {
        let read = || {
            self.realtime
                .store
                .rooms_for(self.user.id.0, session.clone())
        };
        let rooms = read().await?;
        let subscribed = rooms
            .iter()
            .filter(|room| self.subscriber.is_subscribed(room.id.0));
        let stale = subscribed.filter(|room| !self.realtime.hub.set_baseline(room.id.0, room.ver));
        match stale.count() {
            0 => Ok(rooms),
            _ => read().await,
        }
    }

    fn send_hello(&self, rooms: &[Room], subscriptions: &Subscriptions) {
        // Rooms whose subscription was added or removed during the read have to be read again.
        let is_read = |room_id: &i64| {
            rooms.iter().any(|room| room.id.0 == *room_id)
                && (subscriptions.get(room_id)).is_some_and(|subscription| {
                    self.subscriber
                        .is_current_subscription(*room_id, subscription)
                })
        };
        let mut others: HashSet<i64> = self.subscriber.room_ids().into_iter().collect();
        others.retain(|room_id| !is_read(room_id));
        for room_id in &others {
            self.worker.unsubscribe(&self.subscriber, *room_id);
        }
        let is_subscribed = |room: &&Room| self.subscriber.is_subscribed(room.id.0);
        let known: Cow<'_, [Room]> = match rooms.iter().all(|room| is_subscribed(&room)) {
            true => Cow::Borrowed(rooms),
            false => Cow::Owned(rooms.iter().filter(is_subscribed).cloned().collect()),
        };
        let hello = ServerFrame::Hello {
            user: &self.user,
            epoch: &self.realtime.epoch,
            version: self.realtime.version,
            rooms: &known,
            limits: self.realtime.limits,
        };
        self.subscriber.send_hello(hello.encode());
        for room in known.iter() {
            self.subscriber.go_live(room.id.0, room.ver);
        }
        for room in rooms
            .iter()
            .filter(|room| !self.subscriber.is_subscribed(room.id.0))
        {
            let is_direct = room.kind == RoomKind::Direct;
            self.realtime
                .presence
                .join(self.user.id.0, room.id.0, is_direct);
            others.insert(room.id.0);
        }
        for room_id in others {
            self.worker.start_subscribing(&self.subscriber, room_id);
        }
    }
}
