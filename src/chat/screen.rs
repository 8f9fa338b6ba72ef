//! What is written to standard output: lines for people, frames for scripts.

use std::io::Write;

use chrono::{DateTime, Local};
use serde_json::{Value, json};

use super::book::Change;
use super::frames::{Message, Room};
use super::voice::Voice;

/// Standard output.
pub(super) struct Screen {
    pub(super) voice: Voice,
    /// For a script: one JSON object per line.
    pub(super) is_json: bool,
    /// Only what goes wrong is worth a line.
    pub(super) is_quiet: bool,
    /// Nobody reads any more.
    pub(super) is_closed: bool,
}

impl Screen {
    /// A frame, for scripts.
    pub(super) fn frame(&mut self, frame: &str) {
        if self.is_json {
            self.write(frame);
        }
    }

    /// A message: its line, or for scripts its frame.
    pub(super) fn message(&mut self, message: &Message, change: Change, frame: &str) {
        if self.is_json {
            return self.write(frame);
        }
        let said = match change {
            Change::New if message.deleted_at.is_some() => return,
            Change::New => message.content.clone(),
            Change::Edited => self.voice.say("chat-edited", &[("text", &message.content)]),
            Change::Deleted => self.voice.say("chat-deleted", &[]),
            Change::Other => return,
        };
        let name = self.voice.name(&message.user.username);
        let line = line(&message.created_at, &name, &said);
        self.tell(&line);
    }

    /// Old messages, oldest first.
    pub(super) fn history(&mut self, room_id: &str, page: Vec<Value>) {
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

    /// My rooms, those with something unread first.
    pub(super) fn rooms(&mut self, mut rooms: Vec<&Room>, current: &str) {
        rooms.sort_by_key(|room| (room.unread == 0, room.is_direct(), room.name.to_lowercase()));
        for room in rooms {
            let here = if room.id == current { '*' } else { ' ' };
            let name = self.voice.say(
                if room.is_direct() {
                    "chat-direct"
                } else {
                    "chat-room"
                },
                &[("name", &room.name), ("id", &room.id)],
            );
            let mut line = format!("{here} {name}");
            if room.unread > 0 {
                line += &format!(" ({})", room.unread);
            }
            if room.mentions > 0 {
                line += &format!(" @{}", room.mentions);
            }
            self.tell(&line);
        }
    }

    /// A sentence for people.
    pub(super) fn say(&mut self, id: &str, args: &[(&'static str, &str)]) {
        let sentence = self.voice.say(id, args);
        self.tell(format!("-- {sentence}").trim_end());
    }

    /// Something did not work: a sentence for people, an `error` frame for scripts.
    pub(super) fn complain(&mut self, code: &str, sentence: &str) {
        if self.is_json {
            let error = json!({"type": "error", "code": code, "message": sentence});
            return self.write(&error.to_string());
        }
        self.write(&format!("-- {}", clean(sentence)));
    }

    /// A line for people.
    pub(super) fn tell(&mut self, line: &str) {
        if !self.is_json && !self.is_quiet {
            self.write(&clean(line));
        }
    }

    fn write(&mut self, line: &str) {
        let mut out = std::io::stdout().lock();
        let written = writeln!(out, "{line}").and_then(|()| out.flush());
        self.is_closed |= written.is_err();
    }
}

/// `[time] name: text`, later lines of the text indented.
fn line(created_at: &str, name: &str, text: &str) -> String {
    let time = match DateTime::parse_from_rfc3339(created_at) {
        Ok(time) => {
            let (time, now) = (time.with_timezone(&Local), Local::now());
            let is_today = time.date_naive() == now.date_naive();
            let form = if is_today { "%H:%M" } else { "%Y-%m-%d %H:%M" };
            time.format(form).to_string()
        }
        Err(_) => String::new(),
    };
    format!("[{time}] {name}: {}", text.replace('\n', "\n    "))
}

/// What a terminal would obey instead of showing is not let through.
fn clean(text: &str) -> String {
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
    fn a_terminal_is_told_nothing_but_text() {
        assert_eq!(clean("a\u{1b}[2Jb\tc\n"), "a\u{fffd}[2Jb\tc\n");
        let line = line("2020-02-03T12:00:00.000Z", "lin", "one\ntwo");
        assert!(line.starts_with("[2020-02-0"), "{line}");
        assert!(line.ends_with("] lin: one\n    two"), "{line}");
    }
}
