//! Handles input lines.

use serde_json::{Value, json};

use crate::client::{Client, Presence};
use crate::command::Command;
use crate::error::{Error, Result};
use crate::frames::OnlineUser;

/// The most unread messages shown when a room is opened.
const UNREAD_SHOWN_MAX: usize = 100;
/// The number of own messages to remember.
const OWN_MESSAGES_MAX: usize = 128;
/// The room that every user is a member of.
const LOBBY: &str = "1";

impl Client {
    /// Executes a line. Returns `false` to quit.
    pub(crate) async fn handle_line(&mut self, line: &str) -> Result<bool> {
        match Command::parse(line, self.output.is_json) {
            Command::Empty => {}
            Command::Post(text) => self.post("roomId", &self.current.clone(), &text),
            Command::PostTo(to, text) => self.post("to", &to, &text),
            Command::Rooms => self.list_rooms(),
            Command::Join(room) => self.open_or_join(&room).await?,
            Command::History(count) => self.show_history(count).await,
            Command::Who => self.show_presence(),
            Command::Help => {
                let help = self.output.locale.translate("chat-help", &[]);
                self.output.line(&help);
            }
            Command::Quit => return Ok(false),
            Command::Frame(frame) => self.handle_script_frame(frame).await,
            Command::BadLine(id) => self.reject_line(id),
            Command::Misused(id) => self.report_invalid(id),
        }
        Ok(true)
    }

    /// Reports a script's invalid line on standard error and as an `error` frame, without repeating it: it may contain
    /// a secret.
    fn reject_line(&mut self, id: &str) {
        self.has_invalid_lines = true;
        eprintln!("teahouse: {}", self.output.locale.translate(id, &[]));
        self.report_invalid(id);
    }

    fn report_invalid(&mut self, id: &str) {
        self.report("bad_frame", id);
    }

    fn report(&mut self, code: &str, id: &str) {
        let message = self.output.locale.translate(id, &[]);
        self.output.error(code, &message);
    }

    /// Queues a message to a room (`roomId`) or to a user (`to`).
    pub(crate) fn post(&mut self, key: &str, recipient: &str, text: &str) {
        let client_id = self.outbox.push(key, recipient, text);
        if self.own_messages.len() == OWN_MESSAGES_MAX {
            self.own_messages.pop_front();
        }
        self.own_messages.push_back(client_id);
    }

    fn list_rooms(&mut self) {
        if self.output.is_json {
            let rooms: Vec<Value> = self.rooms.iter().map(|room| json!(room)).collect();
            let list = json!({"type": "rooms", "rooms": rooms, "current": self.current});
            return self.output.frame(&list.to_string());
        }
        let rooms = self.rooms.iter().collect();
        self.output.rooms(rooms, &self.current);
    }

    /// Opens a room by name or id. An open room that the user is not a member of is joined by its id.
    ///
    /// # Errors
    /// Only when no room is open yet; else the error is reported.
    pub(crate) async fn open_or_join(&mut self, typed: &str) -> Result<()> {
        if let Some(room) = self.rooms.find(typed) {
            let id = room.id.clone();
            self.open(&id).await;
            return Ok(());
        }
        let is_id = typed.bytes().all(|c| c.is_ascii_digit());
        let joined = match is_id {
            true => self.api.join_room(typed).await,
            false => {
                let locale = self.output.locale;
                Err(locale.error("chat-no-room", &[("room", typed)]))
            }
        };
        match joined {
            // The `room` frame that follows opens it.
            Ok(()) => self.joining = Some(typed.to_owned()),
            Err(Error::Message(message)) if !self.current.is_empty() => {
                self.output.error("not_found", &message);
            }
            Err(error) => return Err(error),
        }
        Ok(())
    }

    /// Makes a room the current one and shows its unread messages.
    pub(crate) async fn open(&mut self, id: &str) {
        self.joining = None;
        self.presence = None;
        self.current = id.to_owned();
        self.send_view().await;
        let Some(room) = self.rooms.get(id).map(|state| state.room.clone()) else {
            return;
        };
        let args = [("room", room.name.as_str()), ("topic", room.topic.as_str())];
        self.output.notice("chat-entered", &args);
        let unread = usize::try_from(room.unread).unwrap_or_default();
        if unread > 0 && !self.output.is_json && !self.is_one_shot {
            self.show_history(unread.min(UNREAD_SHOWN_MAX)).await;
            self.notify_soon();
        }
    }

    pub(crate) async fn open_default_room(&mut self) {
        if let Some(room) = self.default_room() {
            self.open(&room).await;
        }
    }

    /// Returns the id of the Lobby, or of another room.
    pub(crate) fn default_room(&self) -> Option<String> {
        let lobby = self.rooms.get(LOBBY).map(|state| &state.room);
        let room = lobby.or_else(|| self.rooms.iter().next());
        room.map(|room| room.id.clone())
    }

    /// Shows the latest messages that are not new; new ones arrive as frames.
    async fn show_history(&mut self, count: usize) {
        let Some(state) = self.rooms.get(&self.current) else {
            return;
        };
        let before = state.last_seq + 1;
        match self.api.history(&self.current, before, count).await {
            Ok(page) => self.output.history(&self.current, page),
            Err(Error::Message(message)) => self.output.error("unavailable", &message),
            Err(_) => self.report_invalid("chat-not-connected"),
        }
    }

    fn show_presence(&mut self) {
        let locale = self.output.locale;
        let (line, frame) = match &self.presence {
            None => return self.report_invalid("chat-not-connected"),
            Some(Presence::Count(count)) => {
                let state = self.rooms.get(&self.current);
                let room = state.map_or("", |state| state.room.name.as_str());
                let shown = i64::try_from(*count).unwrap_or(i64::MAX);
                (
                    locale.translate_count("chat-here-count", room, shown),
                    json!({"type": "who", "roomId": self.current, "count": count}),
                )
            }
            Some(Presence::Users(users)) => {
                let label = |online: &OnlineUser| {
                    let name = &online.user.username;
                    match online.state.as_str() {
                        "away" => locale.translate("chat-away", &[("name", name)]),
                        _ => name.clone(),
                    }
                };
                let labels: Vec<String> = users.iter().map(label).collect();
                let names = users.iter().map(|online| online.user.username.as_str());
                let names: Vec<&str> = names.collect();
                (
                    locale.translate("chat-here", &[("names", &labels.join(", "))]),
                    json!({"type": "who", "roomId": self.current, "names": names}),
                )
            }
        };
        self.output.line(&format!("-- {line}"));
        self.output.frame(&frame.to_string());
    }

    /// Sends a script's frame: a `post` through the outbox, others at once or not at all.
    async fn handle_script_frame(&mut self, mut frame: Value) {
        let Some(kind) = frame["type"].as_str() else {
            return self.reject_line("chat-not-json");
        };
        if kind == "post" {
            if frame["roomId"].is_null() && frame["to"].is_null() {
                frame["roomId"] = json!(self.current);
            }
            self.outbox.push_frame(frame);
            return;
        }
        if kind == "sync"
            && let Some(room_id) = frame["roomId"].as_str()
        {
            self.rooms.replay(room_id);
        }
        if !self.send(&frame).await {
            self.report("unavailable", "chat-not-connected");
        }
    }
}
