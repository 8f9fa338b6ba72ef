//! Many WebSocket connections on one thread. Reads share one buffer and frames are parsed in place.

use std::io::{ErrorKind, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::ops::ControlFlow;
use std::os::fd::OwnedFd;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use rustix::event::epoll::{self, CreateFlags, Event, EventData, EventFlags};
use rustix::time::Timespec;
use socket2::{Domain, Type};

use crate::frame;
use crate::socket::{FrameHandler, NoopHandler, Socket, State};

/// Bytes of one read.
const BUFFER: usize = 512 * 1024;
/// Events of one poll.
const EVENTS: usize = 1024;
/// Sockets per local address, which has some 28,000 ports.
const PER_ADDRESS: usize = 5_000;
/// Handshakes in progress at once.
const HANDSHAKES: usize = 64;
/// Connecting fails after this time without progress.
const TIMEOUT: Duration = Duration::from_secs(30);

/// WebSocket connections to one server.
pub(crate) struct EpollClient {
    epoll: OwnedFd,
    address: SocketAddr,
    /// Whether a socket is ready only when the server has sent its first frame.
    expects_hello: bool,
    pub(crate) sockets: Vec<Socket>,
    ready: usize,
    closed: usize,
    buffer: Vec<u8>,
    events: Vec<Event>,
}

impl EpollClient {
    /// A client without connections.
    pub(crate) fn new(address: SocketAddr, expects_hello: bool) -> Result<Self> {
        Ok(Self {
            epoll: epoll::create(CreateFlags::CLOEXEC)?,
            address,
            expects_hello,
            sockets: Vec::new(),
            ready: 0,
            closed: 0,
            buffer: vec![0; BUFFER],
            events: Vec::with_capacity(EVENTS),
        })
    }

    /// Opens a socket with each upgrade request. Returns when all are ready.
    pub(crate) fn connect(
        &mut self,
        requests: &[Vec<u8>],
        handler: &mut impl FrameHandler,
    ) -> Result<()> {
        self.connect_while(requests, handler, || Ok(Duration::from_millis(100)))
    }

    /// Like [`EpollClient::connect`], and calls `meanwhile` at least as often as it returns.
    pub(crate) fn connect_while(
        &mut self,
        requests: &[Vec<u8>],
        handler: &mut impl FrameHandler,
        mut meanwhile: impl FnMut() -> Result<Duration>,
    ) -> Result<()> {
        let mut progress_at = Instant::now();
        let all = self.sockets.len() + requests.len();
        let mut requests = requests.iter();
        while self.ready < all {
            while self.sockets.len() < self.ready + HANDSHAKES {
                let Some(request) = requests.next() else {
                    break;
                };
                self.open(request).with_context(|| {
                    format!("socket {} cannot be opened", self.sockets.len() + 1)
                })?;
            }
            let before = self.ready;
            self.poll(handler, meanwhile()?)?;
            if self.ready > before {
                progress_at = Instant::now();
            }
            if self.closed > 0 || progress_at.elapsed() > TIMEOUT {
                let (ready, closed) = (self.ready, self.closed);
                bail!("of {all} sockets {ready} connected and {closed} were refused or cut");
            }
        }
        Ok(())
    }

    fn open(&mut self, request: &[u8]) -> Result<()> {
        let index = self.sockets.len();
        let socket = socket2::Socket::new(Domain::for_address(self.address), Type::STREAM, None)?;
        if self.address.ip() == Ipv4Addr::LOCALHOST {
            let last = u8::try_from(2 + index / PER_ADDRESS).unwrap_or(254);
            let local = SocketAddr::from((Ipv4Addr::new(127, 0, 0, last), 0));
            socket.bind(&local.into())?;
        }
        socket.connect(&self.address.into())?;
        socket.set_tcp_nodelay(true)?;
        // Closing resets the connection, so that its port is free at once.
        socket.set_linger(Some(Duration::ZERO))?;
        let mut stream = TcpStream::from(socket);
        stream.write_all(request)?;
        stream.set_nonblocking(true)?;
        let data = EventData::new_u64(index as u64);
        epoll::add(&self.epoll, &stream, data, EventFlags::IN)?;
        self.sockets.push(Socket {
            index,
            stream: Some(stream),
            state: State::Handshake,
            is_ready: false,
            partial: Vec::new(),
        });
        Ok(())
    }

    /// Resets all connections at once.
    pub(crate) fn disconnect(&mut self) {
        self.sockets.iter_mut().for_each(Socket::close);
        self.sockets.clear();
        (self.ready, self.closed) = (0, 0);
    }

    /// Number of connections that ended.
    pub(crate) fn closed(&self) -> usize {
        self.closed
    }

    /// Ignores what arrives for `time`.
    pub(crate) fn idle(&mut self, time: Duration) -> Result<()> {
        let until = Instant::now() + time;
        while let Some(left) = until.checked_duration_since(Instant::now()) {
            self.poll(&mut NoopHandler, left)?;
        }
        Ok(())
    }

    /// Waits at most `timeout` for bytes and handles them. Returns whether any arrived.
    pub(crate) fn poll(
        &mut self,
        handler: &mut impl FrameHandler,
        timeout: Duration,
    ) -> Result<bool> {
        let timeout = Timespec {
            tv_sec: i64::try_from(timeout.as_secs()).unwrap_or(0),
            tv_nsec: i64::from(timeout.subsec_nanos()),
        };
        self.events.clear();
        let spare = rustix::buffer::spare_capacity(&mut self.events);
        match epoll::wait(&self.epoll, spare, Some(&timeout)) {
            Ok(_) | Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
        for at in 0..self.events.len() {
            let index = usize::try_from(self.events[at].data.u64()).unwrap_or(usize::MAX);
            self.read(index, handler);
        }
        Ok(!self.events.is_empty())
    }

    fn read(&mut self, index: usize, handler: &mut impl FrameHandler) {
        let (Some(socket), buffer) = (self.sockets.get_mut(index), &mut self.buffer) else {
            return;
        };
        let Some(stream) = &mut socket.stream else {
            return;
        };
        let partial = socket.partial.len();
        if buffer.len() < partial + BUFFER / 2 {
            buffer.resize(partial + BUFFER, 0);
        }
        buffer[..partial].copy_from_slice(&socket.partial);
        let end = match stream.read(&mut buffer[partial..]) {
            Ok(0) => return self.close(index, handler, None),
            Ok(count) => partial + count,
            Err(error) if error.kind() == ErrorKind::WouldBlock => return,
            Err(_) => return self.close(index, handler, None),
        };
        socket.partial.clear();
        let mut at = 0;
        if socket.state == State::Handshake {
            match parse_handshake(&buffer[..end]) {
                Handshake::Incomplete => return socket.partial.extend_from_slice(&buffer[..end]),
                Handshake::Refused => return self.close(index, handler, None),
                Handshake::Accepted(start) => at = start,
            }
            socket.state = State::Open;
            if !self.expects_hello {
                socket.is_ready = true;
                self.ready += 1;
            }
        }
        while let Some(header) = frame::header(&buffer[at..end])
            && at + header.end <= end
        {
            let payload = &buffer[at + header.start..at + header.end];
            at += header.end;
            if header.op == frame::TEXT && !socket.is_ready {
                socket.is_ready = true;
                self.ready += 1;
            }
            if let ControlFlow::Break(code) = dispatch(socket, header.op, payload, handler) {
                return self.close(index, handler, code);
            }
        }
        if at < end {
            socket.partial.extend_from_slice(&buffer[at..end]);
        } else if socket.partial.capacity() > 4096 {
            socket.partial = Vec::new();
        }
    }

    fn close(&mut self, index: usize, handler: &mut impl FrameHandler, code: Option<u16>) {
        let socket = &mut self.sockets[index];
        socket.close();
        self.closed += 1;
        handler.closed(socket, code);
    }
}

/// Handles one frame. Breaks with the code of a close frame.
fn dispatch(
    socket: &mut Socket,
    op: u8,
    payload: &[u8],
    handler: &mut impl FrameHandler,
) -> ControlFlow<Option<u16>> {
    match op {
        frame::TEXT => handler.text(socket, payload),
        frame::PING => {
            let mut pong = Vec::with_capacity(16);
            frame::put_masked(&mut pong, frame::PONG, payload);
            socket.send(&pong);
        }
        frame::CLOSE => {
            let code = payload.first_chunk().map(|code| u16::from_be_bytes(*code));
            return ControlFlow::Break(code);
        }
        _ => {}
    }
    ControlFlow::Continue(())
}

/// A server's response to an upgrade request.
enum Handshake {
    Incomplete,
    Refused,
    /// With the offset of the first frame.
    Accepted(usize),
}

fn parse_handshake(bytes: &[u8]) -> Handshake {
    match bytes.windows(4).position(|four| four == b"\r\n\r\n") {
        None => Handshake::Incomplete,
        Some(end) if bytes.starts_with(b"HTTP/1.1 101 ") => Handshake::Accepted(end + 4),
        Some(_) => Handshake::Refused,
    }
}

/// Returns the HTTP request that opens a WebSocket.
pub(crate) fn upgrade_request(path: &str, auth_header: Option<&str>) -> Vec<u8> {
    let auth_header = auth_header.map_or_else(String::new, |header| format!("{header}\r\n"));
    format!(
        "GET {path} HTTP/1.1\r\nHost: bench.invalid\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGVhaG91c2UgYmVuY2ggMA==\r\n{auth_header}\r\n"
    )
    .into_bytes()
}
