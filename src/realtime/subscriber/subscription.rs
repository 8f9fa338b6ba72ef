//! A subscriber's position in one room's log.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;

use crate::protocol::websocket::CloseCode;
use crate::realtime::hub::worker_commands::EncodedBatch;
use crate::realtime::send_queue::QUEUE_FRAMES;
use crate::realtime::subscriber::Subscriber;

/// A subscriber's subscription to one room.
pub(in crate::realtime) struct Subscription {
    pub(in crate::realtime) subscriber: Rc<Subscriber>,
    pub(in crate::realtime) slot: usize,
    pub(in crate::realtime) state: RefCell<SubscriptionState>,
}

pub(in crate::realtime) enum SubscriptionState {
    /// The room's state and the membership are being read from the store; live changes are buffered.
    Pending(Vec<Arc<EncodedBatch>>),
    /// Changes after this version are sent at once.
    Live(i64),
    /// A page of `sync` is being sent; live changes are buffered.
    Buffering(Vec<Arc<EncodedBatch>>),
    /// The client will request more pages, which include all live changes; these are dropped.
    Syncing,
}

impl Subscription {
    /// Creates a subscription that buffers live changes until the room has been read.
    pub(in crate::realtime) fn pending(subscriber: Rc<Subscriber>, slot: usize) -> Rc<Self> {
        Rc::new(Self {
            subscriber,
            slot,
            state: RefCell::new(SubscriptionState::Pending(Vec::new())),
        })
    }

    /// Whether a live change is expected to go directly to a socket.
    pub(in crate::realtime) fn is_writable(&self) -> bool {
        matches!(*self.state.borrow(), SubscriptionState::Live(_)) && self.subscriber.is_writable()
    }

    /// Handles live changes; returns whether they were sent to a socket.
    pub(in crate::realtime) fn receive(&self, batch: &Arc<EncodedBatch>) -> bool {
        if self.subscriber.notify_changed() {
            return false;
        }
        match &mut *self.state.borrow_mut() {
            SubscriptionState::Live(ver) => {
                if let Some(wire) = batch.after(*ver) {
                    self.subscriber.push_shared(&wire);
                    return true;
                }
            }
            SubscriptionState::Pending(batches) | SubscriptionState::Buffering(batches) => {
                if batches.len() < QUEUE_FRAMES {
                    batches.push(batch.clone());
                } else {
                    self.subscriber.close(CloseCode::TooSlow);
                }
            }
            SubscriptionState::Syncing => {}
        }
        false
    }
}
