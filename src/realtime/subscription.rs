//! Where a seat is in the log of a room that it follows.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;

use crate::realtime::hub::worker_commands::EncodedBatch;
use crate::realtime::send_queue::QUEUE_FRAMES;
use crate::realtime::subscriber::Subscriber;
use crate::realtime::websocket::CloseCode;

/// A seat in one room.
pub(super) struct Subscription {
    pub(super) subscriber: Rc<Subscriber>,
    pub(super) slot: usize,
    pub(super) state: RefCell<SubscriptionState>,
}

pub(super) enum SubscriptionState {
    /// Where the room is, and whether the person may follow it, is being read from the store; live changes wait.
    Pending(Vec<Arc<EncodedBatch>>),
    /// Live changes after this number go out at once.
    Live(i64),
    /// The client is catching up; live changes wait.
    Buffering(Vec<Arc<EncodedBatch>>),
    /// The client has more pages to ask for, and everything live will be in one of them.
    Syncing,
}

impl Subscription {
    /// A place where live changes wait until it is known from where on they are live.
    pub(super) fn pending(subscriber: Rc<Subscriber>, slot: usize) -> Rc<Self> {
        Rc::new(Self {
            subscriber,
            slot,
            state: RefCell::new(SubscriptionState::Pending(Vec::new())),
        })
    }

    /// Whether a live change goes straight to a socket, as far as is known.
    pub(super) fn is_writable(&self) -> bool {
        matches!(*self.state.borrow(), SubscriptionState::Live(_)) && self.subscriber.is_writable()
    }

    /// A live change. Answers whether it goes to a socket at once.
    pub(super) fn receive(&self, batch: &Arc<EncodedBatch>) -> bool {
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
