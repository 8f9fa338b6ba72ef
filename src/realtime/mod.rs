//! Live messages: frames, the writer that stores them, the hub that delivers them. Pure tokio: what is stored, and
//! where, is behind the traits of [`store`]; what carries the bytes is behind [`desk::Seat`].
//!
//! ```text
//! connection ─→ Writer ─ one transaction, many messages ─→ Hub ─ one hand-over per worker ─→ Desk ─→ Seats
//! ```

pub mod connection;
pub mod desk;
pub mod events;
pub mod frames;
pub mod hub;
pub mod live;
pub mod presence;
pub mod store;
pub mod throttle;
pub mod writer;
