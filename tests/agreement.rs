//! Ten people in five rooms do whatever they like; what the program tells agrees with a simple model at every step.

use crate::support::{Person, Teahouse, long_tests};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

const PEOPLE: usize = 10;
const ROOMS: usize = 5;
/// So many steps are made however slow the machine is.
const LEAST: usize = 100;

/// What a room is, as simply as can be said.
#[derive(Default)]
struct Room {
    id: String,
    open: bool,
    /// Who made it first, then who was in it longest.
    keeper: Option<usize>,
    /// In the order of coming, with what each has read.
    members: Vec<(usize, usize)>,
    said: Vec<(usize, String)>,
}

impl Room {
    fn has(&self, who: usize) -> bool {
        self.members.iter().any(|(member, _)| *member == who)
    }

    fn mark(&mut self, who: usize) -> Option<&mut usize> {
        let mut members = self.members.iter_mut();
        members
            .find(|(member, _)| *member == who)
            .map(|(_, mark)| mark)
    }

    fn enter(&mut self, who: usize) {
        if !self.has(who) {
            self.members.push((who, self.said.len()));
        }
    }

    fn leave(&mut self, who: usize) {
        self.members.retain(|(member, _)| *member != who);
        if self.keeper == Some(who) {
            self.keeper = self.members.first().map(|(member, _)| *member);
        }
    }
}

struct World {
    rng: StdRng,
    people: Vec<Person>,
    rooms: Vec<Room>,
    steps: usize,
}

impl World {
    async fn make(house: &Teahouse, seed: u64) -> Self {
        let mut people = Vec::new();
        for n in 0..PEOPLE {
            // The first of them, an admin, is only there for the set-up.
            if n == 0 {
                Person::register(house, "admin").await;
            }
            people.push(Person::register(house, &format!("person-{n}")).await);
        }
        let mut rooms = Vec::new();
        for (n, person) in people.iter().enumerate().take(ROOMS) {
            let open = n % 2 == 0;
            let kind = if open { "open" } else { "closed" };
            let id = person.make_room(kind, &format!("room {n}"), &[]).await;
            let (keeper, members) = (Some(n), vec![(n, 0)]);
            rooms.push(Room {
                id,
                open,
                keeper,
                members,
                said: Vec::new(),
            });
        }
        Self {
            rng: StdRng::seed_from_u64(seed),
            people,
            rooms,
            steps: 0,
        }
    }

    /// Somebody does something: the answer must be what the model expects.
    async fn step(&mut self) {
        self.steps += 1;
        let who = self.rng.random_range(0..PEOPLE);
        let at = self.rng.random_range(0..ROOMS);
        let what = self.rng.random_range(0..100);
        let (person, step) = (self.people[who].clone(), self.steps);
        let room = &mut self.rooms[at];
        let (is_in, open, end) = (room.has(who), room.open, room.said.len());
        let unknown = !is_in && !open;
        let (action, found, expected) = match what {
            0..40 => {
                let path = format!("/rooms/{}/messages", room.id);
                let text = format!("step {step}");
                let found = person.act("post", &path, &[("content", &text)]).await;
                if is_in {
                    room.said.push((who, text));
                    if let Some(mark) = room.mark(who).filter(|mark| **mark == end) {
                        *mark += 1;
                    }
                }
                (
                    "says",
                    found,
                    if is_in {
                        303
                    } else if open {
                        403
                    } else {
                        404
                    },
                )
            }
            40..60 => {
                let seq = self.rng.random_range(0..end + 3);
                let found = person.has_read(&room.id, seq as i64).await;
                if let Some(mark) = room.mark(who) {
                    *mark = (*mark).max(seq.min(end));
                }
                ("reads", found, if is_in { 204 } else { 404 })
            }
            60..65 => {
                let seq = self.rng.random_range(0..end + 3);
                let fields = [("seq", &*seq.to_string()), ("unread", "true")];
                let path = format!("/rooms/{}/read_mark", room.id);
                let found = person.act("put", &path, &fields).await;
                if let Some(mark) = room.mark(who) {
                    *mark = seq.saturating_sub(1).min(end);
                }
                ("marks unread", found, if is_in { 303 } else { 404 })
            }
            65..80 => {
                let found = person.enter(&room.id).await;
                if !unknown {
                    room.enter(who);
                }
                ("enters", found, if unknown { 404 } else { 303 })
            }
            80..88 => {
                let found = person.leave(&room.id).await;
                room.leave(who);
                ("leaves", found, if is_in { 303 } else { 404 })
            }
            88..95 => {
                let whom = self.rng.random_range(0..PEOPLE);
                let found = person.invite(&room.id, &self.people[whom]).await;
                if found == 303 {
                    self.people[whom].accept(&room.id).await;
                }
                if is_in {
                    room.enter(whom);
                }
                (
                    "invites",
                    found,
                    if is_in {
                        303
                    } else if open {
                        403
                    } else {
                        404
                    },
                )
            }
            _ => {
                let whom = self.rng.random_range(0..PEOPLE);
                let other = self.people[whom].clone();
                let found = person.remove(&room.id, &other).await;
                let may = is_in && (room.keeper == Some(who) || whom == who);
                let expected = match (unknown, may, room.has(whom)) {
                    (true, ..) => 404,
                    (_, false, _) => 403,
                    (_, true, false) => 422,
                    (_, true, true) => 303,
                };
                if expected == 303 {
                    room.leave(whom);
                }
                ("removes", found, expected)
            }
        };
        assert_eq!(found, expected, "step {step}: {who} {action} in room {at}");
    }

    /// Everything that one person is told.
    async fn check(&self, who: usize) {
        let person = &self.people[who];
        let place = format!("person {who} after step {}", self.steps);
        let mut told: BTreeMap<String, (i64, i64, i64)> = BTreeMap::new();
        for room in person.rooms().await {
            let number = |name: &str| room[name].as_i64().expect(name);
            let id = room["id"].as_str().expect("an id").to_owned();
            told.insert(id, (number("seq"), number("readSeq"), number("unread")));
        }
        told.remove("1");
        let mut expected = BTreeMap::new();
        for room in &self.rooms {
            let mine = room.members.iter().find(|(member, _)| *member == who);
            if let Some((_, mark)) = mine {
                let others = room.said[*mark..].iter().filter(|(by, _)| *by != who);
                let (end, mark, unread) = (room.said.len(), *mark, others.count());
                let numbers = (end as i64, mark as i64, unread as i64);
                expected.insert(room.id.clone(), numbers);
            }
        }
        assert_eq!(told, expected, "{place}");
    }

    /// A room's history, as one person is told it.
    async fn check_history(&self, who: usize, at: usize) {
        let (person, room) = (&self.people[who], &self.rooms[at]);
        let place = format!("person {who} in room {at} after step {}", self.steps);
        if !room.open && !room.has(who) {
            let path = format!("/rooms/{}/messages", room.id);
            assert_eq!(person.get_json(&path).await.0, 404, "{place}");
            return;
        }
        let told: Vec<(String, String)> = person
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
            .said
            .iter()
            .map(|(who, text)| (self.people[*who].name.clone(), text.clone()))
            .collect();
        assert_eq!(told, expected, "{place}");
    }
}

async fn live_for(seed: u64, time: Duration, steps: usize) {
    let house = Teahouse::start();
    let mut world = World::make(&house, seed).await;
    println!("seed {seed}");
    let deadline = Instant::now() + time;
    while world.steps < LEAST || world.steps < steps && Instant::now() < deadline {
        world.step().await;
        let (who, at) = (
            world.rng.random_range(0..PEOPLE),
            world.rng.random_range(0..ROOMS),
        );
        world.check(who).await;
        world.check_history(who, at).await;
        if world.steps % 50 == 0 {
            for who in 0..PEOPLE {
                world.check(who).await;
            }
        }
    }
    for who in 0..PEOPLE {
        world.check(who).await;
        for at in 0..ROOMS {
            world.check_history(who, at).await;
        }
    }
}

#[tokio::test]
async fn whatever_people_do_counts_lists_and_histories_agree() {
    let seconds = if long_tests() { 20 } else { 8 };
    live_for(20_260_711, Duration::from_secs(seconds), 1_000).await;
}

#[tokio::test]
async fn they_agree_for_a_long_time_too() {
    if long_tests() {
        let seed = rand::rng().random_range(0..u64::MAX);
        live_for(seed, Duration::from_secs(240), usize::MAX).await;
    }
}

/// The same at once: whatever the order was, the numbers of the end must fit the history.
#[tokio::test]
async fn numbers_fit_the_history_when_everybody_acts_at_once() {
    let house = Teahouse::start();
    let world = World::make(&house, 7).await;
    let ids: Vec<String> = world.rooms.iter().map(|room| room.id.clone()).collect();
    let mut tasks = Vec::new();
    for (n, person) in world.people.iter().cloned().enumerate() {
        let (ids, people) = (ids.clone(), world.people.clone());
        tasks.push(tokio::spawn(async move {
            let mut rng = StdRng::seed_from_u64(n as u64);
            for step in 0..40 {
                let room = &ids[rng.random_range(0..ids.len())];
                let other = &people[rng.random_range(0..people.len())];
                let status = match rng.random_range(0..8) {
                    0..3 => {
                        let path = format!("/rooms/{room}/messages");
                        person
                            .act("post", &path, &[("content", &format!("{n} {step}"))])
                            .await
                    }
                    3 => person.has_read(room, rng.random_range(0..40)).await,
                    4 => person.enter(room).await,
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
    for person in &world.people {
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
    let keepers = "SELECT COUNT(*) AS value FROM rooms WHERE created_by IS NOT NULL AND NOT EXISTS \
                   (SELECT 1 FROM memberships WHERE room_id = rooms.id AND user_id = rooms.created_by)";
    assert_eq!(house.database().number(keepers), 0);
}
