//! A subscriber's room subscriptions.

use std::collections::HashMap;
use std::rc::Rc;

use super::Subscriber;
use super::subscription::{Subscription, SubscriptionState};

impl Subscriber {
    /// Returns the rooms that it is subscribed to.
    pub fn room_ids(&self) -> Vec<i64> {
        self.subscriptions.borrow().keys().copied().collect()
    }

    /// Whether it is subscribed to a room.
    pub fn is_subscribed(&self, room_id: i64) -> bool {
        self.subscriptions.borrow().contains_key(&room_id)
    }

    /// Whether the client has been sent the room's state.
    pub(in crate::realtime) fn knows_room(&self, room_id: i64) -> bool {
        let subscription = self.subscription(room_id);
        subscription.is_some_and(|subscription| {
            !matches!(*subscription.state.borrow(), SubscriptionState::Pending(_))
        })
    }

    pub(in crate::realtime) fn add_subscription(
        &self,
        room_id: i64,
        subscription: Rc<Subscription>,
    ) {
        self.subscriptions
            .borrow_mut()
            .insert(room_id, subscription);
    }

    /// Returns the subscription to a room. It is a new object when the user has left and joined again.
    pub(in crate::realtime) fn subscription(&self, room_id: i64) -> Option<Rc<Subscription>> {
        self.subscriptions.borrow().get(&room_id).cloned()
    }

    /// Whether this subscription is still the current one for the room.
    pub(in crate::realtime) fn is_current_subscription(
        &self,
        room_id: i64,
        subscription: &Rc<Subscription>,
    ) -> bool {
        self.subscription(room_id)
            .is_some_and(|now| Rc::ptr_eq(&now, subscription))
    }

    pub(in crate::realtime) fn remove_subscription(
        &self,
        room_id: i64,
    ) -> Option<Rc<Subscription>> {
        self.subscriptions.borrow_mut().remove(&room_id)
    }

    /// Removes all subscriptions, when the connection ends.
    pub(in crate::realtime) fn remove_all_subscriptions(&self) -> HashMap<i64, Rc<Subscription>> {
        self.disconnected.set(true);
        self.subscriptions.take()
    }

    /// Buffers the room's live changes until [`Subscriber::go_live`].
    pub fn start_buffering(&self, room_id: i64) {
        self.set_state(room_id, SubscriptionState::Buffering(Vec::new()));
    }

    /// Drops the room's live changes, because the client will request further pages that include them.
    pub fn start_syncing(&self, room_id: i64) {
        self.set_state(room_id, SubscriptionState::Syncing);
    }

    fn set_state(&self, room_id: i64, state: SubscriptionState) {
        if let Some(subscription) = self.subscription(room_id) {
            subscription.state.replace(state);
        }
    }

    /// Sends the buffered changes after `ver`, which the client has, and later ones live. Has no effect on a live
    /// subscription.
    pub fn go_live(&self, room_id: i64, ver: i64) {
        let Some(subscription) = self.subscription(room_id) else {
            return;
        };
        if matches!(*subscription.state.borrow(), SubscriptionState::Live(_)) {
            return;
        }
        let before = subscription.state.replace(SubscriptionState::Live(ver));
        // An event stream reads changes from before its subscription from the store.
        self.notify_changed();
        if let SubscriptionState::Pending(batches) | SubscriptionState::Buffering(batches) = before
        {
            for batch in batches {
                subscription.receive(&batch);
            }
        }
    }
}
