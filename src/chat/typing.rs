//! What the session does with what is typed.

use serde_json::{Value, json};
use tokio::time::Instant;

use super::commands::Command;
use super::frames::Present;
use super::session::{Here, Session, TOGETHER};
use crate::error::{Error, Result};

/// Unread messages that going to a room shows at the most.
const UNREAD_SHOWN: usize = 100;
/// Own messages whose return is recognised.
const OWN: usize = 128;
/// The room that everybody is in.
const LOBBY: &str = "1";

impl Session {
    /// What a line asks for. Answers whether to go on.
    pub(super) async fn obey(&mut self, line: &str) -> Result<bool> {
        match Command::parse(line, self.screen.is_json) {
            Command::Nothing => {}
            Command::Say(text) => self.say("roomId", &self.current.clone(), &text),
            Command::To(to, text) => self.say("to", &to, &text),
            Command::Rooms => self.list_rooms(),
            Command::Join(room) => self.join(&room).await?,
            Command::History(count) => self.history(count).await,
            Command::Who => self.who(),
            Command::Help => {
                let help = self.screen.voice.say("chat-help", &[]);
                self.screen.tell(&help);
            }
            Command::Quit => return Ok(false),
            Command::Raw(frame) => self.pass_on(frame).await,
            Command::Stray(id) => self.refuse_line(id),
            Command::Wrong(id) => self.wrong(id),
        }
        Ok(true)
    }

    /// Reports a script's line that is no JSON object: on standard error for the person, as an `error` frame for the
    /// script. The line itself may be anything, also a secret, and is not repeated.
    fn refuse_line(&mut self, id: &str) {
        self.has_refused_lines = true;
        eprintln!("teahouse: {}", self.screen.voice.say(id, &[]));
        self.wrong(id);
    }

    pub(super) fn wrong(&mut self, id: &str) {
        let sentence = self.screen.voice.say(id, &[]);
        self.screen.complain("bad_frame", &sentence);
    }

    pub(super) fn say(&mut self, key: &str, whom: &str, text: &str) {
        let client_id = self.outbox.say(key, whom, text);
        if self.own.len() == OWN {
            self.own.pop_front();
        }
        self.own.push_back(client_id);
    }

    fn list_rooms(&mut self) {
        if self.screen.is_json {
            let rooms: Vec<Value> = self.book.rooms().map(|room| json!(room)).collect();
            let list = json!({"type": "rooms", "rooms": rooms, "current": self.current});
            return self.screen.frame(&list.to_string());
        }
        self.screen
            .rooms(self.book.rooms().collect(), &self.current);
    }

    /// Goes to a room of mine; an open one that is not is entered by its number.
    pub(super) async fn join(&mut self, typed: &str) -> Result<()> {
        if let Some(room) = self.book.find(typed) {
            let id = room.id.clone();
            self.go_to(&id).await;
            return Ok(());
        }
        let is_number = typed.bytes().all(|c| c.is_ascii_digit());
        let failure = match is_number {
            true => match self.api.enter(typed).await {
                Ok(()) => {
                    // Its `room` frame leads there.
                    self.entering = Some(typed.to_owned());
                    return Ok(());
                }
                Err(failure) => failure,
            },
            false => self.screen.voice.fault("chat-no-room", &[("room", typed)]),
        };
        match failure {
            // Without a room there is nothing to do.
            failure if self.current.is_empty() => Err(failure),
            Error::Unavailable(sentence) => {
                self.screen.complain("not_found", &sentence);
                Ok(())
            }
            other => Err(other),
        }
    }

    /// Talks in a room from now on, and shows what is unread in it.
    pub(super) async fn go_to(&mut self, id: &str) {
        self.entering = None;
        self.here = None;
        self.current = id.to_owned();
        self.view().await;
        let Some(room) = self.book.place(id).map(|place| place.room.clone()) else {
            return;
        };
        let told = [("room", room.name.as_str()), ("topic", room.topic.as_str())];
        self.screen.say("chat-entered", &told);
        let unread = usize::try_from(room.unread).unwrap_or_default();
        if unread > 0 && !self.screen.is_json && !self.is_one_shot {
            self.history(unread.min(UNREAD_SHOWN)).await;
            self.settle_at
                .get_or_insert_with(|| Instant::now() + TOGETHER);
        }
    }

    /// Where to begin when nothing is said about it.
    pub(super) fn first_room(&self) -> Option<String> {
        let lobby = self.book.place(LOBBY).map(|place| place.room.id.clone());
        lobby.or_else(|| self.book.rooms().next().map(|room| room.id.clone()))
    }

    /// The latest messages that are not news: what is to come comes live.
    async fn history(&mut self, count: usize) {
        let Some(place) = self.book.place(&self.current) else {
            return;
        };
        let before = place.shown + 1;
        match self.api.history(&self.current, before, count).await {
            Ok(page) => self.screen.history(&self.current, page),
            Err(Error::Unavailable(sentence)) => self.screen.complain("unavailable", &sentence),
            Err(_) => self.wrong("chat-not-connected"),
        }
    }

    /// `/who`
    pub(super) fn who(&mut self) {
        let voice = self.screen.voice;
        let line = match &self.here {
            None => return self.wrong("chat-not-connected"),
            Some(Here::Count(count)) => {
                let place = self.book.place(&self.current);
                let name = place.map_or("", |place| place.room.name.as_str());
                let count = i64::try_from(*count).unwrap_or(i64::MAX);
                voice.count("chat-here-count", name, count)
            }
            Some(Here::People(people)) => {
                let name = |person: &Present| match person.state.as_str() {
                    "away" => voice.say("chat-away", &[("name", &person.user.username)]),
                    _ => person.user.username.clone(),
                };
                let names: Vec<String> = people.iter().map(name).collect();
                voice.say("chat-here", &[("names", &names.join(", "))])
            }
        };
        self.screen.tell(&format!("-- {line}"));
        let who = match &self.here {
            Some(Here::People(people)) => {
                let names: Vec<&str> = people
                    .iter()
                    .map(|one| one.user.username.as_str())
                    .collect();
                json!({"type": "who", "roomId": self.current, "names": names})
            }
            Some(Here::Count(count)) => {
                json!({"type": "who", "roomId": self.current, "count": count})
            }
            None => return,
        };
        self.screen.frame(&who.to_string());
    }

    /// A script's own frame. A `post` is kept until it is acknowledged; others go out now or not at all.
    pub(super) async fn pass_on(&mut self, mut frame: Value) {
        let Some(kind) = frame["type"].as_str() else {
            return self.refuse_line("chat-not-json");
        };
        if kind == "post" {
            if frame["roomId"].is_null() && frame["to"].is_null() {
                frame["roomId"] = json!(self.current);
            }
            self.outbox.take(frame);
            return;
        }
        if kind == "sync"
            && let Some(room_id) = frame["roomId"].as_str()
        {
            self.book.replay(room_id);
        }
        if !self.send(&frame).await {
            let sentence = self.screen.voice.say("chat-not-connected", &[]);
            self.screen.complain("unavailable", &sentence);
        }
    }
}
