//! Standard output: lines for users, frames for scripts.

use std::io::Write;

use chrono::{DateTime, Local};
use serde_json::{Value, json};

use crate::frames::{Message, Room};
use crate::locale::Locale;
use crate::room_state::Change;

/// Writes to standard output.
pub(crate) struct Output {
    pub(crate) locale: &'static Locale,
    /// For a script: one JSON object per line.
    pub(crate) is_json: bool,
    /// Only errors are written.
    pub(crate) is_quiet: bool,
    /// The reader has closed the pipe.
    pub(crate) is_closed: bool,
}

impl Output {
    /// Writes a frame for scripts.
    pub(crate) fn frame(&mut self, frame: &str) {
        if self.is_json {
            self.write(frame);
        }
    }

    /// Writes a message: its line for users, its frame for scripts.
    pub(crate) fn message(&mut self, message: &Message, change: Change, frame: &str) {
        if self.is_json {
            return self.write(frame);
        }
        let text = match change {
            Change::New if message.deleted_at.is_some() => return,
            Change::New => message.content.clone(),
            Change::Edited => {
                let args = [("text", message.content.as_str())];
                self.locale.translate("chat-edited", &args)
            }
            Change::Deleted => self.locale.translate("chat-deleted", &[]),
            Change::Other => return,
        };
        let name = self.locale.display_name(&message.user.username);
        let line = message_line(&message.created_at, &name, &text);
        self.line(&line);
    }

    /// Writes a page of history, oldest message first.
    pub(crate) fn history(&mut self, room_id: &str, page: Vec<Value>) {
        if self.is_json {
            let page = json!({"type": "history", "roomId": room_id, "messages": page});
            return self.write(&page.to_string());
        }
        for message in page {
            if let Ok(message) = serde_json::from_value::<Message>(message) {
                let change = match message.edited_at {
                    Some(_) if message.deleted_at.is_none() => Change::Edited,
                    _ => Change::New,
                };
                self.message(&message, change, "");
            }
        }
    }

    /// Writes a line per room; those with unread messages come first.
    pub(crate) fn rooms(&mut self, mut rooms: Vec<&Room>, current: &str) {
        rooms.sort_by_key(|room| (room.unread == 0, room.is_direct(), room.name.to_lowercase()));
        for room in rooms {
            let marker = if room.id == current { '*' } else { ' ' };
            let id = match room.is_direct() {
                true => "chat-direct",
                false => "chat-room",
            };
            let args = [("name", room.name.as_str()), ("id", &room.id)];
            let mut line = format!("{marker} {}", self.locale.translate(id, &args));
            if room.unread > 0 {
                line += &format!(" ({})", room.unread);
            }
            if room.mentions > 0 {
                line += &format!(" @{}", room.mentions);
            }
            self.line(&line);
        }
    }

    /// Writes a translated notice for users.
    pub(crate) fn notice(&mut self, id: &str, args: &[(&'static str, &str)]) {
        let notice = self.locale.translate(id, args);
        self.line(format!("-- {notice}").trim_end());
    }

    /// Writes an error: a notice for users, an `error` frame for scripts.
    pub(crate) fn error(&mut self, code: &str, message: &str) {
        if self.is_json {
            let error = json!({"type": "error", "code": code, "message": message});
            return self.write(&error.to_string());
        }
        self.write(&format!("-- {}", sanitize(message)));
    }

    /// Writes a line for users.
    pub(crate) fn line(&mut self, line: &str) {
        if !self.is_json && !self.is_quiet {
            self.write(&sanitize(line));
        }
    }

    fn write(&mut self, line: &str) {
        let mut out = std::io::stdout().lock();
        let written = writeln!(out, "{line}").and_then(|()| out.flush());
        self.is_closed |= written.is_err();
    }
}

/// Returns `[time] name: text`; further lines of the text are indented.
fn message_line(created_at: &str, name: &str, text: &str) -> String {
    let time = match DateTime::parse_from_rfc3339(created_at) {
        Ok(time) => {
            let (time, now) = (time.with_timezone(&Local), Local::now());
            let is_today = time.date_naive() == now.date_naive();
            let format = if is_today { "%H:%M" } else { "%Y-%m-%d %H:%M" };
            time.format(format).to_string()
        }
        Err(_) => String::new(),
    };
    format!("[{time}] {name}: {}", text.replace('\n', "\n    "))
}

/// Replaces control characters, which a terminal would execute.
fn sanitize(text: &str) -> String {
    text.chars()
        .map(|c| match c {
            '\n' | '\t' => c,
            _ if c.is_control() => '\u{fffd}',
            _ => c,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_characters_are_replaced_and_further_lines_indented() {
        assert_eq!(sanitize("a\u{1b}[2Jb\tc\n"), "a\u{fffd}[2Jb\tc\n");
        let line = message_line("2020-02-03T12:00:00.000Z", "lin", "one\ntwo");
        assert!(line.starts_with("[2020-02-0"), "{line}");
        assert!(line.ends_with("] lin: one\n    two"), "{line}");
    }
}
