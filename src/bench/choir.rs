//! People who post as fast as they are acknowledged, and everybody who hears it: what comes is counted, and held
//! against the numbers that it carries.

use std::time::{Duration, Instant};

use hdrhistogram::Histogram;
use serde_json::Value;

use super::figures::{histogram, microseconds};
use super::options::Target;
use super::peer::{Ear, Peer};
use super::phrases::{self, CONTENT};
use super::wire;
use crate::error::Result;

/// Who is in which room, and who posts.
pub(super) struct Plan {
    pub(super) target: Target,
    /// Each socket's room.
    pub(super) rooms: Vec<i64>,
    /// The sockets whose people post.
    pub(super) posters: Vec<usize>,
}

/// One socket's place in its room.
struct Place {
    room_id: i64,
    /// The number of the next message, once that matters.
    next: i64,
    heard: u64,
    poster: Option<usize>,
    /// Whether it is looked at when messages arrive here.
    is_sampled: bool,
}

struct Poster {
    socket: usize,
    /// When each message was sent, since the beginning.
    sent: Vec<Duration>,
    acknowledged: usize,
}

/// See the module's description.
pub(super) struct Choir {
    target: Target,
    places: Vec<Place>,
    posters: Vec<Poster>,
    /// What client ids of this run begin with.
    run: String,
    began: Instant,
    is_posting: bool,
    wire: Vec<u8>,
    pub(super) acks: Histogram<u64>,
    pub(super) deliveries: Histogram<u64>,
    pub(super) heard: u64,
    pub(super) lost: u64,
    pub(super) doubled: u64,
    pub(super) refused: u64,
    pub(super) retried: u64,
    pub(super) closed: u64,
    /// The first refusal, as the server said it.
    pub(super) refusal: Option<String>,
}

impl Choir {
    /// Everybody in their places; `ends` says where the rooms' logs end.
    ///
    /// # Errors
    /// Never: the histograms' bounds are right.
    pub(super) fn new(plan: &Plan, ends: &[(i64, i64)]) -> Result<Self> {
        let last = |room_id| {
            ends.iter()
                .find(|(id, _)| *id == room_id)
                .map_or(0, |(_, seq)| *seq)
        };
        let step = (plan.rooms.len() / 16).max(1);
        let mut places: Vec<Place> = plan
            .rooms
            .iter()
            .enumerate()
            .map(|(index, room_id)| Place {
                room_id: *room_id,
                next: last(*room_id) + 1,
                heard: 0,
                poster: None,
                is_sampled: (index + 1) % step == 0,
            })
            .collect();
        for (number, socket) in plan.posters.iter().enumerate() {
            places[*socket].poster = Some(number);
        }
        let run = uuid::Uuid::new_v4().to_string();
        Ok(Self {
            target: plan.target,
            places,
            posters: plan
                .posters
                .iter()
                .map(|socket| Poster {
                    socket: *socket,
                    sent: Vec::new(),
                    acknowledged: 0,
                })
                .collect(),
            run: run[..20].to_owned(),
            began: Instant::now(),
            is_posting: true,
            wire: Vec::with_capacity(512),
            acks: histogram()?,
            deliveries: histogram()?,
            heard: 0,
            lost: 0,
            doubled: 0,
            refused: 0,
            retried: 0,
            closed: 0,
            refusal: None,
        })
    }

    /// Everybody says their first word.
    pub(super) fn begin(&mut self, peers: &mut [Peer]) {
        self.began = Instant::now();
        for number in 0..self.posters.len() {
            let socket = self.posters[number].socket;
            self.post(&mut peers[socket], number);
        }
    }

    /// From here on nobody says anything new.
    pub(super) fn fall_silent(&mut self) {
        self.is_posting = false;
    }

    /// Messages that were acknowledged.
    pub(super) fn acknowledged(&self) -> u64 {
        self.posters
            .iter()
            .map(|poster| poster.acknowledged as u64)
            .sum()
    }

    /// Messages that were sent.
    pub(super) fn sent(&self) -> u64 {
        self.posters
            .iter()
            .map(|poster| poster.sent.len() as u64)
            .sum()
    }

    /// How often the acknowledged messages must be heard in all.
    pub(super) fn due(&self) -> u64 {
        let mut by_room = std::collections::HashMap::new();
        for poster in &self.posters {
            let room_id = self.places[poster.socket].room_id;
            *by_room.entry(room_id).or_insert(0) += poster.acknowledged as u64;
        }
        let in_room = |place: &Place| by_room.get(&place.room_id).copied().unwrap_or(0);
        self.places.iter().map(in_room).sum()
    }

    /// The names of all acknowledged messages, with their rooms.
    pub(super) fn names(&self) -> Vec<(i64, String)> {
        let names = self
            .posters
            .iter()
            .enumerate()
            .flat_map(|(number, poster)| {
                let room_id = self.places[poster.socket].room_id;
                (0..poster.acknowledged).map(move |n| (room_id, self.name(number, n)))
            });
        names.collect()
    }

    /// Counts what is missing at the end.
    pub(super) fn close(&mut self) {
        let missing = self.due().saturating_sub(self.heard);
        self.lost = self.lost.max(missing);
        if self.target.is_raw() {
            self.doubled = self.heard.saturating_sub(self.due());
        }
    }

    fn name(&self, number: usize, n: usize) -> String {
        format!("{}{number:03x}-{n:012x}", self.run)
    }

    /// Which message a name of this run means.
    fn meant(&self, name: &[u8]) -> Option<(usize, usize)> {
        let name = std::str::from_utf8(name)
            .ok()?
            .strip_prefix(self.run.as_str())?;
        let (number, n) = name.split_once('-')?;
        Some((
            usize::from_str_radix(number, 16).ok()?,
            usize::from_str_radix(n, 16).ok()?,
        ))
    }

    fn post(&mut self, peer: &mut Peer, number: usize) {
        let n = self.posters[number].sent.len();
        self.posters[number].sent.push(self.began.elapsed());
        self.send(peer, number, n);
    }

    /// Whoever is told `unavailable` says the same again under the same name, as clients do.
    fn hear_refusal(&mut self, peer: &mut Peer, text: &[u8]) {
        let say = || String::from_utf8_lossy(text).into_owned();
        self.refusal.get_or_insert_with(say);
        let frame: Value = serde_json::from_slice(text).unwrap_or_default();
        let name = frame["clientId"].as_str().unwrap_or_default().as_bytes();
        match (frame["code"].as_str(), self.meant(name)) {
            (Some("unavailable"), Some((number, n))) => {
                self.retried += 1;
                self.send(peer, number, n);
            }
            _ => self.refused += 1,
        }
    }

    fn send(&mut self, peer: &mut Peer, number: usize, n: usize) {
        let room_id = self.places[peer.index].room_id;
        let text = format!(
            r#"{{"type":"post","clientId":"{}","roomId":"{room_id}","content":"{CONTENT}"}}"#,
            self.name(number, n)
        );
        self.wire.clear();
        wire::put_masked(&mut self.wire, wire::TEXT, text.as_bytes());
        peer.send(&self.wire);
    }

    fn acknowledge(&mut self, peer: &mut Peer, name: &[u8]) {
        let Some((number, n)) = self.meant(name) else {
            return;
        };
        let now = self.began.elapsed();
        let poster = &mut self.posters[number];
        if n != poster.acknowledged || poster.socket != peer.index {
            return;
        }
        poster.acknowledged += 1;
        let waited = now.saturating_sub(poster.sent[n]);
        self.acks.saturating_record(microseconds(waited));
        if self.is_posting {
            self.post(peer, number);
        }
    }

    fn delivered(&mut self, name: &[u8]) {
        if let Some((number, n)) = self.meant(name)
            && let Some(sent) = self
                .posters
                .get(number)
                .and_then(|poster| poster.sent.get(n))
        {
            let waited = self.began.elapsed().saturating_sub(*sent);
            self.deliveries.saturating_record(microseconds(waited));
        }
    }

    /// A message of a broadcaster: the very frame that was sent.
    fn hear_raw(&mut self, peer: &mut Peer, text: &[u8]) {
        let place = &mut self.places[peer.index];
        place.heard += 1;
        self.heard += 1;
        let (is_sampled, is_poster) = (place.is_sampled, place.poster.is_some());
        if (is_sampled || is_poster)
            && let Some(name) = text
                .strip_prefix(phrases::POST)
                .and_then(|rest| rest.get(..phrases::ID))
        {
            if is_sampled {
                self.delivered(name);
            }
            if is_poster {
                self.acknowledge(peer, name);
            }
        }
    }

    fn hear_message(&mut self, peer: &Peer, text: &[u8]) {
        let Some((room_id, seq)) = phrases::numbers(text) else {
            return;
        };
        let place = &mut self.places[peer.index];
        if room_id != place.room_id {
            return;
        }
        if seq < place.next {
            self.doubled += 1;
            return;
        }
        self.lost += u64::try_from(seq - place.next).unwrap_or(0);
        place.next = seq + 1;
        place.heard += 1;
        self.heard += 1;
        if place.is_sampled
            && let Some(name) = phrases::name(text)
        {
            self.delivered(name);
        }
    }
}

impl Ear for Choir {
    fn text(&mut self, peer: &mut Peer, text: &[u8]) {
        if self.target.is_raw() {
            self.hear_raw(peer, text);
        } else if text.starts_with(phrases::MESSAGE) {
            self.hear_message(peer, text);
        } else if let Some(rest) = text.strip_prefix(phrases::ACK) {
            if let Some(name) = rest.get(..phrases::ID) {
                self.acknowledge(peer, name);
            }
        } else if text.starts_with(phrases::REFUSAL) {
            self.hear_refusal(peer, text);
        }
    }

    fn gone(&mut self, _: &Peer, _: Option<u16>) {
        self.closed += 1;
    }
}
