//! Many sockets of one thread: they are opened, read and written with as little work as it takes.
//!
//! Reads share one buffer, which takes whatever a socket has at once; frames are looked at where they lie.

use std::io::{ErrorKind, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::os::fd::OwnedFd;
use std::time::{Duration, Instant};

use rustix::event::epoll::{self, CreateFlags, Event, EventData, EventFlags};
use rustix::time::Timespec;
use socket2::{Domain, Socket, Type};

use super::peer::{Ear, Peer, State};
use super::wire;
use crate::error::{Error, Result};

/// One read takes so much.
const BUFFER: usize = 512 * 1024;
/// Sockets that are looked at in one turn.
const EVENTS: usize = 1024;
/// A machine has some 28,000 ports for each address of its own.
const PER_ADDRESS: usize = 5_000;
/// So many sockets are on their way in at once.
const ARRIVING: usize = 64;
/// Nobody waits longer for anything to happen.
const PATIENCE: Duration = Duration::from_secs(30);

/// See the module's description.
pub(super) struct Swarm {
    epoll: OwnedFd,
    address: SocketAddr,
    /// Whether the server speaks first: then a socket is ready with its first frame.
    greets: bool,
    pub(super) peers: Vec<Peer>,
    ready: usize,
    gone: usize,
    buffer: Vec<u8>,
    events: Vec<Event>,
}

impl Swarm {
    /// Sockets to this address.
    ///
    /// # Errors
    /// When the machine gives no epoll.
    pub(super) fn new(address: SocketAddr, greets: bool) -> Result<Self> {
        Ok(Self {
            epoll: epoll::create(CreateFlags::CLOEXEC).map_err(Error::internal)?,
            address,
            greets,
            peers: Vec::new(),
            ready: 0,
            gone: 0,
            buffer: vec![0; BUFFER],
            events: Vec::with_capacity(EVENTS),
        })
    }

    /// Opens a socket with each of these upgrade requests; answers when all are ready.
    ///
    /// # Errors
    /// `Unavailable` when one is refused, or nothing happens for a long while.
    pub(super) fn arrive(&mut self, requests: &[Vec<u8>], ear: &mut impl Ear) -> Result<()> {
        self.arrive_while(requests, ear, || Ok(Duration::from_millis(100)))
    }

    /// The same, while something else goes on that is looked after at least as often as it says.
    ///
    /// # Errors
    /// As [`Swarm::arrive`], and those of `meanwhile`.
    pub(super) fn arrive_while(
        &mut self,
        requests: &[Vec<u8>],
        ear: &mut impl Ear,
        mut meanwhile: impl FnMut() -> Result<Duration>,
    ) -> Result<()> {
        let mut heard_at = Instant::now();
        let all = self.peers.len() + requests.len();
        let mut requests = requests.iter();
        while self.ready < all {
            while self.peers.len() < self.ready + ARRIVING {
                let Some(request) = requests.next() else {
                    break;
                };
                let index = self.peers.len();
                self.peers.push(Peer {
                    index,
                    stream: None,
                    state: State::Shaking,
                    is_ready: false,
                    left: Vec::new(),
                });
                self.open(index, request)?;
            }
            let before = self.ready;
            self.turn(ear, meanwhile()?)?;
            if self.ready > before {
                heard_at = Instant::now();
            }
            if self.gone > 0 || heard_at.elapsed() > PATIENCE {
                let (ready, gone) = (self.ready, self.gone);
                return Err(Error::Unavailable(format!(
                    "of {all} sockets {ready} came in and {gone} were refused or cut"
                )));
            }
        }
        Ok(())
    }

    /// Opens one socket, in the place of one that is gone or that never was.
    fn open(&mut self, index: usize, request: &[u8]) -> Result<()> {
        let failed = |error: std::io::Error| {
            Error::Unavailable(format!("socket {} cannot be opened: {error}", index + 1))
        };
        let socket = Socket::new(Domain::for_address(self.address), Type::STREAM, None);
        let socket = socket.map_err(failed)?;
        if self.address.ip() == Ipv4Addr::LOCALHOST {
            let last = u8::try_from(2 + index / PER_ADDRESS).unwrap_or(254);
            let own = SocketAddr::from((Ipv4Addr::new(127, 0, 0, last), 0));
            socket.bind(&own.into()).map_err(failed)?;
        }
        socket.connect(&self.address.into()).map_err(failed)?;
        socket.set_tcp_nodelay(true).map_err(failed)?;
        // Cut without a word when it is dropped, so that its port is free again at once.
        socket.set_linger(Some(Duration::ZERO)).map_err(failed)?;
        let mut stream = TcpStream::from(socket);
        stream.write_all(request).map_err(failed)?;
        stream.set_nonblocking(true).map_err(failed)?;
        let data = EventData::new_u64(index as u64);
        epoll::add(&self.epoll, &stream, data, EventFlags::IN).map_err(Error::internal)?;
        let peer = &mut self.peers[index];
        peer.stream = Some(stream);
        peer.state = State::Shaking;
        Ok(())
    }

    /// Cuts all sockets at once, without a word.
    pub(super) fn cut(&mut self) {
        self.peers.iter_mut().for_each(Peer::drop_stream);
        self.peers.clear();
        (self.ready, self.gone) = (0, 0);
    }

    /// How many sockets are gone that were there.
    pub(super) fn gone(&self) -> usize {
        self.gone
    }

    /// Hears what has come, waiting so long for it. Answers whether anything did.
    ///
    /// # Errors
    /// When the machine's epoll fails.
    pub(super) fn turn(&mut self, ear: &mut impl Ear, wait: Duration) -> Result<bool> {
        let wait = Timespec {
            tv_sec: i64::try_from(wait.as_secs()).unwrap_or(0),
            tv_nsec: i64::from(wait.subsec_nanos()),
        };
        self.events.clear();
        let spare = rustix::buffer::spare_capacity(&mut self.events);
        match epoll::wait(&self.epoll, spare, Some(&wait)) {
            Ok(_) | Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(Error::internal(error)),
        }
        for at in 0..self.events.len() {
            let index = usize::try_from(self.events[at].data.u64()).unwrap_or(usize::MAX);
            self.hear(index, ear);
        }
        Ok(!self.events.is_empty())
    }

    fn hear(&mut self, index: usize, ear: &mut impl Ear) {
        let (Some(peer), buffer) = (self.peers.get_mut(index), &mut self.buffer) else {
            return;
        };
        let Some(stream) = &mut peer.stream else {
            return;
        };
        let left = peer.left.len();
        if buffer.len() < left + BUFFER / 2 {
            buffer.resize(left + BUFFER, 0);
        }
        buffer[..left].copy_from_slice(&peer.left);
        let end = match stream.read(&mut buffer[left..]) {
            Ok(0) => return self.lose(index, ear, None),
            Ok(count) => left + count,
            Err(error) if error.kind() == ErrorKind::WouldBlock => return,
            Err(_) => return self.lose(index, ear, None),
        };
        peer.left.clear();
        let mut at = 0;
        if peer.state == State::Shaking {
            match shaken(&buffer[..end]) {
                Shaken::NotYet => return peer.left.extend_from_slice(&buffer[..end]),
                Shaken::Refused => return self.lose(index, ear, None),
                Shaken::Open(start) => at = start,
            }
            peer.state = State::Open;
            if !self.greets {
                peer.is_ready = true;
                self.ready += 1;
            }
        }
        while let Some(head) = wire::head(&buffer[at..end])
            && at + head.end <= end
        {
            let payload = &buffer[at + head.start..at + head.end];
            at += head.end;
            match head.op {
                wire::TEXT => {
                    if !peer.is_ready {
                        peer.is_ready = true;
                        self.ready += 1;
                    }
                    ear.text(peer, payload);
                }
                wire::PING => {
                    let mut pong = Vec::with_capacity(16);
                    wire::put_masked(&mut pong, wire::PONG, payload);
                    peer.send(&pong);
                }
                wire::CLOSE => {
                    let code = payload.first_chunk().map(|code| u16::from_be_bytes(*code));
                    return self.lose(index, ear, code);
                }
                _ => {}
            }
        }
        if at < end {
            peer.left.extend_from_slice(&buffer[at..end]);
        } else if peer.left.capacity() > 4096 {
            peer.left = Vec::new();
        }
    }

    fn lose(&mut self, index: usize, ear: &mut impl Ear, code: Option<u16>) {
        let peer = &mut self.peers[index];
        peer.drop_stream();
        self.gone += 1;
        ear.gone(peer, code);
    }
}

/// What a server says to an upgrade.
enum Shaken {
    NotYet,
    Refused,
    /// The first frame begins here.
    Open(usize),
}

fn shaken(bytes: &[u8]) -> Shaken {
    match bytes.windows(4).position(|four| four == b"\r\n\r\n") {
        None => Shaken::NotYet,
        Some(end) if bytes.starts_with(b"HTTP/1.1 101 ") => Shaken::Open(end + 4),
        Some(_) => Shaken::Refused,
    }
}

/// The request by which a socket is opened.
pub(super) fn upgrade(path: &str, identity: Option<&str>) -> Vec<u8> {
    let identity = identity.map_or_else(String::new, |header| format!("{header}\r\n"));
    format!(
        "GET {path} HTTP/1.1\r\nHost: bench.invalid\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGVhaG91c2UgYmVuY2ggMA==\r\n{identity}\r\n"
    )
    .into_bytes()
}
