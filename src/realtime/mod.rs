//! Live messages: frames, the writer that stores them, the hub that delivers them. Pure tokio: what is stored, and
//! where, is behind the traits of [`store`]; what carries the bytes is behind [`seat::Seat`].
//!
//! ```text
//! connection ─→ Writer ─ one transaction, many messages ─→ Hub ─ one hand-over per worker ─→ Desk ─→ Seats
//! ```

pub mod connection;
pub mod desk;
pub mod events;
pub mod figures;
mod following;
pub mod frames;
pub mod hub;
pub mod live;
mod mending;
pub mod news;
mod outbound;
pub mod parcels;
mod place;
pub mod presence;
pub mod seat;
pub mod served;
pub mod store;
pub mod throttle;
pub mod turnstile;
pub mod watch;
pub mod wire;
pub mod writer;

#[cfg(test)]
mod tests;
