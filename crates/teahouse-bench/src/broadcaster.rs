//! The practical limit: a broadcaster of one thread that sends each text frame to all sockets of the same path,
//! `/ws/<room>`. It authenticates, checks and stores nothing. Frames of one iteration of its loop are written together.

use std::collections::{BTreeSet, HashMap};
use std::io::{ErrorKind, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::os::fd::{AsFd, OwnedFd};

use actix_http::ws::hash_key;
use anyhow::Result;
use rustix::event::epoll::{self, CreateFlags, Event, EventData, EventFlags};

use crate::frame;

/// Event data of the listener.
const LISTENER: u64 = u64::MAX;
const BUFFER: usize = 64 * 1024;
const EVENTS: usize = 512;

struct Connection {
    stream: TcpStream,
    /// Set when the connection is upgraded.
    room: Option<u32>,
    /// Bytes of an incomplete frame.
    input: Vec<u8>,
    /// Bytes that the kernel has not accepted yet.
    output: Vec<u8>,
}

struct Broadcaster {
    epoll: OwnedFd,
    connections: Vec<Option<Connection>>,
    /// Unused indexes of `connections`.
    free: Vec<usize>,
    /// Indexes of the connections in each room.
    rooms: HashMap<u32, BTreeSet<usize>>,
    /// Encoded frames of this iteration, by room.
    outgoing: HashMap<u32, Vec<u8>>,
}

/// Serves until the process is killed.
pub(crate) fn serve() -> Result<()> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    // The standard library's backlog is short.
    socket2::SockRef::from(&listener).listen(4096)?;
    listener.set_nonblocking(true)?;
    let address = listener.local_addr()?;
    let epoll = epoll::create(CreateFlags::CLOEXEC)?;
    epoll::add(
        &epoll,
        &listener,
        EventData::new_u64(LISTENER),
        EventFlags::IN,
    )?;
    let mut broadcaster = Broadcaster {
        epoll,
        connections: Vec::new(),
        free: Vec::new(),
        rooms: HashMap::new(),
        outgoing: HashMap::new(),
    };
    println!("listening on http://{address}");
    broadcaster.run(&listener)
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
                Err(error) => return Err(error.into()),
            }
            for event in &events {
                let (data, flags) = (event.data.u64(), event.flags);
                if data == LISTENER {
                    self.accept(listener);
                    continue;
                }
                let index = usize::try_from(data).unwrap_or(usize::MAX);
                if flags.contains(EventFlags::OUT) {
                    self.flush(index);
                }
                if flags.intersects(!EventFlags::OUT) && self.read(index, &mut buffer).is_none() {
                    self.close(index);
                }
            }
            for (room, bytes) in std::mem::take(&mut self.outgoing) {
                self.broadcast(room, &bytes);
            }
        }
    }

    fn accept(&mut self, listener: &TcpListener) {
        while let Ok((stream, _)) = listener.accept() {
            let _ = stream.set_nonblocking(true);
            let _ = stream.set_nodelay(true);
            let index = self.free.pop().unwrap_or(self.connections.len());
            let data = EventData::new_u64(index as u64);
            if epoll::add(&self.epoll, &stream, data, EventFlags::IN).is_err() {
                continue;
            }
            let connection = Connection {
                stream,
                room: None,
                input: Vec::new(),
                output: Vec::new(),
            };
            match self.connections.get_mut(index) {
                Some(slot) => *slot = Some(connection),
                None => self.connections.push(Some(connection)),
            }
        }
    }

    /// Reads once. Returns `None` when the connection is closed.
    fn read(&mut self, index: usize, buffer: &mut [u8]) -> Option<()> {
        let connection = self.connections.get_mut(index)?.as_mut()?;
        match connection.stream.read(buffer) {
            Ok(0) => return None,
            Ok(count) => connection.input.extend_from_slice(&buffer[..count]),
            Err(error) if error.kind() == ErrorKind::WouldBlock => return Some(()),
            Err(_) => return None,
        }
        if connection.room.is_none() {
            let Some(end) = connection
                .input
                .windows(4)
                .position(|four| four == b"\r\n\r\n")
            else {
                return Some(());
            };
            let request = String::from_utf8_lossy(&connection.input[..end]).into_owned();
            connection.input.drain(..end + 4);
            let (room, key) = parse_upgrade(&request)?;
            let response = format!(
                "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
                 Sec-WebSocket-Accept: {}\r\n\r\n",
                std::str::from_utf8(&hash_key(key.as_bytes())).ok()?
            );
            connection.stream.write_all(response.as_bytes()).ok()?;
            connection.room = Some(room);
            self.rooms.entry(room).or_default().insert(index);
        }
        self.decode(index)
    }

    /// Decodes complete frames. Returns `None` after a close frame.
    fn decode(&mut self, index: usize) -> Option<()> {
        let connection = self.connections.get_mut(index)?.as_mut()?;
        let mut at = 0;
        while let Some(header) = frame::header(&connection.input[at..])
            && at + header.end <= connection.input.len()
        {
            let (start, end) = (at + header.start, at + header.end);
            at = end;
            match header.op {
                frame::TEXT if header.is_masked => {
                    let mask: [u8; 4] = *connection.input[..start].last_chunk()?;
                    let text: Vec<u8> = connection.input[start..end]
                        .iter()
                        .zip(mask.iter().cycle())
                        .map(|(byte, mask)| byte ^ mask)
                        .collect();
                    let room = self.outgoing.entry(connection.room?).or_default();
                    frame::put(room, frame::TEXT, &text);
                }
                frame::CLOSE => return None,
                _ => {}
            }
        }
        connection.input.drain(..at);
        if connection.input.is_empty() {
            connection.input = Vec::new();
        }
        Some(())
    }

    fn broadcast(&mut self, room: u32, bytes: &[u8]) {
        let Some(members) = self.rooms.get(&room) else {
            return;
        };
        let mut closed = Vec::new();
        for index in members {
            let Some(connection) = self.connections[*index].as_mut() else {
                continue;
            };
            let has_output = !connection.output.is_empty();
            let written = match has_output {
                true => Some(0),
                false => try_write(&mut connection.stream, bytes),
            };
            let Some(written) = written else {
                closed.push(*index);
                continue;
            };
            if written < bytes.len() {
                connection.output.extend_from_slice(&bytes[written..]);
                if !has_output {
                    let both = EventFlags::IN | EventFlags::OUT;
                    let _ = set_events(&self.epoll, *index, &connection.stream, both);
                }
            }
        }
        for index in closed {
            self.close(index);
        }
    }

    /// Writes pending output.
    fn flush(&mut self, index: usize) {
        let Some(Some(connection)) = self.connections.get_mut(index) else {
            return;
        };
        let written = try_write(&mut connection.stream, &connection.output).unwrap_or(0);
        connection.output.drain(..written);
        if connection.output.is_empty() {
            connection.output = Vec::new();
            let _ = set_events(&self.epoll, index, &connection.stream, EventFlags::IN);
        }
    }

    fn close(&mut self, index: usize) {
        let Some(Some(connection)) = self.connections.get_mut(index).map(Option::take) else {
            return;
        };
        self.free.push(index);
        if let Some(members) = connection.room.and_then(|room| self.rooms.get_mut(&room)) {
            members.remove(&index);
        }
    }
}

/// Returns the room and the key of an upgrade request.
fn parse_upgrade(request: &str) -> Option<(u32, &str)> {
    let path = request.strip_prefix("GET /ws/")?;
    let room = path.split(' ').next()?.parse().ok()?;
    let key = request.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("sec-websocket-key")
            .then(|| value.trim())
    })?;
    Some((room, key))
}

/// Writes without blocking. Returns the number of bytes, or `None` when the connection is closed.
fn try_write(stream: &mut TcpStream, bytes: &[u8]) -> Option<usize> {
    match stream.write(bytes) {
        Ok(count) => Some(count),
        Err(error) if error.kind() == ErrorKind::WouldBlock => Some(0),
        Err(_) => None,
    }
}

fn set_events(
    epoll: &OwnedFd,
    index: usize,
    stream: impl AsFd,
    flags: EventFlags,
) -> rustix::io::Result<()> {
    epoll::modify(epoll, stream, EventData::new_u64(index as u64), flags)
}
