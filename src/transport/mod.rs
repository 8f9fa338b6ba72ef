//! Connections themselves, below HTTP: how long each may take, and how it is ended for certain.
//!
//! A connection whose peer takes nothing keeps its file descriptor and its buffers for as long as it likes: HTTP only
//! waits. So each has a [`line::Line`], which notices what happens where bytes are read and written, and can end it
//! from outside. One sweep a second over a worker's lines ([`lines::Lines`]) is all the clock there is.

mod inlet;
pub mod line;
pub mod lines;
pub mod proxies;
mod queue;
mod refusal;
pub mod server;
pub mod strangers;
pub mod stream;
mod upgrade;

/// How long connections may take, in seconds.
#[derive(Debug, Clone, Copy)]
pub struct Patience {
    /// For a request's head.
    pub head: u32,
    /// Between two requests.
    pub idle: u32,
    /// A socket or event stream whose peer takes nothing of what waits for it.
    pub blocked: u32,
    /// The same for any other answer, which somebody may be loading over a very slow line.
    pub stalled: u32,
    /// The least that a peer for whom bytes wait must take, in bytes a second on the average of [`Patience::window`].
    pub least: u32,
    /// Over which that is averaged.
    pub window: u32,
    /// From the decision to end a connection to its end, whatever its peer does.
    pub farewell: u32,
}
