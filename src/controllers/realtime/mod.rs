//! WebSockets and event streams.

mod attach;
pub mod event_streams;
pub mod frame_guard;
pub mod sockets;
