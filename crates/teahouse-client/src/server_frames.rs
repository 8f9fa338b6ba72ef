//! Handles frames from the server.

use std::time::Duration;

use serde_json::json;
use tokio::time::Instant;

use crate::client::{Client, Presence};
use crate::error::{Error, Result};
use crate::frames::{Frame, Room, User};
use crate::room_state::{Action, Change, Received};

/// How long after a temporary error the refused frame is repeated.
const RETRY_DELAY: Duration = Duration::from_secs(1);

impl Client {
    pub(crate) async fn handle_frame(&mut self, text: String) -> Result<()> {
        let frame = serde_json::from_str(&text).unwrap_or(Frame::Other);
        // Scripts get messages in order and without gaps, and only errors that are not retried.
        let is_passed_on_later = matches!(frame, Frame::Message(_) | Frame::Error { .. });
        let is_wanted = !self.is_one_shot || matches!(frame, Frame::Ack { .. });
        if !is_passed_on_later && is_wanted {
            self.output.frame(&text);
        }
        match frame {
            Frame::Hello { user, epoch, rooms } => self.handle_hello(user, epoch, rooms).await?,
            Frame::Ack { client_id, .. } => self.handle_ack(&client_id),
            Frame::Error {
                code,
                message,
                client_id,
                room_id,
            } => {
                let client_id = client_id.as_deref();
                let is_sync = room_id.is_some() && client_id.is_none() && self.rooms.is_syncing();
                self.handle_error(&text, &code, &message, client_id, is_sync)?;
            }
            Frame::Message(message) => {
                let room_id = message.room_id.clone();
                let frame = text;
                match self.rooms.receive(Received { message, frame }) {
                    Action::Show(received, change) => self.show(&received, change),
                    Action::Sync(ver) => self.sync(&room_id, ver).await,
                    Action::Nothing => {}
                }
            }
            Frame::Synced { room_id, ver, more } => self.handle_synced(&room_id, ver, more).await,
            Frame::Resync { room_id } => self.rooms.resync(&room_id),
            Frame::Presence {
                room_id,
                online,
                count,
            } if room_id == self.current => {
                self.presence = Some(count.map_or(Presence::Users(online), Presence::Count));
            }
            Frame::Read { room_id, position } => self.rooms.set_read_position(&room_id, position),
            Frame::Room { room } => self.handle_room(room).await,
            Frame::Removed { room_id } => self.handle_removed(&room_id).await,
            Frame::Invitation { room, inviter } if !self.is_one_shot => self.output.notice(
                "chat-invitation",
                &[("name", &inviter.username), ("room", &room.name)],
            ),
            Frame::Presence { .. } | Frame::Invitation { .. } | Frame::Other => {}
        }
        Ok(())
    }

    async fn handle_hello(&mut self, user: User, epoch: String, rooms: Vec<Room>) -> Result<()> {
        let name = user.username.clone();
        for (room_id, ver) in self.rooms.hello(user, epoch, rooms) {
            self.sync(&room_id, ver).await;
        }
        match self.current.is_empty() {
            true => self.start(&name).await,
            false => self.resume().await,
        }
    }

    /// Opens the first room after the first `hello`.
    async fn start(&mut self, username: &str) -> Result<()> {
        self.output.notice("chat-welcome", &[("name", username)]);
        if let Some((Some(to), text)) = self.one_shot.take_if(|(to, _)| to.is_some()) {
            self.current = self.default_room().unwrap_or_default();
            self.post("to", &to, &text);
            return Ok(());
        }
        match self.first_room.clone() {
            Some(room) => self.open_or_join(&room).await?,
            None => self.open_default_room().await,
        }
        for room in self.rooms.iter() {
            if room.unread > 0 && room.id != self.current {
                self.unannounced.insert(room.id.clone());
            }
        }
        self.notify_soon();
        self.post_one_shot();
        Ok(())
    }

    /// Restores the view after the connection was reopened.
    async fn resume(&mut self) -> Result<()> {
        self.output.notice("chat-back", &[]);
        if self.rooms.get(&self.current).is_none() {
            self.open_default_room().await;
        }
        if let Some(room) = self.joining.take() {
            return self.open_or_join(&room).await;
        }
        self.send_view().await;
        Ok(())
    }

    /// Queues the message of `--say` once a room is open.
    fn post_one_shot(&mut self) {
        if self.current.is_empty() {
            return;
        }
        if let Some((_, text)) = self.one_shot.take() {
            self.post("roomId", &self.current.clone(), &text);
        }
    }

    fn handle_ack(&mut self, client_id: &str) {
        if let Some(post) = self.outbox.complete(client_id)
            && let Some(to) = post.to
        {
            self.output.notice("chat-delivered", &[("name", &to)]);
        }
    }

    /// Retries later what failed temporarily, and reports other errors. `is_sync` tells that a `sync` may have failed.
    fn handle_error(
        &mut self,
        frame: &str,
        code: &str,
        message: &str,
        client_id: Option<&str>,
        is_sync: bool,
    ) -> Result<()> {
        let is_temporary = matches!(code, "unavailable" | "rate_limited");
        let is_own_post = client_id.is_some_and(|id| self.outbox.is_awaiting(id));
        if is_temporary && (is_own_post || is_sync) {
            self.retry_at
                .get_or_insert_with(|| Instant::now() + RETRY_DELAY);
            return Ok(());
        }
        if let Some(client_id) = client_id {
            self.outbox.complete(client_id);
        }
        let args = [("message", message)];
        let message = self.output.locale.translate("chat-refused", &args);
        if self.is_one_shot {
            return Err(Error::Message(message));
        }
        match self.output.is_json {
            true => self.output.frame(frame),
            false => self.output.error(code, &message),
        }
        Ok(())
    }

    /// Requests the changes of a room after `ver`.
    pub(crate) async fn sync(&self, room_id: &str, ver: i64) {
        let frame = json!({"type": "sync", "roomId": room_id, "ver": ver});
        self.send(&frame).await;
    }

    async fn handle_synced(&mut self, room_id: &str, ver: i64, more: bool) {
        let (mut changes, next) = self.rooms.synced(room_id, ver, more);
        if !self.output.is_json {
            // Users read new messages in order, then the edits of earlier ones.
            changes.sort_by_key(|(received, change)| (*change, received.message.seq));
        }
        for (received, change) in changes {
            self.show(&received, change);
        }
        if let Some(ver) = next {
            self.sync(room_id, ver).await;
        }
    }

    fn show(&mut self, received: &Received, change: Change) {
        let message = &received.message;
        if self.is_one_shot {
            return;
        }
        if self.output.is_json {
            return self.output.message(message, change, &received.frame);
        }
        let is_current = message.room_id == self.current;
        let is_echoed = self.is_echoing && self.own_messages.contains(&message.client_id);
        if is_current && !(is_echoed && change == Change::New) {
            self.output.message(message, change, &received.frame);
        } else if !is_current && change == Change::New && !self.rooms.is_me(&message.user) {
            self.unannounced.insert(message.room_id.clone());
        }
        self.notify_soon();
    }

    async fn handle_room(&mut self, room: Room) {
        let id = room.id.clone();
        if let Some(ver) = self.rooms.update(room) {
            self.sync(&id, ver).await;
        }
        if self.joining.as_ref() == Some(&id) {
            self.open(&id).await;
            self.post_one_shot();
        }
    }

    async fn handle_removed(&mut self, room_id: &str) {
        if let Some(room) = self.rooms.remove(room_id) {
            self.output.notice("chat-removed", &[("room", &room.name)]);
        }
        if room_id == self.current {
            self.open_default_room().await;
        }
    }

    /// Writes a line for each other room with new messages.
    pub(crate) fn announce_rooms(&mut self) {
        for id in std::mem::take(&mut self.unannounced) {
            if let Some(state) = self.rooms.get(&id).filter(|_| id != self.current) {
                let (name, unread) = (&state.room.name, state.room.unread);
                let locale = self.output.locale;
                let line = locale.translate_count("chat-unread", name, unread);
                self.output.line(&format!("-- {line}"));
            }
        }
    }

    /// Marks as read what the terminal has shown of the current room. Scripts send `read` themselves.
    pub(crate) async fn mark_read(&mut self) {
        let state = self.rooms.get(&self.current);
        let Some(state) = state.filter(|state| state.room.unread > 0) else {
            return;
        };
        if !self.output.is_json && !self.is_one_shot {
            let frame = json!({"type": "read", "roomId": self.current, "seq": state.last_seq});
            self.send(&frame).await;
        }
    }

    /// Tells the server which room is viewed; the response is a `presence` frame.
    pub(crate) async fn send_view(&self) {
        if !self.is_one_shot {
            self.send(&json!({"type": "view", "roomId": self.current}))
                .await;
        }
    }
}
