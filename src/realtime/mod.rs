//! Live messages: frames, the writer that stores them, the hub that delivers them. Pure tokio: what is stored, and
//! where, is behind the traits of [`store`]; what carries the bytes is behind [`subscriber::Seat`].
//!
//! ```text
//! connection ─→ Writer ─ one transaction, many messages ─→ Hub ─ one hand-over per worker ─→ Desk ─→ Seats
//! ```

pub mod change_poller;
pub mod connected_sessions;
pub mod connection;
pub mod connection_limiter;
pub mod event_stream;
pub mod frames;
pub mod hub;
pub mod metrics;
pub mod presence;
pub mod rate_limit;
mod send_queue;
pub mod service;
pub mod store;
pub mod subscriber;
mod subscription;
pub mod websocket;
pub mod worker_hub;
pub mod writer;

#[cfg(test)]
mod tests;
