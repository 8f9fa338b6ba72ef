//! Reads what subscribers have to be sent when a membership, a room or an invitation changes.

use std::rc::Rc;
use std::time::Duration;

use tokio::time::sleep;

use super::WorkerHub;
use crate::error::{Error, Result};
use crate::protocol::frames::ServerFrame;
use crate::protocol::websocket::CloseCode;
use crate::protocol::{Id, Room};
use crate::realtime::subscriber::Subscriber;

/// Delay before the store is read again after an error.
const RETRY_DELAY: Duration = Duration::from_secs(1);

impl WorkerHub {
    /// Subscribes to a room that the user has joined, in a task of its own.
    pub fn start_subscribing(self: &Rc<Self>, subscriber: &Rc<Subscriber>, room_id: i64) {
        tokio::task::spawn_local(self.clone().join_room(subscriber.clone(), room_id));
    }

    /// Subscribes to a room that the user has joined: reads the room, sends it, and delivers live changes after its
    /// `ver`.
    async fn join_room(self: Rc<Self>, subscriber: Rc<Subscriber>, room_id: i64) {
        if subscriber.knows_room(room_id) || subscriber.is_disconnected() {
            return;
        }
        // What was read for an earlier subscription is outdated.
        self.unsubscribe(&subscriber, room_id);
        let (subscription, _) = self.subscribe(&subscriber, room_id);
        match self.read_room(&subscriber, room_id).await {
            // The user has left meanwhile; if they have joined again, another task handles the new subscription.
            _ if !subscriber.is_current_subscription(room_id, &subscription) => {}
            Ok(room) => {
                subscriber.push(ServerFrame::Room { room: &room }.encode());
                subscriber.go_live(room_id, room.ver);
            }
            Err(Error::NotFound) => self.unsubscribe(&subscriber, room_id),
            // Without the room's version the subscriber could miss changes, so it has to reconnect.
            Err(_) => subscriber.close(CloseCode::GoingAway),
        }
    }

    /// Reads the room as the subscriber's user sees it, again if changes could be missing between the first read and
    /// the live ones.
    async fn read_room(&self, subscriber: &Subscriber, room_id: i64) -> Result<Room> {
        let read = || self.hub.store().room_for(subscriber.user_id, room_id);
        let room = read().await?;
        match self.hub.set_baseline(room_id, room.ver) {
            true => Ok(room),
            false => read().await,
        }
    }

    /// Unsubscribes from a room that the user has left, and tells the client.
    pub(super) fn remove_from_room(&self, subscriber: &Rc<Subscriber>, room_id: i64) {
        if subscriber.is_subscribed(room_id) {
            self.unsubscribe(subscriber, room_id);
            let room_id = Id(room_id);
            subscriber.push(ServerFrame::Removed { room_id }.encode());
        }
    }

    /// Sends a changed room to its subscribers, with each user's own counts.
    pub(super) async fn send_room(self: Rc<Self>, room_id: i64) {
        let subscribers = self.subscribers_in(room_id);
        let mut user_ids: Vec<i64> = subscribers
            .iter()
            .map(|subscriber| subscriber.user_id)
            .collect();
        user_ids.sort_unstable();
        user_ids.dedup();
        for user_id in user_ids {
            let room = loop {
                match self.hub.store().room_for(user_id, room_id).await {
                    Err(Error::Unavailable(_)) => sleep(RETRY_DELAY).await,
                    room => break room,
                }
            };
            let Ok(room) = room else {
                continue;
            };
            let frame = ServerFrame::Room { room: &room }.encode();
            for subscriber in self.subscribers_of(user_id) {
                subscriber.push(frame.clone());
            }
        }
    }

    /// Sends a user's pending invitations to all their connections.
    pub(in crate::realtime) async fn send_invitations(self: Rc<Self>, user_id: i64) {
        if self.subscribers_of(user_id).is_empty() {
            return;
        }
        let pending = loop {
            match self.hub.store().invitations_for(user_id).await {
                Ok(pending) => break pending,
                Err(Error::Unavailable(_)) => sleep(RETRY_DELAY).await,
                Err(_) => return,
            }
        };
        for subscriber in self.subscribers_of(user_id) {
            subscriber.send_invitations(&pending);
        }
    }
}
