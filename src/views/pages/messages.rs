//! `rooms/_messages.html`: a range of a room's history, the same for all readers.

use chrono::{DateTime, TimeDelta};
use serde::Serialize;

use crate::protocol::Message;
use crate::views::display_preferences::DisplayPreferences;
use crate::views::layout::DisplayUser;

/// Consecutive messages of one author within this time are grouped.
const GROUP_WITHIN: TimeDelta = TimeDelta::minutes(5);

/// A range of messages, oldest first.
#[derive(Debug, Serialize)]
pub struct MessageList {
    lang: &'static str,
    assets: &'static str,
    room_id: String,
    messages: Vec<MessageItem>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct MessageItem {
    #[serde(flatten)]
    message: Message,
    author: DisplayUser,
    /// UTC, such as `19:04`.
    time: String,
    /// UTC, such as `2026-11-20`.
    day: String,
    /// Whether it is the first message of its day in this list.
    new_day: bool,
    /// Whether it is grouped with the previous message.
    continued: bool,
}

impl MessageList {
    /// Makes the view of messages in ascending order.
    pub fn new(display: DisplayPreferences, room_id: i64, messages: Vec<Message>) -> Self {
        let mut items: Vec<MessageItem> = Vec::with_capacity(messages.len());
        for message in messages {
            let item = MessageItem::after(display, items.last(), message);
            items.push(item);
        }
        Self {
            lang: display.locale.tag(),
            assets: crate::views::assets::prefix(),
            room_id: room_id.to_string(),
            messages: items,
        }
    }
}

impl MessageItem {
    fn after(display: DisplayPreferences, previous: Option<&Self>, message: Message) -> Self {
        let day = message.created_at[..10].to_owned();
        let same_day = previous.filter(|previous| previous.day == day);
        Self {
            author: DisplayUser::localized(display.locale, &message.user),
            time: display.time(&message.created_at),
            new_day: same_day.is_none(),
            continued: same_day.is_some_and(|previous| is_continued(&previous.message, &message)),
            day,
            message,
        }
    }
}

fn is_continued(previous: &Message, message: &Message) -> bool {
    let time = |message: &Message| DateTime::parse_from_rfc3339(&message.created_at);
    let is_close = match (time(previous), time(message)) {
        (Ok(earlier), Ok(later)) => later - earlier < GROUP_WITHIN,
        _ => false,
    };
    is_close && previous.user.id == message.user.id && previous.deleted_at.is_none()
}
