//! The state of one TCP connection: its HTTP phase, its time-outs, and how it is closed from outside.

#[cfg(test)]
mod tests;

use std::cell::{Cell, Ref, RefCell};
use std::io::ErrorKind;
use std::rc::Rc;
use std::task::{Context, Waker};
use std::time::Duration;

use actix_web::rt::net::TcpStream;
use socket2::{SockRef, TcpKeepalive};

use crate::anonymous_limiter::AnonymousGuard;
use crate::termination::Termination;
use crate::timeouts::{Clock, Timeouts, WriteStall};

/// TCP keep-alive of connections that close with their peer: probes begin after this much silence and are then repeated.
/// The socket's user time-out (`PEER_TIMEOUT`) limits how long they may stay unacknowledged.
const PROBE_AFTER: Duration = Duration::from_secs(9);
const PROBE_INTERVAL: Duration = Duration::from_secs(3);
/// Maximum number of reads in one sweep that discard what the peer of such a connection sends.
const MAX_DISCARDED_READS: usize = 64;

/// A TCP connection, shared by its HTTP stream, the request handlers and the sweep of its worker.
pub struct Connection {
    clock: Clock,
    phase: Cell<Phase>,
    phase_start: Cell<u32>,
    stall: Cell<Option<WriteStall>>,
    deadline: Cell<Option<u32>>,
    termination: Cell<Option<Termination>>,
    /// Wakes the task that reads and writes.
    waker: RefCell<Option<Waker>>,
    on_stall: RefCell<Option<Box<dyn FnOnce()>>>,
    /// Counts the connection until its peer is authenticated.
    guard: RefCell<Option<AnonymousGuard>>,
    closes_with_peer: Cell<bool>,
    /// `None` before it is attached and after it is closed.
    tcp: RefCell<Option<TcpStream>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// Between two requests.
    KeepAlive,
    ReadingHead,
    Responding,
}

impl Connection {
    /// Creates the state of an accepted connection; `guard` counts it as anonymous.
    pub(crate) fn new(clock: Clock, guard: Option<AnonymousGuard>) -> Rc<Self> {
        Rc::new(Self {
            phase: Cell::new(Phase::ReadingHead),
            phase_start: Cell::new(clock.get()),
            clock,
            stall: Cell::default(),
            deadline: Cell::default(),
            termination: Cell::default(),
            waker: RefCell::default(),
            on_stall: RefCell::default(),
            guard: RefCell::new(guard),
            closes_with_peer: Cell::default(),
            tcp: RefCell::default(),
        })
    }

    pub(crate) fn attach(&self, tcp: TcpStream) {
        self.tcp.replace(Some(tcp));
    }

    pub(crate) fn close(&self) {
        self.tcp.take();
    }

    /// The socket, unless it is closed.
    pub(crate) fn tcp(&self) -> Option<Ref<'_, TcpStream>> {
        Ref::filter_map(self.tcp.borrow(), Option::as_ref).ok()
    }

    /// Whether [`Connection::try_write`] would issue a system call.
    pub fn is_writable(&self) -> bool {
        self.stall.get().is_none() && self.termination.get().is_none() && self.tcp().is_some()
    }

    /// Writes to the socket without waiting, and returns the number of bytes written. The caller ensures that the HTTP
    /// stream has no unsent bytes, which these would overtake; while the peer is not reading, nothing is written.
    pub fn try_write(&self, bytes: &[u8]) -> usize {
        if self.stall.get().is_some() || self.termination.get().is_some() {
            return 0;
        }
        // Bypasses the runtime's readiness. The regular write of the remaining bytes meets the same error again.
        let send = |tcp: Ref<'_, TcpStream>| SockRef::from(&*tcp).send(bytes).ok();
        self.tcp().and_then(send).unwrap_or(0)
    }

    /// Marks that the application is handling a request: the connection is not evicted meanwhile.
    pub fn begin_response(&self) {
        self.set_phase(Phase::Responding);
    }

    /// Marks that the application has produced the whole response.
    pub fn end_response(&self) {
        self.set_phase(Phase::KeepAlive);
        self.on_stall.take();
    }

    pub(crate) fn is_responding(&self) -> bool {
        self.phase.get() == Phase::Responding
    }

    fn set_phase(&self, phase: Phase) {
        self.phase.set(phase);
        self.phase_start.set(self.clock.get());
    }

    /// Stops counting the connection as anonymous.
    pub fn mark_authenticated(&self) {
        self.guard.take();
    }

    pub(crate) fn is_anonymous(&self) -> bool {
        self.guard.borrow().is_some()
    }

    /// Whether it is anonymous, and its address has more such connections than allowed.
    pub(crate) fn is_over_limit(&self) -> bool {
        let guard = self.guard.borrow();
        guard.as_ref().is_some_and(AnonymousGuard::is_over_limit)
    }

    /// Closes an anonymous connection in favour of a newer one and returns true, unless it is being served.
    pub(crate) fn evict(&self) -> bool {
        let is_closing = self.termination.get().is_some();
        if self.is_responding() || is_closing || self.guard.take().is_none() {
            return false;
        }
        self.terminate(match self.phase.get() {
            Phase::ReadingHead => Termination::TooManyConnections,
            _ => Termination::Close,
        });
        true
    }

    /// Calls `notify` once when the peer stops reading, and closes the connection after the grace period. Without a
    /// callback the connection is reset at once.
    pub fn on_stall(&self, notify: impl FnOnce() + 'static) {
        self.on_stall.replace(Some(Box::new(notify)));
    }

    /// Closes the connection as soon as its peer closes it or its sending half: for endless responses that are the last of
    /// their connection, whose peer has nothing more to send. What it does send is discarded. TCP keep-alive detects a
    /// peer that vanished.
    pub fn close_with_peer(&self) {
        self.closes_with_peer.set(true);
        if let Some(tcp) = self.tcp() {
            let probes = TcpKeepalive::new()
                .with_time(PROBE_AFTER)
                .with_interval(PROBE_INTERVAL);
            // An optimisation: a failure leaves the connection usable.
            let _ = SockRef::from(&*tcp).set_tcp_keepalive(&probes);
        }
    }

    /// Records that the peer closed its sending half.
    pub(crate) fn record_peer_closed(&self) {
        if self.closes_with_peer.get() {
            self.terminate(Termination::Close);
        }
    }

    /// Discards what the peer has sent, and returns whether it has closed its sending half. Unread bytes would keep the
    /// kernel from receiving, and so from reporting, the end.
    fn is_closed_by_peer(&self) -> bool {
        let Some(tcp) = self.tcp() else {
            return false;
        };
        let mut unread = [0; 16 * 1024];
        for _ in 0..MAX_DISCARDED_READS {
            match tcp.try_read(&mut unread) {
                Ok(0) => return true,
                Ok(_) => {}
                Err(error) => return error.kind() != ErrorKind::WouldBlock,
            }
        }
        false
    }

    /// Resets the connection in `seconds` at the latest. Only the first call has an effect.
    pub fn close_within(&self, seconds: u32) {
        let deadline = self.clock.get() + seconds;
        self.deadline
            .set(Some(self.deadline.get().unwrap_or(deadline)));
    }

    /// Makes the next read or write close the connection, and wakes the task that does it. Only the first call has an
    /// effect.
    pub(crate) fn terminate(&self, termination: Termination) {
        if self.termination.get().is_none() {
            self.termination.set(Some(termination));
            if let Some(waker) = self.waker.take() {
                waker.wake();
            }
        }
    }

    pub(crate) fn termination(&self) -> Option<Termination> {
        self.termination.get()
    }

    /// Remembers the task to wake at termination.
    pub(crate) fn register_waker(&self, cx: &Context<'_>) {
        let mut waker = self.waker.borrow_mut();
        if !waker
            .as_ref()
            .is_some_and(|waker| waker.will_wake(cx.waker()))
        {
            *waker = Some(cx.waker().clone());
        }
    }

    pub(crate) fn record_read(&self) {
        if self.phase.get() == Phase::KeepAlive {
            self.set_phase(Phase::ReadingHead);
        }
    }

    /// Records that a write would block.
    pub(crate) fn record_blocked(&self) {
        if self.stall.get().is_none() {
            self.stall.set(Some(WriteStall::new(self.clock.get())));
        }
    }

    pub(crate) fn record_written(&self, bytes: usize) {
        if let Some(mut stall) = self.stall.get() {
            stall.record_written(self.clock.get(), bytes);
            self.stall.set(Some(stall));
        }
    }

    /// Records that no bytes are pending.
    pub(crate) fn write_drained(&self) {
        if self.stall.take().is_some() && self.phase.get() == Phase::KeepAlive {
            self.phase_start.set(self.clock.get());
        }
    }

    /// Closes the connection when one of its time-outs has expired. Called once a second.
    pub(crate) fn check_timeouts(&self, timeouts: &Timeouts) {
        let now = self.clock.get();
        if self.closes_with_peer.get() && self.is_closed_by_peer() {
            self.terminate(Termination::Close);
        }
        if let Some(deadline) = self.deadline.get() {
            if now >= deadline {
                self.terminate(Termination::Reset);
            }
            return;
        }
        if let Some(stall) = self.stall.get() {
            return self.check_stall(stall, timeouts);
        }
        let age = now - self.phase_start.get();
        match self.phase.get() {
            Phase::KeepAlive if age > timeouts.keep_alive => self.terminate(Termination::Close),
            // For the first request of a connection, actix-http times out slightly earlier.
            Phase::ReadingHead if age > timeouts.request_head => {
                self.terminate(Termination::RequestTimeout);
            }
            _ => {}
        }
    }

    fn check_stall(&self, mut stall: WriteStall, timeouts: &Timeouts) {
        let now = self.clock.get();
        let limit = match self.on_stall.borrow().is_some() {
            true => timeouts.stream_stall,
            false => timeouts.response_stall,
        };
        if stall.seconds(now) <= limit && !stall.below_min_rate(now, timeouts) {
            return self.stall.set(Some(stall));
        }
        match self.on_stall.take() {
            Some(notify) => {
                self.close_within(timeouts.close_grace);
                notify();
            }
            None => self.terminate(Termination::Reset),
        }
    }
}
