//! Users who post as fast as they are acknowledged, and everyone who receives their messages. Deliveries are counted and
//! checked against the sequence numbers that they carry.

mod receive;

use std::collections::HashMap;
use std::time::{Duration, Instant};

use anyhow::Result;
use hdrhistogram::Histogram;

use crate::frame;
use crate::metrics::{histogram, microseconds};
use crate::payloads::CONTENT;
use crate::socket::Socket;
use crate::target::Target;

/// Which socket is in which room, and which sockets post.
pub(crate) struct LoadPlan {
    pub(crate) target: Target,
    /// The room of each socket.
    pub(crate) rooms: Vec<i64>,
    /// Indexes of the sockets whose users post.
    pub(crate) posters: Vec<usize>,
}

impl LoadPlan {
    /// All sockets in one room, with the posters spread evenly among them.
    pub(crate) fn one_room(target: Target, room_id: i64, sockets: usize, posters: usize) -> Self {
        let posters = posters.min(sockets);
        Self {
            target,
            rooms: vec![room_id; sockets],
            posters: (0..posters).map(|n| n * sockets / posters).collect(),
        }
    }
}

/// A socket's position in its room.
struct Receiver {
    room_id: i64,
    /// Sequence number of the next message.
    next_seq: i64,
    received: u64,
    /// Index in [`Load::posters`].
    poster: Option<usize>,
    /// Whether delivery times are measured here.
    is_sampled: bool,
}

struct Poster {
    socket: usize,
    /// When each message was sent, since the start.
    sent: Vec<Duration>,
    acknowledged: usize,
}

/// The state of one run, and what is counted in it.
pub(crate) struct Load {
    target: Target,
    receivers: Vec<Receiver>,
    posters: Vec<Poster>,
    /// Prefix of all client ids of this run.
    run_id: String,
    started: Instant,
    is_posting: bool,
    buffer: Vec<u8>,
    pub(crate) ack_times: Histogram<u64>,
    pub(crate) delivery_times: Histogram<u64>,
    pub(crate) received: u64,
    pub(crate) lost: u64,
    pub(crate) duplicates: u64,
    pub(crate) refused: u64,
    pub(crate) retried: u64,
    /// The first error frame.
    pub(crate) first_error: Option<String>,
}

impl Load {
    /// Prepares a run; `ends` has the last sequence number of each room.
    pub(crate) fn new(plan: &LoadPlan, ends: &[(i64, i64)]) -> Result<Self> {
        let last_seq = |room_id| {
            let end = ends.iter().find(|(id, _)| *id == room_id);
            end.map_or(0, |(_, seq)| *seq)
        };
        let step = (plan.rooms.len() / 16).max(1);
        let receiver = |(index, room_id): (usize, &i64)| Receiver {
            room_id: *room_id,
            next_seq: last_seq(*room_id) + 1,
            received: 0,
            poster: None,
            is_sampled: (index + 1) % step == 0,
        };
        let mut receivers: Vec<_> = plan.rooms.iter().enumerate().map(receiver).collect();
        for (poster, socket) in plan.posters.iter().enumerate() {
            receivers[*socket].poster = Some(poster);
        }
        let poster = |socket: &usize| Poster {
            socket: *socket,
            sent: Vec::new(),
            acknowledged: 0,
        };
        let run_id = uuid::Uuid::new_v4().to_string();
        Ok(Self {
            target: plan.target,
            receivers,
            posters: plan.posters.iter().map(poster).collect(),
            run_id: run_id[..20].to_owned(),
            started: Instant::now(),
            is_posting: true,
            buffer: Vec::with_capacity(512),
            ack_times: histogram()?,
            delivery_times: histogram()?,
            received: 0,
            lost: 0,
            duplicates: 0,
            refused: 0,
            retried: 0,
            first_error: None,
        })
    }

    /// Sends each poster's first message.
    pub(crate) fn start(&mut self, sockets: &mut [Socket]) {
        self.started = Instant::now();
        for poster in 0..self.posters.len() {
            let socket = self.posters[poster].socket;
            self.post(&mut sockets[socket], poster);
        }
    }

    /// Stops posting new messages.
    pub(crate) fn stop_posting(&mut self) {
        self.is_posting = false;
    }

    /// Number of messages that were acknowledged.
    pub(crate) fn acknowledged(&self) -> u64 {
        let posters = self.posters.iter();
        posters.map(|poster| poster.acknowledged as u64).sum()
    }

    /// Number of messages that were sent.
    pub(crate) fn sent(&self) -> u64 {
        let posters = self.posters.iter();
        posters.map(|poster| poster.sent.len() as u64).sum()
    }

    /// Number of deliveries that the acknowledged messages must cause.
    pub(crate) fn expected_deliveries(&self) -> u64 {
        let mut by_room = HashMap::new();
        for poster in &self.posters {
            let room_id = self.receivers[poster.socket].room_id;
            *by_room.entry(room_id).or_insert(0) += poster.acknowledged as u64;
        }
        let in_room = |receiver: &Receiver| by_room.get(&receiver.room_id).copied().unwrap_or(0);
        self.receivers.iter().map(in_room).sum()
    }

    /// Returns (room id, client id) of each acknowledged message.
    pub(crate) fn acknowledged_messages(&self) -> Vec<(i64, String)> {
        let posters = self.posters.iter().enumerate();
        let messages = posters.flat_map(|(number, poster)| {
            let room_id = self.receivers[poster.socket].room_id;
            (0..poster.acknowledged).map(move |n| (room_id, self.client_id(number, n)))
        });
        messages.collect()
    }

    /// Counts missing deliveries at the end of a run.
    pub(crate) fn count_missing(&mut self) {
        let missing = self.expected_deliveries().saturating_sub(self.received);
        self.lost = self.lost.max(missing);
        if self.target.is_broadcaster() {
            self.duplicates = self.received.saturating_sub(self.expected_deliveries());
        }
    }

    fn client_id(&self, poster: usize, n: usize) -> String {
        format!("{}{poster:03x}-{n:012x}", self.run_id)
    }

    /// Parses a client id of this run: the poster and the number of its message.
    fn parse_client_id(&self, client_id: &[u8]) -> Option<(usize, usize)> {
        let client_id = std::str::from_utf8(client_id).ok()?;
        let (poster, n) = client_id
            .strip_prefix(self.run_id.as_str())?
            .split_once('-')?;
        Some((
            usize::from_str_radix(poster, 16).ok()?,
            usize::from_str_radix(n, 16).ok()?,
        ))
    }

    fn post(&mut self, socket: &mut Socket, poster: usize) {
        let n = self.posters[poster].sent.len();
        self.posters[poster].sent.push(self.started.elapsed());
        self.send(socket, poster, n);
    }

    fn send(&mut self, socket: &mut Socket, poster: usize, n: usize) {
        let room_id = self.receivers[socket.index].room_id;
        let text = format!(
            r#"{{"type":"post","clientId":"{}","roomId":"{room_id}","content":"{CONTENT}"}}"#,
            self.client_id(poster, n)
        );
        self.buffer.clear();
        frame::put_masked(&mut self.buffer, frame::TEXT, text.as_bytes());
        socket.send(&self.buffer);
    }

    fn record_ack(&mut self, socket: &mut Socket, client_id: &[u8]) {
        let Some((number, n)) = self.parse_client_id(client_id) else {
            return;
        };
        let now = self.started.elapsed();
        let poster = &mut self.posters[number];
        if n != poster.acknowledged || poster.socket != socket.index {
            return;
        }
        poster.acknowledged += 1;
        let time = now.saturating_sub(poster.sent[n]);
        self.ack_times.saturating_record(microseconds(time));
        if self.is_posting {
            self.post(socket, number);
        }
    }

    fn record_delivery(&mut self, client_id: &[u8]) {
        if let Some((poster, n)) = self.parse_client_id(client_id)
            && let Some(poster) = self.posters.get(poster)
            && let Some(sent) = poster.sent.get(n)
        {
            let time = self.started.elapsed().saturating_sub(*sent);
            self.delivery_times.saturating_record(microseconds(time));
        }
    }
}
