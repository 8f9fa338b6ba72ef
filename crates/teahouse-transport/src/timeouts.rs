//! Time-outs, and the state that decides whether a peer reads fast enough.

use std::cell::Cell;
use std::rc::Rc;

/// Seconds, counted by the sweeps of a worker: peers are not timed out for a time in which the worker was suspended.
pub(crate) type Clock = Rc<Cell<u32>>;

/// Time-outs of connections, in seconds.
#[derive(Debug, Clone, Copy)]
pub struct Timeouts {
    /// Receiving a request's head.
    pub request_head: u32,
    /// Idle time between two requests.
    pub keep_alive: u32,
    /// A socket or event stream whose peer reads nothing although bytes are pending.
    pub stream_stall: u32,
    /// The same for any other response.
    pub response_stall: u32,
    /// Minimum rate at which a peer must read pending bytes, averaged over [`Timeouts::rate_window`].
    pub min_bytes_per_second: u32,
    /// Over which the rate is averaged.
    pub rate_window: u32,
    /// From the decision to close a connection to its forced end.
    pub close_grace: u32,
}

/// Progress of a peer for which bytes are pending.
#[derive(Debug, Clone, Copy)]
pub(crate) struct WriteStall {
    last_write: u32,
    window_start: u32,
    window_bytes: u64,
}

impl WriteStall {
    pub(crate) fn new(now: u32) -> Self {
        Self {
            last_write: now,
            window_start: now,
            window_bytes: 0,
        }
    }

    pub(crate) fn record_written(&mut self, now: u32, bytes: usize) {
        self.last_write = now;
        self.window_bytes += bytes as u64;
    }

    /// Seconds since the peer last read anything.
    pub(crate) fn seconds(&self, now: u32) -> u32 {
        now - self.last_write
    }

    /// Whether the peer read too little in the window that just ended; false within a window.
    pub(crate) fn below_min_rate(&mut self, now: u32, timeouts: &Timeouts) -> bool {
        let window = timeouts.rate_window;
        if now - self.window_start < window {
            return false;
        }
        let bytes = std::mem::take(&mut self.window_bytes);
        self.window_start = now;
        bytes < u64::from(timeouts.min_bytes_per_second) * u64::from(window)
    }
}
