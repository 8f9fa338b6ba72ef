//! The plain data that clients, the realtime layer and the database share. It imports nothing else of this crate.

pub mod commands;
pub mod frames;
mod text_enum;
mod types;
pub mod websocket;

pub(crate) use self::text_enum::text_enum;
pub use self::types::{
    ClientLimits, ErrorCode, Id, Invitation, InvitedRoom, Message, NotificationLevel, OnlineUser,
    PresenceState, Room, RoomKind, User,
};
