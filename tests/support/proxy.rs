//! A network between the program and its database that can fail.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch::{self, Receiver, Sender};

/// What becomes of what is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// It arrives.
    Through,
    /// It vanishes, and so does everything later on the same connection.
    Nowhere,
}

/// Listens in place of a MySQL server.
pub struct Proxy {
    /// Where it listens.
    pub port: u16,
    way: Sender<Way>,
    seen: Arc<Seen>,
}

#[derive(Default)]
struct Seen {
    commits: AtomicUsize,
    cuts: AtomicUsize,
    /// Every so many commits, the connection is cut; 0: never.
    cut_every: AtomicUsize,
}

impl Proxy {
    /// In front of the server at this port.
    pub async fn before(port: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let own = listener.local_addr().expect("an address").port();
        let (way, watched) = watch::channel(Way::Through);
        let seen = Arc::<Seen>::default();
        tokio::spawn(accept(listener, port, watched, seen.clone()));
        Self {
            port: own,
            way,
            seen,
        }
    }

    /// From now on.
    pub fn lead(&self, way: Way) {
        self.way.send_replace(way);
    }

    /// From now on the connection is cut right after every so many `COMMIT`s have gone through.
    pub fn cut_every(&self, commits: usize) {
        self.seen.cut_every.store(commits, Ordering::SeqCst);
    }

    /// How many `COMMIT`s went through, and after how many of them the connection was cut.
    pub fn counts(&self) -> (usize, usize) {
        let count = |counter: &AtomicUsize| counter.load(Ordering::SeqCst);
        (count(&self.seen.commits), count(&self.seen.cuts))
    }
}

async fn accept(listener: TcpListener, port: u16, way: Receiver<Way>, seen: Arc<Seen>) {
    while let Ok((client, _)) = listener.accept().await {
        let (way, seen) = (way.clone(), seen.clone());
        tokio::spawn(async move {
            if *way.borrow() == Way::Nowhere {
                return swallow(client).await;
            }
            let Ok(server) = TcpStream::connect(("127.0.0.1", port)).await else {
                return;
            };
            let _ = (client.set_nodelay(true), server.set_nodelay(true));
            let ((from_client, to_client), (from_server, to_server)) =
                (client.into_split(), server.into_split());
            tokio::select! {
                () = ask(from_client, to_server, way.clone(), &seen) => {}
                () = answer(from_server, to_client, way) => {}
            }
        });
    }
}

async fn swallow(mut client: TcpStream) {
    let mut waste = [0; 4096];
    while matches!(client.read(&mut waste).await, Ok(1..)) {}
}

/// What the program says, packet by packet. Ends when it closes, or when the connection is to be cut.
async fn ask(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, way: Receiver<Way>, seen: &Seen) {
    let mut bytes = Vec::new();
    let mut is_lost = false;
    loop {
        match from.read_buf(&mut bytes).await {
            Ok(1..) => {}
            Ok(_) | Err(_) => return,
        }
        is_lost |= *way.borrow() == Way::Nowhere;
        if is_lost {
            bytes.clear();
        }
        while let Some(length) = packet_length(&bytes) {
            let packet: Vec<u8> = bytes.drain(..length).collect();
            if to.write_all(&packet).await.is_err() {
                return;
            }
            // The first packet of a request is a command: 3 is a query.
            if packet[3] == 0 && packet[4..] == *b"\x03COMMIT" {
                let commits = seen.commits.fetch_add(1, Ordering::SeqCst) + 1;
                let every = seen.cut_every.load(Ordering::SeqCst);
                if every > 0 && commits.is_multiple_of(every) {
                    seen.cuts.fetch_add(1, Ordering::SeqCst);
                    return;
                }
            }
        }
    }
}

/// The length of the first packet with its head, when it is there as a whole.
fn packet_length(bytes: &[u8]) -> Option<usize> {
    let head = bytes.first_chunk::<4>()?;
    let length = 4 + u32::from_le_bytes([head[0], head[1], head[2], 0]) as usize;
    (bytes.len() >= length).then_some(length)
}

async fn answer(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, way: Receiver<Way>) {
    let mut bytes = vec![0; 16 * 1024];
    let mut is_lost = false;
    while let Ok(count @ 1..) = from.read(&mut bytes).await {
        is_lost |= *way.borrow() == Way::Nowhere;
        if !is_lost && to.write_all(&bytes[..count]).await.is_err() {
            return;
        }
    }
    // The server has gone, but that is not heard here.
    if is_lost {
        std::future::pending::<()>().await;
    }
}
