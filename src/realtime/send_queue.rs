//! A subscriber's bounded send queue, and the direct path past it.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use bytes::Bytes;

/// Maximum number of queued writes.
pub(super) const QUEUE_FRAMES: usize = 256;
/// Maximum number of queued bytes. A slower client is disconnected and catches up by `sync`.
const QUEUE_BYTES: usize = 1024 * 1024;
/// Capacity that an empty queue keeps.
const IDLE_CAPACITY: usize = 4;

/// A nonblocking way to write to the socket, past the queue.
pub trait DirectSink {
    /// Writes what the socket accepts at once and returns that number of bytes.
    fn try_write(&self, bytes: &[u8]) -> usize;

    /// Whether the socket is expected to accept bytes, without a system call.
    fn is_writable(&self) -> bool;
}

/// A bounded queue of encoded frames.
#[derive(Default)]
pub(super) struct SendQueue {
    queue: RefCell<Queue>,
    waker: RefCell<Option<Waker>>,
    finished: Cell<bool>,
    direct_sink: RefCell<Option<Rc<dyn DirectSink>>>,
    /// Set once the consumer has emptied the queue and waits for more.
    reader_is_ready: Cell<bool>,
}

#[derive(Default)]
struct Queue {
    writes: VecDeque<Bytes>,
    bytes: usize,
    /// The first entry is the rest of a frame whose beginning was sent.
    head_is_partial: bool,
}

impl SendQueue {
    /// Sets the socket that `push` writes to while the queue is empty. What the socket does not accept is queued, and
    /// later pushes queue behind it.
    pub(super) fn set_direct_sink(&self, direct_sink: Rc<dyn DirectSink>) {
        self.direct_sink.replace(Some(direct_sink));
    }

    /// Whether the queue has no room for these bytes. A single write always fits.
    pub(super) fn is_full(&self, wire: &Bytes) -> bool {
        let queue = self.queue.borrow();
        queue.writes.len() >= QUEUE_FRAMES
            || (!queue.writes.is_empty() && queue.bytes + wire.len() > QUEUE_BYTES)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.queue.borrow().writes.is_empty()
    }

    /// Whether the next push is expected to go directly to the socket.
    pub(super) fn is_writable(&self) -> bool {
        let direct_sink = self.direct_sink.borrow();
        self.reader_is_ready.get()
            && self.is_empty()
            && direct_sink
                .as_ref()
                .is_some_and(|direct_sink| direct_sink.is_writable())
    }

    /// Writes to the socket or queues.
    pub(super) fn push(&self, wire: &Bytes) {
        let Some(wire) = self.write_directly(wire) else {
            return;
        };
        let mut queue = self.queue.borrow_mut();
        queue.bytes += wire.len();
        queue.writes.push_back(wire);
        self.wake();
    }

    /// Writes to the socket if the queue is empty; returns the bytes it did not accept.
    fn write_directly(&self, wire: &Bytes) -> Option<Bytes> {
        if !self.reader_is_ready.get() || !self.is_empty() {
            return Some(wire.clone());
        }
        let direct_sink = self.direct_sink.borrow();
        let written = (direct_sink.as_ref()).map_or(0, |direct_sink| direct_sink.try_write(wire));
        (written < wire.len()).then(|| {
            self.queue.borrow_mut().head_is_partial = written > 0;
            wire.slice(written..)
        })
    }

    /// Discards the queue, except the rest of a partly sent frame.
    pub(super) fn discard_unsent(&self) {
        let mut queue = self.queue.borrow_mut();
        let kept = usize::from(queue.head_is_partial);
        queue.writes.truncate(kept);
        queue.bytes = queue.writes.iter().map(Bytes::len).sum();
    }

    /// Ends the queue after its present entries.
    pub(super) fn finish(&self) {
        self.finished.set(true);
        self.wake();
    }

    /// Wakes the consumer.
    pub(super) fn wake(&self) {
        if let Some(waker) = self.waker.borrow_mut().take() {
            waker.wake();
        }
    }

    /// Polls for the next bytes; `None` at the end.
    pub(super) fn poll(&self, cx: &mut Context<'_>) -> Poll<Option<Bytes>> {
        let mut queue = self.queue.borrow_mut();
        if let Some(wire) = queue.writes.pop_front() {
            queue.bytes -= wire.len();
            queue.head_is_partial = false;
            if queue.writes.is_empty() {
                queue.writes.shrink_to(IDLE_CAPACITY);
            }
            return Poll::Ready(Some(wire));
        }
        if self.finished.get() {
            return Poll::Ready(None);
        }
        self.reader_is_ready.set(true);
        let mut waker = self.waker.borrow_mut();
        if !waker
            .as_ref()
            .is_some_and(|waker| waker.will_wake(cx.waker()))
        {
            *waker = Some(cx.waker().clone());
        }
        Poll::Pending
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// A socket that accepts this many bytes per write.
    #[derive(Default)]
    struct Socket {
        accepts: Cell<usize>,
        sent: RefCell<Vec<u8>>,
        /// Whether accepted bytes use the limit up.
        fills: bool,
    }

    impl DirectSink for Socket {
        fn try_write(&self, bytes: &[u8]) -> usize {
            let written = self.accepts.get().min(bytes.len());
            if self.fills {
                self.accepts.set(self.accepts.get() - written);
            }
            self.sent.borrow_mut().extend_from_slice(&bytes[..written]);
            written
        }

        fn is_writable(&self) -> bool {
            true
        }
    }

    fn drain(send_queue: &SendQueue, sent: &RefCell<Vec<u8>>) {
        let mut cx = Context::from_waker(Waker::noop());
        while let Poll::Ready(Some(wire)) = send_queue.poll(&mut cx) {
            sent.borrow_mut().extend_from_slice(&wire);
        }
    }

    proptest! {
        #[test]
        fn bytes_keep_their_order_and_none_is_lost(
            steps in prop::collection::vec((prop::collection::vec(any::<u8>(), 1..9), 0_usize..9, any::<bool>()), 1..60),
        ) {
            let (send_queue, socket) = (SendQueue::default(), Rc::new(Socket::default()));
            send_queue.set_direct_sink(socket.clone());
            let mut pushed = Vec::new();
            for (wire, accepts, is_polled) in steps {
                socket.accepts.set(accepts);
                pushed.extend_from_slice(&wire);
                send_queue.push(&wire.into());
                if is_polled {
                    drain(&send_queue, &socket.sent);
                    prop_assert!(send_queue.is_empty());
                }
            }
            drain(&send_queue, &socket.sent);
            prop_assert_eq!(&*socket.sent.borrow(), &pushed);
        }

        /// A client that is disconnected receives whole frames, then the close frame.
        #[test]
        fn a_partly_sent_frame_is_completed_before_the_close_frame(accepts in 0_usize..12) {
            let limit = Cell::new(accepts);
            let socket = Rc::new(Socket { accepts: limit, fills: true, ..Socket::default() });
            let send_queue = SendQueue::default();
            drain(&send_queue, &socket.sent);
            send_queue.set_direct_sink(socket.clone());
            for wire in ["one;", "two;", "six;"] {
                send_queue.push(&Bytes::from_static(wire.as_bytes()));
            }
            send_queue.discard_unsent();
            send_queue.push(&Bytes::from_static(b"bye;"));
            drain(&send_queue, &socket.sent);
            let sent = String::from_utf8(socket.sent.borrow().clone()).expect("text");
            let frames: Vec<_> = sent.split_terminator(';').collect();
            let whole = ["one", "two", "six"];
            let last = frames.len() - 1;
            prop_assert_eq!(frames[last], "bye");
            prop_assert_eq!(&frames[..last], &whole[..accepts.div_ceil(4)]);
        }
    }
}
