//! Notification levels.

use super::text_column::text_enum;

text_enum! {
    /// What a member is notified of in a room.
    pub enum NotificationLevel {
        /// Every message. Default in direct rooms.
        Everything = "everything",
        /// Messages that mention the member. Default in other rooms.
        Mentions = "mentions",
        /// No message.
        Nothing = "nothing",
        /// No message; the room is also hidden from the sidebar.
        Hidden = "hidden",
    }
}
