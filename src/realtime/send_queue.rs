//! What a seat has still to send: a bounded queue of writes, and a way past it.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use bytes::Bytes;

/// It holds so many writes …
pub(super) const QUEUE_FRAMES: usize = 256;
/// … and so many bytes. A reader who is further behind is sent away and comes back by `sync`.
const QUEUE_BYTES: usize = 1024 * 1024;
/// An empty queue keeps room for so many; what a burst needed is given back.
const IDLE_CAPACITY: usize = 4;

/// A short way to the socket.
pub trait DirectSink {
    /// Writes what the socket takes at once, and answers how many bytes that were.
    fn try_write(&self, bytes: &[u8]) -> usize;

    /// Whether it takes anything at all, as far as is known without asking the system.
    fn is_writable(&self) -> bool;
}

/// See the module's description.
#[derive(Default)]
pub(super) struct SendQueue {
    queue: RefCell<Queue>,
    waker: RefCell<Option<Waker>>,
    finished: Cell<bool>,
    direct_sink: RefCell<Option<Rc<dyn DirectSink>>>,
    /// Whoever takes from the queue has taken everything at least once, and waits for more.
    reader_is_ready: Cell<bool>,
}

#[derive(Default)]
struct Queue {
    writes: VecDeque<Bytes>,
    bytes: usize,
    /// The first of them is the rest of something whose beginning was sent.
    head_is_partial: bool,
}

impl SendQueue {
    /// From here on what is pushed goes straight to the socket, as long as it takes it: no queue, no task and no copy
    /// stand between. What it does not take waits in the queue, and what comes later waits behind.
    pub(super) fn set_direct_sink(&self, direct_sink: Rc<dyn DirectSink>) {
        self.direct_sink.replace(Some(direct_sink));
    }

    /// Whether there is no room for more of a slow reader's bytes. One write alone always has room.
    pub(super) fn is_full(&self, wire: &Bytes) -> bool {
        let queue = self.queue.borrow();
        queue.writes.len() >= QUEUE_FRAMES
            || (!queue.writes.is_empty() && queue.bytes + wire.len() > QUEUE_BYTES)
    }

    /// Whether everything was taken.
    pub(super) fn is_empty(&self) -> bool {
        self.queue.borrow().writes.is_empty()
    }

    /// Whether what is pushed next goes straight to the socket, as far as is known.
    pub(super) fn is_writable(&self) -> bool {
        let direct_sink = self.direct_sink.borrow();
        self.reader_is_ready.get()
            && self.is_empty()
            && direct_sink
                .as_ref()
                .is_some_and(|direct_sink| direct_sink.is_writable())
    }

    /// Sends, now or later.
    pub(super) fn push(&self, wire: &Bytes) {
        let Some(wire) = self.write_directly(wire) else {
            return;
        };
        let mut queue = self.queue.borrow_mut();
        queue.bytes += wire.len();
        queue.writes.push_back(wire);
        self.wake();
    }

    /// What is left of it after the socket took what it could at once.
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

    /// Throws everything away but what must follow what was sent.
    pub(super) fn discard_unsent(&self) {
        let mut queue = self.queue.borrow_mut();
        let kept = usize::from(queue.head_is_partial);
        queue.writes.truncate(kept);
        queue.bytes = queue.writes.iter().map(Bytes::len).sum();
    }

    /// Nothing follows what is queued now.
    pub(super) fn finish(&self) {
        self.finished.set(true);
        self.wake();
    }

    /// Wakes whoever takes from the queue.
    pub(super) fn wake(&self) {
        if let Some(waker) = self.waker.borrow_mut().take() {
            waker.wake();
        }
    }

    /// The next bytes; `None` after the last ones.
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

    /// A socket that takes so many bytes at once.
    #[derive(Default)]
    struct Socket {
        takes: Cell<usize>,
        sent: RefCell<Vec<u8>>,
        /// Whether what it took is room that is gone.
        fills: bool,
    }

    impl DirectSink for Socket {
        fn try_write(&self, bytes: &[u8]) -> usize {
            let written = self.takes.get().min(bytes.len());
            if self.fills {
                self.takes.set(self.takes.get() - written);
            }
            self.sent.borrow_mut().extend_from_slice(&bytes[..written]);
            written
        }

        fn is_writable(&self) -> bool {
            true
        }
    }

    fn take_all(send_queue: &SendQueue, sent: &RefCell<Vec<u8>>) {
        let mut cx = Context::from_waker(Waker::noop());
        while let Poll::Ready(Some(wire)) = send_queue.poll(&mut cx) {
            sent.borrow_mut().extend_from_slice(&wire);
        }
    }

    proptest! {
        /// However much the socket takes at once, the bytes are the same in the same order.
        #[test]
        fn nothing_is_lost_or_overtaken(
            steps in prop::collection::vec((prop::collection::vec(any::<u8>(), 1..9), 0_usize..9, any::<bool>()), 1..60),
        ) {
            let (send_queue, socket) = (SendQueue::default(), Rc::new(Socket::default()));
            send_queue.set_direct_sink(socket.clone());
            let mut pushed = Vec::new();
            for (wire, takes, is_polled) in steps {
                socket.takes.set(takes);
                pushed.extend_from_slice(&wire);
                send_queue.push(&wire.into());
                if is_polled {
                    take_all(&send_queue, &socket.sent);
                    prop_assert!(send_queue.is_empty());
                }
            }
            take_all(&send_queue, &socket.sent);
            prop_assert_eq!(&*socket.sent.borrow(), &pushed);
        }

        /// A reader who is sent away has whole frames, and then the goodbye.
        #[test]
        fn what_was_begun_is_ended(takes in 0_usize..12) {
            let takes_at_once = Cell::new(takes);
            let socket = Rc::new(Socket { takes: takes_at_once, fills: true, ..Socket::default() });
            let send_queue = SendQueue::default();
            take_all(&send_queue, &socket.sent);
            send_queue.set_direct_sink(socket.clone());
            for wire in ["one;", "two;", "six;"] {
                send_queue.push(&Bytes::from_static(wire.as_bytes()));
            }
            send_queue.discard_unsent();
            send_queue.push(&Bytes::from_static(b"bye;"));
            take_all(&send_queue, &socket.sent);
            let sent = String::from_utf8(socket.sent.borrow().clone()).expect("text");
            let frames: Vec<_> = sent.split_terminator(';').collect();
            let whole = ["one", "two", "six"];
            let last = frames.len() - 1;
            prop_assert_eq!(frames[last], "bye");
            prop_assert_eq!(&frames[..last], &whole[..takes.div_ceil(4)]);
        }
    }
}
