//! Realtime messaging: protocol frames, the writer that stores messages, and the hub that delivers them. Independent of
//! HTTP and the database: storage is behind the traits of [`store`], sockets read from [`subscriber::Subscriber`].
//!
//! ```text
//! connection ─→ Writer ─ one transaction, many messages ─→ Hub ─ one command per worker ─→ WorkerHub ─→ Subscribers
//! ```

pub mod change_poller;
pub mod connected_sessions;
pub mod connection;
pub mod connection_limiter;
pub mod event_stream;
pub mod hub;
pub mod metrics;
pub mod presence;
pub mod rate_limit;
mod send_queue;
pub mod service;
pub mod store;
pub mod subscriber;
pub mod worker_hub;
pub mod writer;

#[cfg(test)]
mod tests;
