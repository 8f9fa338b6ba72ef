//! What the session does with the server's frames.

use serde_json::json;
use std::time::Duration;
use tokio::time::Instant;

use super::book::{Change, Heard, Outcome};
use super::frames::{Frame, Room, User};
use super::session::{Here, Session, TOGETHER};
use crate::error::{Error, Result};

/// What was refused for now is tried again after so long.
const RETRY: Duration = Duration::from_secs(1);

impl Session {
    /// A frame came.
    pub(super) async fn hear(&mut self, text: String) -> Result<()> {
        let frame = serde_json::from_str(&text).unwrap_or(Frame::Other);
        // Messages are passed on in their turn, errors when they are final.
        if !matches!(frame, Frame::Message(_) | Frame::Error { .. }) {
            let is_wanted = !self.is_one_shot || matches!(frame, Frame::Ack { .. });
            if is_wanted {
                self.screen.frame(&text);
            }
        }
        match frame {
            Frame::Hello { user, epoch, rooms } => self.hello(user, epoch, rooms).await?,
            Frame::Ack { client_id, .. } => self.acknowledged(&client_id),
            Frame::Error {
                code,
                message,
                client_id,
                room_id,
            } => self.refused(&text, &code, &message, client_id, room_id)?,
            Frame::Message(message) => {
                let room_id = message.room_id.clone();
                let frame = text;
                match self.book.hear(Heard { message, frame }) {
                    Outcome::Show(heard, change) => self.show(&heard, change),
                    Outcome::Ask(ver) => self.sync(&room_id, ver).await,
                    Outcome::Nothing => {}
                }
            }
            Frame::Synced { room_id, ver, more } => self.synced(&room_id, ver, more).await,
            Frame::Resync { room_id } => self.book.resync(&room_id),
            Frame::Presence {
                room_id,
                online,
                count,
            } if room_id == self.current => {
                self.here = Some(count.map_or(Here::People(online), Here::Count));
            }
            Frame::Read { room_id, mark } => self.book.mark(&room_id, mark),
            Frame::Room { room } => self.met(room).await,
            Frame::Removed { room_id } => self.removed(&room_id).await,
            Frame::Invitation { room, inviter } if !self.is_one_shot => self.screen.say(
                "chat-invitation",
                &[("name", &inviter.username), ("room", &room.name)],
            ),
            Frame::Presence { .. } | Frame::Invitation { .. } | Frame::Other => {}
        }
        Ok(())
    }

    async fn hello(&mut self, user: User, epoch: String, rooms: Vec<Room>) -> Result<()> {
        let name = user.username.clone();
        for (room_id, ver) in self.book.hello(user, epoch, rooms) {
            self.sync(&room_id, ver).await;
        }
        if !self.current.is_empty() {
            self.screen.say("chat-back", &[]);
            if self.book.place(&self.current).is_none() {
                self.go_home().await;
            }
            if let Some(room) = self.entering.take() {
                return self.join(&room).await;
            }
            self.view().await;
            return Ok(());
        }
        self.screen.say("chat-welcome", &[("name", &name)]);
        if let Some((Some(to), text)) = self.one_shot.take_if(|(to, _)| to.is_some()) {
            self.current = self.first_room().unwrap_or_default();
            self.say("to", &to, &text);
            return Ok(());
        }
        match self.start.clone() {
            Some(room) => self.join(&room).await?,
            None => self.go_home().await,
        }
        for room in self.book.rooms() {
            if room.unread > 0 && room.id != self.current {
                self.rung.insert(room.id.clone());
            }
        }
        self.settle_soon();
        self.begin_one_shot();
        Ok(())
    }

    /// Once there is a room, `--say` says it.
    fn begin_one_shot(&mut self) {
        if self.current.is_empty() {
            return;
        }
        if let Some((_, text)) = self.one_shot.take() {
            self.say("roomId", &self.current.clone(), &text);
        }
    }

    async fn go_home(&mut self) {
        if let Some(room) = self.first_room() {
            self.go_to(&room).await;
        }
    }

    fn acknowledged(&mut self, client_id: &str) {
        if let Some(post) = self.outbox.settle(client_id)
            && let Some(to) = post.to
        {
            self.screen.say("chat-delivered", &[("name", &to)]);
        }
    }

    fn refused(
        &mut self,
        text: &str,
        code: &str,
        message: &str,
        client_id: Option<String>,
        room_id: Option<String>,
    ) -> Result<()> {
        let is_for_now = matches!(code, "unavailable" | "rate_limited");
        let client_id = client_id.as_deref();
        let is_ours = client_id.is_some_and(|id| self.outbox.is_waiting_for(id));
        let is_catching_up = room_id.is_some() && client_id.is_none() && self.book.is_catching_up();
        if is_for_now && (is_ours || is_catching_up) {
            self.retry_at.get_or_insert_with(|| Instant::now() + RETRY);
            return Ok(());
        }
        if let Some(client_id) = client_id {
            self.outbox.settle(client_id);
        }
        let voice = self.screen.voice;
        let sentence = voice.say("chat-refused", &[("message", message)]);
        if self.is_one_shot {
            return Err(Error::Unavailable(sentence));
        }
        match self.screen.is_json {
            true => self.screen.frame(text),
            false => self.screen.complain(code, &sentence),
        }
        Ok(())
    }

    /// Asks for what changed in a room.
    pub(super) async fn sync(&self, room_id: &str, ver: i64) {
        let frame = json!({"type": "sync", "roomId": room_id, "ver": ver});
        self.send(&frame).await;
    }

    async fn synced(&mut self, room_id: &str, ver: i64, more: bool) {
        let (mut news, next) = self.book.synced(room_id, ver, more);
        if !self.screen.is_json {
            // People read in the order in which things were said; then what changed in older ones.
            news.sort_by_key(|(heard, change)| (*change, heard.message.seq));
        }
        for (heard, change) in news {
            self.show(&heard, change);
        }
        if let Some(ver) = next {
            self.sync(room_id, ver).await;
        }
    }

    fn show(&mut self, heard: &Heard, change: Change) {
        let message = &heard.message;
        if self.is_one_shot {
            return;
        }
        if self.screen.is_json {
            return self.screen.message(message, change, &heard.frame);
        }
        let is_here = message.room_id == self.current;
        let is_typed_here = self.is_echoed && self.own.contains(&message.client_id);
        if is_here && !(is_typed_here && change == Change::New) {
            self.screen.message(message, change, &heard.frame);
        } else if !is_here && change == Change::New && !self.book.is_me(&message.user) {
            self.rung.insert(message.room_id.clone());
        }
        self.settle_soon();
    }

    fn settle_soon(&mut self) {
        self.settle_at
            .get_or_insert_with(|| Instant::now() + TOGETHER);
    }

    /// A room appeared or changed.
    async fn met(&mut self, room: Room) {
        let id = room.id.clone();
        if let Some(ver) = self.book.meet(room) {
            self.sync(&id, ver).await;
        }
        if self.entering.as_ref() == Some(&id) {
            self.go_to(&id).await;
            self.begin_one_shot();
        }
    }

    async fn removed(&mut self, room_id: &str) {
        if let Some(room) = self.book.forget(room_id) {
            self.screen.say("chat-removed", &[("room", &room.name)]);
        }
        if room_id == self.current {
            self.go_home().await;
        }
    }

    /// Rooms elsewhere with something new.
    pub(super) fn announce(&mut self) {
        for id in std::mem::take(&mut self.rung) {
            if let Some(place) = self.book.place(&id).filter(|_| id != self.current) {
                let (name, unread) = (&place.room.name, place.room.unread);
                let line = self.screen.voice.count("chat-unread", name, unread);
                self.screen.tell(&format!("-- {line}"));
            }
        }
    }

    /// What the terminal showed is read. What a script reads, it says itself.
    pub(super) async fn mark_read(&mut self) {
        let place = self.book.place(&self.current);
        let Some(place) = place.filter(|place| place.room.unread > 0) else {
            return;
        };
        if !self.screen.is_json && !self.is_one_shot {
            let seq = place.shown;
            self.send(&json!({"type": "read", "roomId": self.current, "seq": seq}))
                .await;
        }
    }

    /// Tells the server which room is looked at; it answers who is there.
    pub(super) async fn view(&self) {
        if !self.is_one_shot {
            self.send(&json!({"type": "view", "roomId": self.current}))
                .await;
        }
    }
}
