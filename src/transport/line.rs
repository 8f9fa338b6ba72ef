//! What is known of one connection, and the way to end it.

#[cfg(test)]
mod tests;

use std::cell::{Cell, Ref, RefCell};
use std::rc::Rc;
use std::task::{Context, Waker};
use std::time::Duration;

use actix_web::rt::net::TcpStream;
use futures_util::FutureExt;
use socket2::{SockRef, TcpKeepalive};
use tokio::io::Interest;

use super::Patience;
use super::queue::Queue;
use super::strangers::Visit;

/// A connection that ends with its peer is probed after so long a silence, and then so often. The time-out of the stream
/// (`PEER_TIMEOUT`) says how long probes may stay unanswered.
const PROBE_AFTER: Duration = Duration::from_secs(9);
const PROBE_EVERY: Duration = Duration::from_secs(3);

/// Seconds of a worker, counted by its sweeps. A worker that was stopped or busy for a while does not blame its peers.
pub type Clock = Rc<Cell<u32>>;

/// See the module's description. All of it belongs to one worker's thread.
pub struct Line {
    clock: Clock,
    stage: Cell<Stage>,
    since: Cell<u32>,
    behind: Cell<Option<Behind>>,
    deadline: Cell<Option<u32>>,
    end: Cell<Option<End>>,
    /// Wakes whoever reads and writes.
    waker: RefCell<Option<Waker>>,
    when_slow: RefCell<Option<Box<dyn FnOnce()>>>,
    place: RefCell<Option<Place>>,
    /// Ends when the peer says nothing more.
    ends_with_peer: Cell<bool>,
    /// The connection itself, while it is there.
    tcp: RefCell<Option<TcpStream>>,
}

/// Where a connection is counted that has not shown a session.
pub(super) struct Place {
    pub(super) visit: Visit,
    pub(super) queue: Rc<Queue>,
}

/// What the connection is at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// Between two requests.
    Idle,
    /// A request's head is on its way.
    Head,
    /// A request is being answered.
    Serving,
}

/// Bytes wait for the peer.
#[derive(Debug, Clone, Copy)]
struct Behind {
    taken_at: u32,
    window: u32,
    bytes: u64,
}

/// How a connection ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// Whatever waits is thrown away, here and in the kernel.
    Abort,
    /// Nothing was going on.
    Quiet,
    /// The request's head took too long.
    TimedOut,
    /// Too many of its address are here.
    Crowded,
}

impl Line {
    /// A connection that has just come; with its place if it is counted.
    pub(super) fn new(clock: Clock, place: Option<Place>) -> Rc<Self> {
        let now = clock.get();
        let queue = place.as_ref().map(|place| place.queue.clone());
        let line = Rc::new(Self {
            clock,
            stage: Cell::new(Stage::Head),
            since: Cell::new(now),
            behind: Cell::default(),
            deadline: Cell::default(),
            end: Cell::default(),
            waker: RefCell::default(),
            when_slow: RefCell::default(),
            place: RefCell::new(place),
            ends_with_peer: Cell::default(),
            tcp: RefCell::default(),
        });
        if let Some(queue) = queue {
            queue.push(&line);
        }
        line
    }

    /// Carries a connection.
    pub(super) fn carry(&self, tcp: TcpStream) {
        self.tcp.replace(Some(tcp));
    }

    /// Closes the connection.
    pub(super) fn hang_up(&self) {
        self.tcp.take();
    }

    /// The connection, unless it was closed.
    pub(super) fn tcp(&self) -> Option<Ref<'_, TcpStream>> {
        Ref::filter_map(self.tcp.borrow(), Option::as_ref).ok()
    }

    /// Whether [`Line::write_now`] asks the system.
    pub fn is_clear(&self) -> bool {
        self.behind.get().is_none() && self.end.get().is_none() && self.tcp().is_some()
    }

    /// Writes what the peer takes at once, past whoever else writes here; answers how many bytes that were. Only for who
    /// knows that nothing else is under way: what was written before has been taken, or nothing is written.
    pub fn write_now(&self, bytes: &[u8]) -> usize {
        if self.behind.get().is_some() || self.end.get().is_some() {
            return 0;
        }
        // Past the runtime's own idea of whether the socket is ready. What fails here fails again for whoever writes the
        // rest.
        let send = |tcp: Ref<'_, TcpStream>| SockRef::from(&*tcp).send(bytes).ok();
        self.tcp().and_then(send).unwrap_or(0)
    }

    /// A request is being answered from now on.
    pub fn serve(&self) {
        self.enter(Stage::Serving);
    }

    /// The answer is complete, as far as we have to say anything.
    pub fn rest(&self) {
        self.enter(Stage::Idle);
        self.when_slow.take();
    }

    /// Whether the application is answering a request.
    pub(super) fn is_serving(&self) -> bool {
        self.stage.get() == Stage::Serving
    }

    fn enter(&self, stage: Stage) {
        self.stage.set(stage);
        self.since.set(self.clock.get());
    }

    /// Its peer is signed in: it no longer counts.
    pub fn is_known(&self) {
        self.place.take();
    }

    /// Whether it is counted, and there are too many.
    pub(super) fn is_one_too_many(&self) -> bool {
        let place = self.place.borrow();
        place.as_ref().is_some_and(|place| place.visit.is_crowded())
    }

    /// Whether it is counted.
    pub(super) fn is_stranger(&self) -> bool {
        self.place.borrow().is_some()
    }

    /// Whether it may be ended in favour of another: nothing is being answered.
    pub(super) fn is_waiting(&self) -> bool {
        self.stage.get() != Stage::Serving && self.end.get().is_none()
    }

    /// Called once when the peer takes nothing of what waits for it; then there is a while to say goodbye. Without
    /// this the connection is ended at once.
    pub fn when_slow(&self, tell: impl FnOnce() + 'static) {
        self.when_slow.replace(Some(Box::new(tell)));
    }

    /// Ends the connection as soon as its peer closes it, or only its sending half: for answers without an end, whose peer
    /// has nothing more to say while it listens. A peer that vanished without a word is probed for.
    pub fn end_with_peer(&self) {
        self.ends_with_peer.set(true);
        if let Some(tcp) = self.tcp() {
            let probes = TcpKeepalive::new()
                .with_time(PROBE_AFTER)
                .with_interval(PROBE_EVERY);
            // It only makes things better.
            let _ = SockRef::from(&*tcp).set_tcp_keepalive(&probes);
        }
    }

    /// The peer has closed its sending half.
    pub(super) fn peer_closed(&self) {
        if self.ends_with_peer.get() {
            self.end(End::Quiet);
        }
    }

    /// Whether the kernel has reported that the peer closed, also while unread bytes stand before that. Asks the runtime,
    /// not the system.
    fn is_closed_by_peer(&self) -> bool {
        let tcp = self.tcp();
        let readiness = tcp
            .as_ref()
            .and_then(|tcp| tcp.ready(Interest::READABLE).now_or_never());
        readiness.is_some_and(|ready| ready.is_ok_and(|ready| ready.is_read_closed()))
    }

    /// It ends after so many seconds at the latest, whatever the peer does. The first call counts.
    pub fn end_within(&self, seconds: u32) {
        let deadline = self.clock.get() + seconds;
        self.deadline
            .set(Some(self.deadline.get().unwrap_or(deadline)));
    }

    /// Ends it now.
    pub(super) fn end(&self, end: End) {
        if self.end.get().is_none() {
            self.end.set(Some(end));
            if let Some(waker) = self.waker.take() {
                waker.wake();
            }
        }
    }

    /// Ends it because of the others of its address, and no longer counts it.
    pub(super) fn make_room(&self) {
        self.place.take();
        match self.stage.get() {
            Stage::Head => self.end(End::Crowded),
            _ => self.end(End::Quiet),
        }
    }

    /// How it is to end, if it is.
    pub(super) fn ending(&self) -> Option<End> {
        self.end.get()
    }

    /// Who reads and writes is woken like this.
    pub(super) fn remember(&self, cx: &Context<'_>) {
        let mut waker = self.waker.borrow_mut();
        if !waker
            .as_ref()
            .is_some_and(|waker| waker.will_wake(cx.waker()))
        {
            *waker = Some(cx.waker().clone());
        }
    }

    /// Something came.
    pub(super) fn heard(&self) {
        if self.stage.get() == Stage::Idle {
            self.enter(Stage::Head);
        }
    }

    /// The peer takes no more.
    pub(super) fn blocked(&self) {
        if self.behind.get().is_none() {
            let now = self.clock.get();
            self.behind.set(Some(Behind {
                taken_at: now,
                window: now,
                bytes: 0,
            }));
        }
    }

    /// The peer took so many bytes.
    pub(super) fn taken(&self, bytes: usize) {
        if let Some(mut behind) = self.behind.get() {
            behind.taken_at = self.clock.get();
            behind.bytes += bytes as u64;
            self.behind.set(Some(behind));
        }
    }

    /// Nothing waits any more.
    pub(super) fn caught_up(&self) {
        if self.behind.take().is_some() && self.stage.get() == Stage::Idle {
            self.since.set(self.clock.get());
        }
    }

    /// Once a second: ends what took too long.
    pub(super) fn check(&self, patience: &Patience) {
        let now = self.clock.get();
        if self.ends_with_peer.get() && self.is_closed_by_peer() {
            self.peer_closed();
        }
        if let Some(deadline) = self.deadline.get() {
            if now >= deadline {
                self.end(End::Abort);
            }
            return;
        }
        if self.behind.get().is_some() {
            if self.is_slow(patience) {
                self.too_slow(patience);
            }
            return;
        }
        let age = now - self.since.get();
        match self.stage.get() {
            Stage::Idle if age > patience.idle => self.end(End::Quiet),
            // For a connection's first request, HTTP itself says so a little earlier.
            Stage::Head if age > patience.head => self.end(End::TimedOut),
            _ => {}
        }
    }

    fn is_slow(&self, patience: &Patience) -> bool {
        let Some(mut behind) = self.behind.get() else {
            return false;
        };
        let now = self.clock.get();
        let most = match self.when_slow.borrow().is_some() {
            true => patience.blocked,
            false => patience.stalled,
        };
        if now - behind.taken_at > most {
            return true;
        }
        if now - behind.window < patience.window {
            return false;
        }
        let is_slow = behind.bytes < u64::from(patience.least) * u64::from(patience.window);
        (behind.window, behind.bytes) = (now, 0);
        self.behind.set(Some(behind));
        is_slow
    }

    fn too_slow(&self, patience: &Patience) {
        let tell = self.when_slow.take();
        match tell {
            Some(tell) => {
                self.end_within(patience.farewell);
                tell();
            }
            None => self.end(End::Abort),
        }
    }
}
