//! The practical limit: a broadcaster of one thread, which gives what somebody says in `/ws/<room>` to everybody there
//! and does nothing else. Nobody signs in, nothing is checked, nothing is stored. Frames of one turn of its loop go to
//! a socket together.

use std::collections::{BTreeSet, HashMap};
use std::io::{ErrorKind, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::os::fd::{AsFd, OwnedFd};

use rustix::event::epoll::{self, CreateFlags, Event, EventData, EventFlags};
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;

use super::wire;
use crate::error::{Error, Result};

/// Where the listener is among the sockets.
const DOOR: u64 = u64::MAX;
const BUFFER: usize = 64 * 1024;
const EVENTS: usize = 512;

struct Guest {
    stream: TcpStream,
    /// Where they are, once the connection was upgraded.
    room: Option<u32>,
    /// What came and is no whole frame yet.
    came: Vec<u8>,
    /// What the kernel did not take yet.
    owed: Vec<u8>,
}

struct Broadcaster {
    epoll: OwnedFd,
    guests: Vec<Option<Guest>>,
    free: Vec<usize>,
    rooms: HashMap<u32, BTreeSet<usize>>,
    said: HashMap<u32, Vec<u8>>,
}

/// Serves until it is killed.
///
/// # Errors
/// When the machine gives no socket.
pub(super) fn serve() -> Result<()> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).map_err(Error::internal)?;
    // The standard library's queue is short.
    listen(&listener)?;
    listener.set_nonblocking(true).map_err(Error::internal)?;
    let address = listener.local_addr().map_err(Error::internal)?;
    let epoll = epoll::create(CreateFlags::CLOEXEC).map_err(Error::internal)?;
    epoll::add(&epoll, &listener, EventData::new_u64(DOOR), EventFlags::IN)
        .map_err(Error::internal)?;
    let mut broadcaster = Broadcaster {
        epoll,
        guests: Vec::new(),
        free: Vec::new(),
        rooms: HashMap::new(),
        said: HashMap::new(),
    };
    println!("listening on http://{address}");
    broadcaster.run(&listener)
}

fn listen(listener: &TcpListener) -> Result<()> {
    socket2::SockRef::from(listener)
        .listen(4096)
        .map_err(Error::internal)
}

impl Broadcaster {
    fn run(&mut self, listener: &TcpListener) -> Result<()> {
        let mut buffer = vec![0; BUFFER];
        let mut events: Vec<Event> = Vec::with_capacity(EVENTS);
        loop {
            events.clear();
            let spare = rustix::buffer::spare_capacity(&mut events);
            match epoll::wait(&self.epoll, spare, None) {
                Ok(_) | Err(rustix::io::Errno::INTR) => {}
                Err(error) => return Err(Error::internal(error)),
            }
            for event in &events {
                let (data, flags) = (event.data.u64(), event.flags);
                if data == DOOR {
                    self.welcome(listener);
                    continue;
                }
                let index = usize::try_from(data).unwrap_or(usize::MAX);
                if flags.contains(EventFlags::OUT) {
                    self.pay(index);
                }
                if flags.intersects(!EventFlags::OUT) && self.hear(index, &mut buffer).is_none() {
                    self.lose(index);
                }
            }
            for (room, bytes) in std::mem::take(&mut self.said) {
                self.cast(room, &bytes);
            }
        }
    }

    fn welcome(&mut self, listener: &TcpListener) {
        while let Ok((stream, _)) = listener.accept() {
            let _ = stream.set_nonblocking(true);
            let _ = stream.set_nodelay(true);
            let index = self.free.pop().unwrap_or(self.guests.len());
            let data = EventData::new_u64(index as u64);
            if epoll::add(&self.epoll, &stream, data, EventFlags::IN).is_err() {
                continue;
            }
            let guest = Guest {
                stream,
                room: None,
                came: Vec::new(),
                owed: Vec::new(),
            };
            match self.guests.get_mut(index) {
                Some(place) => *place = Some(guest),
                None => self.guests.push(Some(guest)),
            }
        }
    }

    /// Reads once; `None` when the guest is gone.
    fn hear(&mut self, index: usize, buffer: &mut [u8]) -> Option<()> {
        let guest = self.guests.get_mut(index)?.as_mut()?;
        match guest.stream.read(buffer) {
            Ok(0) => return None,
            Ok(count) => guest.came.extend_from_slice(&buffer[..count]),
            Err(error) if error.kind() == ErrorKind::WouldBlock => return Some(()),
            Err(_) => return None,
        }
        if guest.room.is_none() {
            let Some(end) = guest.came.windows(4).position(|four| four == b"\r\n\r\n") else {
                return Some(());
            };
            let request = String::from_utf8_lossy(&guest.came[..end]).into_owned();
            guest.came.drain(..end + 4);
            let (room, key) = asked(&request)?;
            let answer = format!(
                "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
                 Sec-WebSocket-Accept: {}\r\n\r\n",
                derive_accept_key(key.as_bytes())
            );
            guest.stream.write_all(answer.as_bytes()).ok()?;
            guest.room = Some(room);
            self.rooms.entry(room).or_default().insert(index);
        }
        self.understand(index)
    }

    /// Takes whole frames; `None` when the guest says goodbye.
    fn understand(&mut self, index: usize) -> Option<()> {
        let guest = self.guests.get_mut(index)?.as_mut()?;
        let mut at = 0;
        while let Some(head) = wire::head(&guest.came[at..])
            && at + head.end <= guest.came.len()
        {
            let (start, end) = (at + head.start, at + head.end);
            at = end;
            match head.op {
                wire::TEXT if head.is_masked => {
                    let mask: [u8; 4] = *guest.came[..start].last_chunk()?;
                    let text: Vec<u8> = guest.came[start..end]
                        .iter()
                        .zip(mask.iter().cycle())
                        .map(|(byte, mask)| byte ^ mask)
                        .collect();
                    let said = self.said.entry(guest.room?).or_default();
                    wire::put(said, wire::TEXT, &text);
                }
                wire::CLOSE => return None,
                _ => {}
            }
        }
        guest.came.drain(..at);
        if guest.came.is_empty() {
            guest.came = Vec::new();
        }
        Some(())
    }

    fn cast(&mut self, room: u32, bytes: &[u8]) {
        let Some(members) = self.rooms.get(&room) else {
            return;
        };
        let mut lost = Vec::new();
        for index in members {
            let Some(guest) = self.guests[*index].as_mut() else {
                continue;
            };
            let owes = !guest.owed.is_empty();
            let taken = match owes {
                true => 0,
                false => match take(&mut guest.stream, bytes) {
                    Some(taken) => taken,
                    None => {
                        lost.push(*index);
                        continue;
                    }
                },
            };
            if taken < bytes.len() {
                guest.owed.extend_from_slice(&bytes[taken..]);
                if !owes {
                    let both = EventFlags::IN | EventFlags::OUT;
                    let _ = watch(&self.epoll, *index, &guest.stream, both);
                }
            }
        }
        for index in lost {
            self.lose(index);
        }
    }

    /// Writes what is owed.
    fn pay(&mut self, index: usize) {
        let Some(Some(guest)) = self.guests.get_mut(index) else {
            return;
        };
        let taken = take(&mut guest.stream, &guest.owed).unwrap_or(0);
        guest.owed.drain(..taken);
        if guest.owed.is_empty() {
            guest.owed = Vec::new();
            let _ = watch(&self.epoll, index, &guest.stream, EventFlags::IN);
        }
    }

    fn lose(&mut self, index: usize) {
        let Some(Some(guest)) = self.guests.get_mut(index).map(Option::take) else {
            return;
        };
        self.free.push(index);
        if let Some(members) = guest.room.and_then(|room| self.rooms.get_mut(&room)) {
            members.remove(&index);
        }
    }
}

/// The room and the key of an upgrade request.
fn asked(request: &str) -> Option<(u32, &str)> {
    let path = request.strip_prefix("GET /ws/")?;
    let room = path.split(' ').next()?.parse().ok()?;
    let key = request.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("sec-websocket-key")
            .then(|| value.trim())
    })?;
    Some((room, key))
}

/// What the kernel takes now; `None` when the guest is gone.
fn take(stream: &mut TcpStream, bytes: &[u8]) -> Option<usize> {
    match stream.write(bytes) {
        Ok(count) => Some(count),
        Err(error) if error.kind() == ErrorKind::WouldBlock => Some(0),
        Err(_) => None,
    }
}

fn watch(
    epoll: &OwnedFd,
    index: usize,
    stream: impl AsFd,
    flags: EventFlags,
) -> rustix::io::Result<()> {
    epoll::modify(epoll, stream, EventData::new_u64(index as u64), flags)
}
