//! HTTP/1.1 connections below the application: time-outs, limits of anonymous connections, and upgrades.
//!
//! HTTP waits for a peer that stops reading for as long as the peer likes, with a file descriptor and buffers. So each
//! connection has a [`Connection`] beside it, which records reads and writes and can close it from outside. One timer per
//! worker checks the time-outs of all its connections once a second.

mod anonymous_limiter;
mod connection;
mod connection_table;
mod error_response;
mod eviction_queue;
mod server;
mod stream;
mod termination;
mod timeouts;
mod trusted_proxies;
mod upgraded;

pub use anonymous_limiter::{AnonymousGuard, AnonymousLimiter, ip_prefix};
pub use connection::Connection;
pub use server::{ServerOptions, serve};
pub use timeouts::Timeouts;
pub use trusted_proxies::TrustedProxies;
