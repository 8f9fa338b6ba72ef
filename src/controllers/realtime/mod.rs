//! WebSockets and event streams.

pub mod event_streams;
pub mod frame_guard;
pub mod sockets;
