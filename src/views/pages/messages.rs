//! `rooms/_messages.html`: a range of a room's history, the same for all readers.

use chrono::{DateTime, TimeDelta, Utc};
use serde::Serialize;

use crate::protocol;
use crate::views::display_preferences::DisplayPreferences;
use crate::views::layout::DisplayUser;
use crate::views::templates::View;

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
    message: protocol::Message,
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

impl View for MessageList {
    const TEMPLATE: &'static str = "rooms/_messages.html";
}

impl MessageList {
    /// Makes the view of messages in ascending order.
    pub fn new(
        display: DisplayPreferences,
        room_id: i64,
        messages: Vec<protocol::Message>,
    ) -> Self {
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
    fn after(
        display: DisplayPreferences,
        before: Option<&Self>,
        message: protocol::Message,
    ) -> Self {
        let (day, time) = (
            message.created_at[..10].to_owned(),
            display.time(&message.created_at),
        );
        let new_day = before.is_none_or(|before| before.day != day);
        let continued = !new_day
            && before.is_some_and(
                |Self {
                     message: before, ..
                 }| {
                    before.user.id == message.user.id
                        && before.deleted_at.is_none()
                        && elapsed(&before.created_at, &message.created_at)
                            .is_some_and(|time| time < GROUP_WITHIN)
                },
            );
        Self {
            author: DisplayUser::localized(display.locale, &message.user),
            message,
            time,
            day,
            new_day,
            continued,
        }
    }
}

fn elapsed(earlier: &str, later: &str) -> Option<TimeDelta> {
    let parse = |text| {
        DateTime::parse_from_rfc3339(text)
            .ok()
            .map(|time| time.with_timezone(&Utc))
    };
    Some(parse(later)? - parse(earlier)?)
}
