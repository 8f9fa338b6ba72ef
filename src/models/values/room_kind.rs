//! Kinds of rooms.

use super::text_column::text_enum;

text_enum! {
    /// Kind of a room.
    pub enum RoomKind {
        /// Any user may read and join the room.
        Open = "open",
        /// Only members may read the room.
        Closed = "closed",
        /// The only room of a fixed set of users.
        Direct = "direct",
    }
}
