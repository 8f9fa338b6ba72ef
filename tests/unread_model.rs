//! Random operations of three users in two rooms; after each step the server's counts are compared with a recount.

use crate::support::{Person, Socket, Teahouse};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

const NAMES: [&str; 3] = ["mei", "li", "bo"];
const STEPS: u32 = 150;

/// xorshift64*: deterministic for a seed.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        let value = self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33;
        usize::try_from(value).expect("31 bits") % bound
    }
}

struct Posted {
    author: usize,
    mentioned: BTreeSet<usize>,
    is_deleted: bool,
}

#[derive(Default)]
struct Room {
    id: String,
    messages: Vec<Posted>,
    /// Number of messages each member has read.
    read_positions: BTreeMap<usize, usize>,
}

impl Room {
    /// Unread messages and mentions.
    fn recount(&self, who: usize) -> (usize, usize) {
        let unread = self.messages.iter().skip(self.read_positions[&who]);
        let is_unread = |message: &&Posted| message.author != who && !message.is_deleted;
        let unread: Vec<_> = unread.filter(is_unread).collect();
        let mentioned = unread
            .iter()
            .filter(|message| message.mentioned.contains(&who));
        (unread.len(), mentioned.count())
    }

    fn mentioned(&self, whom: Option<usize>) -> BTreeSet<usize> {
        let whom = whom.into_iter();
        whom.filter(|whom| self.read_positions.contains_key(whom))
            .collect()
    }

    fn post(&mut self, author: usize, whom: Option<usize>) {
        let mentioned = self.mentioned(whom);
        let end = self.messages.len();
        let mark = self.read_positions.get_mut(&author).expect("a member");
        if *mark == end {
            *mark += 1;
        }
        self.messages.push(Posted {
            author,
            mentioned,
            is_deleted: false,
        });
    }
}

struct Model {
    people: Vec<Person>,
    sockets: Vec<Socket>,
    rooms: Vec<Room>,
    random: Random,
    step: u32,
}

impl Model {
    /// Performs a random operation and returns its description.
    async fn act(&mut self) -> String {
        self.step += 1;
        let (who, room) = (self.random.below(3), self.random.below(2));
        let is_member = self.rooms[room].read_positions.contains_key(&who);
        match self.random.below(12) {
            0..=4 if is_member => self.post(who, room).await,
            5 if is_member => self.edit(who, room).await,
            6 | 7 if is_member => self.delete(who, room).await,
            8 if is_member => self.read(who, room, false).await,
            9 | 10 if is_member => self.read(who, room, true).await,
            11 if is_member => {
                let id = &self.rooms[room].id;
                assert_eq!(self.people[who].leave(id).await, 303);
                self.rooms[room].read_positions.remove(&who);
                format!("{} leaves {room}", NAMES[who])
            }
            _ if is_member => {
                let marked = self.people[who].submit("post", "/read_marks", &[]).await;
                assert_eq!(marked, 303);
                for room in &mut self.rooms {
                    let end = room.messages.len();
                    room.read_positions
                        .entry(who)
                        .and_modify(|mark| *mark = end);
                }
                format!("{} reads everything", NAMES[who])
            }
            _ => {
                let id = &self.rooms[room].id;
                assert_eq!(self.people[who].join(id).await, 303);
                let end = self.rooms[room].messages.len();
                self.rooms[room].read_positions.insert(who, end);
                format!("{} joins {room}", NAMES[who])
            }
        }
    }

    /// A text and the user it mentions.
    fn text(&mut self) -> (String, Option<usize>) {
        let whom = self.random.below(6);
        let whom = (whom < NAMES.len()).then_some(whom);
        let name = whom.map_or(String::new(), |whom| format!(" @{}", NAMES[whom]));
        (format!("{}{name}", self.step), whom)
    }

    async fn post(&mut self, who: usize, room: usize) -> String {
        let (text, whom) = self.text();
        let id = self.rooms[room].id.clone();
        if self.random.below(2) == 0 {
            self.people[who].say_in(&id, &text).await;
        } else {
            let socket = &mut self.sockets[who];
            let client_id = socket.post(&id, &text).await;
            let is_mine = |ack: &Value| ack["clientId"] == *client_id;
            socket.expect_where("ack", is_mine).await;
        }
        self.rooms[room].post(who, whom);
        format!("{} posts {text:?} in {room}", NAMES[who])
    }

    async fn edit(&mut self, who: usize, room: usize) -> String {
        let (text, whom) = self.text();
        let mentioned = self.rooms[room].mentioned(whom);
        let Room { id, messages, .. } = &mut self.rooms[room];
        let mut mine = messages.iter_mut().enumerate();
        let mine = mine.rfind(|(_, message)| message.author == who && !message.is_deleted);
        let Some((at, message)) = mine else {
            return "nothing".to_owned();
        };
        let seq = i64::try_from(at).expect("few") + 1;
        assert_eq!(self.people[who].edit(id, seq, &text).await.0, 200);
        message.mentioned = mentioned;
        format!("{} edits {seq} in {room}: {text:?}", NAMES[who])
    }

    /// Mei, the admin, may delete any message, others only their own; the message may be deleted already.
    async fn delete(&mut self, who: usize, room: usize) -> String {
        let Room { id, messages, .. } = &mut self.rooms[room];
        if messages.is_empty() {
            return "nothing".to_owned();
        }
        let at = messages.len() - 1 - self.random.below(messages.len().min(8));
        let message = &mut messages[at];
        let seq = i64::try_from(at).expect("few") + 1;
        let status = self.people[who].delete_message(id, seq).await;
        if message.author == who || who == 0 {
            assert_eq!(status, 204);
            message.is_deleted = true;
            message.mentioned.clear();
        } else {
            assert_eq!(status, 403);
        }
        format!("{} deletes {seq} in {room}: {status}", NAMES[who])
    }

    /// Moves the read position forward or sets it back; the `read` frame contains the counts.
    async fn read(&mut self, who: usize, room: usize, unread: bool) -> String {
        let end = self.rooms[room].messages.len();
        let at = self.random.below(end + 2);
        let state = &mut self.rooms[room];
        let mark = state.read_positions.get_mut(&who).expect("a member");
        *mark = match unread {
            true => at.saturating_sub(1).min(end),
            false => at.min(end).max(*mark),
        };
        let (unread_count, mentions) = state.recount(who);
        let expected = (state.read_positions[&who], unread_count, mentions);
        let socket = &mut self.sockets[who];
        socket.discard_pending().await;
        let frame = json!({"type": "read", "roomId": state.id, "seq": at, "unread": unread});
        socket.send(frame).await;
        let frame = socket.expect("read").await;
        let what = format!("{} marks {at} in {room}, unread: {unread}", NAMES[who]);
        let counts = (number(&frame, "unread"), number(&frame, "mentions"));
        let found = (number(&frame, "seq"), counts.0, counts.1);
        assert_eq!(found, expected, "{what}: {frame}");
        what
    }

    async fn compare(&self, history: &[String]) {
        for (who, person) in self.people.iter().enumerate() {
            let shown = person.rooms().await;
            for room in &self.rooms {
                let shown = shown.iter().find(|shown| shown["id"] == *room.id);
                let shown = shown.map(|room| {
                    let counts = (number(room, "unread"), number(room, "mentions"));
                    (number(room, "readSeq"), counts)
                });
                let mark = room.read_positions.get(&who);
                let expected = mark.map(|mark| (*mark, room.recount(who)));
                let name = NAMES[who];
                assert_eq!(shown, expected, "{name} in room {}\n{history:#?}", room.id);
            }
        }
    }
}

fn number(value: &Value, name: &str) -> usize {
    let number = value[name].as_u64().unwrap_or_else(|| panic!("{value}"));
    usize::try_from(number).expect("few")
}

#[tokio::test]
async fn unread_counts_equal_a_recount_after_random_operations() {
    for seed in [1, 26] {
        let server = Teahouse::start();
        let mut people = Vec::new();
        for name in NAMES {
            people.push(Person::register(&server, name).await);
        }
        let mut rooms = Vec::new();
        for name in ["oolong", "sencha"] {
            let members = [&people[1], &people[2]];
            rooms.push(Room {
                id: people[0].create_room("open", name, &members).await,
                messages: Vec::new(),
                read_positions: (0..3).map(|who| (who, 0)).collect(),
            });
        }
        let mut sockets = Vec::new();
        for person in &people {
            sockets.push(person.socket().await);
        }
        let (random, step) = (Random(seed), 0);
        let mut model = Model {
            people,
            sockets,
            rooms,
            random,
            step,
        };
        let mut history = vec![format!("seed {seed}")];
        for _ in 0..STEPS {
            history.push(model.act().await);
            model.compare(&history).await;
        }
    }
}
