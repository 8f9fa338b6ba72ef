//! Random operations of ten users in five rooms, compared with a simple model after each step.

use crate::support::{Person, Teahouse, long_tests};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

const PEOPLE: usize = 10;
const ROOMS: usize = 5;
/// Minimum number of steps, however slow the machine is.
const MIN_STEPS: usize = 100;

/// The model of a room.
#[derive(Default)]
struct Room {
    id: String,
    open: bool,
    /// The creator; after they leave, the member of longest standing.
    owner: Option<usize>,
    /// Members in joining order, each with their read position.
    members: Vec<(usize, usize)>,
    messages: Vec<(usize, String)>,
}

impl Room {
    fn has(&self, who: usize) -> bool {
        self.members.iter().any(|(member, _)| *member == who)
    }

    fn read_position(&mut self, who: usize) -> Option<&mut usize> {
        let mut members = self.members.iter_mut();
        members
            .find(|(member, _)| *member == who)
            .map(|(_, mark)| mark)
    }

    fn join(&mut self, who: usize) {
        if !self.has(who) {
            self.members.push((who, self.messages.len()));
        }
    }

    fn leave(&mut self, who: usize) {
        self.members.retain(|(member, _)| *member != who);
        if self.owner == Some(who) {
            self.owner = self.members.first().map(|(member, _)| *member);
        }
    }
}

struct Model {
    rng: StdRng,
    people: Vec<Person>,
    rooms: Vec<Room>,
    steps: usize,
}

impl Model {
    async fn new(server: &Teahouse, seed: u64) -> Self {
        let mut people = Vec::new();
        for n in 0..PEOPLE {
            // The first user becomes the admin and only does the set-up.
            if n == 0 {
                Person::register(server, "admin").await;
            }
            people.push(Person::register(server, &format!("person-{n}")).await);
        }
        let mut rooms = Vec::new();
        for (n, person) in people.iter().enumerate().take(ROOMS) {
            let open = n % 2 == 0;
            let kind = if open { "open" } else { "closed" };
            let id = person.create_room(kind, &format!("room {n}"), &[]).await;
            let (owner, members) = (Some(n), vec![(n, 0)]);
            rooms.push(Room {
                id,
                open,
                owner,
                members,
                messages: Vec::new(),
            });
        }
        Self {
            rng: StdRng::seed_from_u64(seed),
            people,
            rooms,
            steps: 0,
        }
    }

    /// Runs one random operation and compares the response with the model.
    async fn step(&mut self) {
        self.steps += 1;
        let who = self.rng.random_range(0..PEOPLE);
        let at = self.rng.random_range(0..ROOMS);
        let what = self.rng.random_range(0..100);
        let (person, step) = (self.people[who].clone(), self.steps);
        let room = &mut self.rooms[at];
        let (is_in, open, end) = (room.has(who), room.open, room.messages.len());
        let unknown = !is_in && !open;
        let members_only = match (is_in, open) {
            (true, _) => 303,
            (false, true) => 403,
            (false, false) => 404,
        };
        let (action, status, expected) = match what {
            0..40 => {
                let path = format!("/rooms/{}/messages", room.id);
                let text = format!("step {step}");
                let status = person.submit("post", &path, &[("content", &text)]).await;
                if is_in {
                    room.messages.push((who, text));
                    if let Some(mark) = room.read_position(who).filter(|mark| **mark == end) {
                        *mark += 1;
                    }
                }
                ("posts", status, members_only)
            }
            40..60 => {
                let seq = self.rng.random_range(0..end + 3);
                let status = person.mark_read(&room.id, seq as i64).await;
                if let Some(mark) = room.read_position(who) {
                    *mark = (*mark).max(seq.min(end));
                }
                ("reads", status, if is_in { 204 } else { 404 })
            }
            60..65 => {
                let seq = self.rng.random_range(0..end + 3);
                let fields = [("seq", &*seq.to_string()), ("unread", "true")];
                let path = format!("/rooms/{}/read_mark", room.id);
                let status = person.submit("put", &path, &fields).await;
                if let Some(mark) = room.read_position(who) {
                    *mark = seq.saturating_sub(1).min(end);
                }
                ("marks unread", status, if is_in { 303 } else { 404 })
            }
            65..80 => {
                let status = person.join(&room.id).await;
                if !unknown {
                    room.join(who);
                }
                ("joins", status, if unknown { 404 } else { 303 })
            }
            80..88 => {
                let status = person.leave(&room.id).await;
                room.leave(who);
                ("leaves", status, if is_in { 303 } else { 404 })
            }
            88..95 => {
                let target = self.rng.random_range(0..PEOPLE);
                let status = person.invite(&room.id, &self.people[target]).await;
                if status == 303 {
                    self.people[target].accept_invitation(&room.id).await;
                }
                if is_in {
                    room.join(target);
                }
                ("invites", status, members_only)
            }
            _ => {
                let target = self.rng.random_range(0..PEOPLE);
                let other = self.people[target].clone();
                let status = person.remove(&room.id, &other).await;
                let may = is_in && (room.owner == Some(who) || target == who);
                let expected = match (unknown, may, room.has(target)) {
                    (true, ..) => 404,
                    (_, false, _) => 403,
                    (_, true, false) => 422,
                    (_, true, true) => 303,
                };
                if expected == 303 {
                    room.leave(target);
                }
                ("removes", status, expected)
            }
        };
        assert_eq!(status, expected, "step {step}: {who} {action} in room {at}");
    }

    /// Compares the room list of a user with the model.
    async fn check(&self, who: usize) {
        let person = &self.people[who];
        let label = format!("person {who} after step {}", self.steps);
        let mut listed: BTreeMap<String, (i64, i64, i64)> = BTreeMap::new();
        for room in person.rooms().await {
            let number = |name: &str| room[name].as_i64().expect(name);
            let id = room["id"].as_str().expect("an id").to_owned();
            listed.insert(id, (number("seq"), number("readSeq"), number("unread")));
        }
        listed.remove("1");
        let mut expected = BTreeMap::new();
        for room in &self.rooms {
            let mine = room.members.iter().find(|(member, _)| *member == who);
            if let Some((_, mark)) = mine {
                let others = room.messages[*mark..].iter().filter(|(by, _)| *by != who);
                let (end, mark, unread) = (room.messages.len(), *mark, others.count());
                let numbers = (end as i64, mark as i64, unread as i64);
                expected.insert(room.id.clone(), numbers);
            }
        }
        assert_eq!(listed, expected, "{label}");
    }

    /// Compares a room's history, as shown to a user, with the model.
    async fn check_history(&self, who: usize, at: usize) {
        let (person, room) = (&self.people[who], &self.rooms[at]);
        let label = format!("person {who} in room {at} after step {}", self.steps);
        if !room.open && !room.has(who) {
            let path = format!("/rooms/{}/messages", room.id);
            assert_eq!(person.get_json(&path).await.0, 404, "{label}");
            return;
        }
        let listed: Vec<(String, String)> = person
            .whole_history(&room.id)
            .await
            .iter()
            .map(|message| {
                let text = |value: &serde_json::Value| value.as_str().expect("text").to_owned();
                (
                    text(&message["user"]["username"]),
                    text(&message["content"]),
                )
            })
            .collect();
        let expected: Vec<(String, String)> = room
            .messages
            .iter()
            .map(|(who, text)| (self.people[*who].name.clone(), text.clone()))
            .collect();
        assert_eq!(listed, expected, "{label}");
    }
}

async fn run_random_operations(seed: u64, time: Duration, steps: usize) {
    let server = Teahouse::start();
    let mut model = Model::new(&server, seed).await;
    println!("seed {seed}");
    let deadline = Instant::now() + time;
    while model.steps < MIN_STEPS || model.steps < steps && Instant::now() < deadline {
        model.step().await;
        let (who, at) = (
            model.rng.random_range(0..PEOPLE),
            model.rng.random_range(0..ROOMS),
        );
        model.check(who).await;
        model.check_history(who, at).await;
        if model.steps % 50 == 0 {
            for who in 0..PEOPLE {
                model.check(who).await;
            }
        }
    }
    for who in 0..PEOPLE {
        model.check(who).await;
        for at in 0..ROOMS {
            model.check_history(who, at).await;
        }
    }
}

#[tokio::test]
async fn random_operations_match_the_model() {
    let seconds = if long_tests() { 20 } else { 8 };
    run_random_operations(20_260_711, Duration::from_secs(seconds), 1_000).await;
}

#[tokio::test]
async fn random_operations_match_the_model_in_a_long_run() {
    if long_tests() {
        let seed = rand::rng().random_range(0..u64::MAX);
        run_random_operations(seed, Duration::from_secs(240), usize::MAX).await;
    }
}

/// Concurrent operations: the order is unknown, but the counters must match the history at the end.
#[tokio::test]
async fn counters_match_the_history_after_concurrent_operations() {
    let server = Teahouse::start();
    let model = Model::new(&server, 7).await;
    let ids: Vec<String> = model.rooms.iter().map(|room| room.id.clone()).collect();
    let mut tasks = Vec::new();
    for (n, person) in model.people.iter().cloned().enumerate() {
        let (ids, people) = (ids.clone(), model.people.clone());
        tasks.push(tokio::spawn(async move {
            let mut rng = StdRng::seed_from_u64(n as u64);
            for step in 0..40 {
                let room = &ids[rng.random_range(0..ids.len())];
                let other = &people[rng.random_range(0..people.len())];
                let status = match rng.random_range(0..8) {
                    0..3 => {
                        let path = format!("/rooms/{room}/messages");
                        person
                            .submit("post", &path, &[("content", &format!("{n} {step}"))])
                            .await
                    }
                    3 => person.mark_read(room, rng.random_range(0..40)).await,
                    4 => person.join(room).await,
                    5 => person.leave(room).await,
                    6 => person.invite(room, other).await,
                    _ => person.remove(room, other).await,
                };
                assert!(status < 500, "{status}");
            }
        }));
    }
    for task in tasks {
        task.await.expect("no panic");
    }
    for person in &model.people {
        for room in person.rooms().await {
            let number = |name: &str| room[name].as_i64().expect(name);
            let (seq, read) = (number("seq"), number("readSeq"));
            assert!((0..=seq).contains(&read), "{room}");
            let id = room["id"].as_str().expect("an id");
            let history = person.whole_history(id).await;
            let is_unread = |message: &&serde_json::Value| {
                message["seq"].as_i64() > Some(read)
                    && message["user"]["username"] != person.name.as_str()
            };
            let unread = history.iter().filter(is_unread).count();
            assert_eq!(number("unread"), unread as i64, "{room}");
            let places: Vec<_> = history.iter().map(|m| m["seq"].as_i64()).collect();
            assert_eq!(places, (1..=seq).map(Some).collect::<Vec<_>>());
        }
    }
    let owners = "SELECT COUNT(*) AS value FROM rooms WHERE created_by IS NOT NULL AND NOT EXISTS \
                   (SELECT 1 FROM memberships WHERE room_id = rooms.id AND user_id = rooms.created_by)";
    assert_eq!(server.number(owners), 0);
}
