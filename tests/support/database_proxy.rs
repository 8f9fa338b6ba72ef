//! A TCP proxy between the server and its database that can fail.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch::{self, Receiver, Sender};

/// What the proxy does with packets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Traffic {
    Forward,
    /// Drops them, and all later ones of the same connection.
    Drop,
}

/// A proxy in front of a MySQL server.
pub struct Proxy {
    /// The port it listens on.
    pub port: u16,
    traffic: Sender<Traffic>,
    counters: Arc<Counters>,
}

#[derive(Default)]
struct Counters {
    commits: AtomicUsize,
    cuts: AtomicUsize,
    /// Cuts the connection after every n-th commit; 0: never.
    cut_every: AtomicUsize,
}

impl Proxy {
    /// Starts a proxy to this port.
    pub async fn before(port: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let own = listener.local_addr().expect("an address").port();
        let (traffic, watched) = watch::channel(Traffic::Forward);
        let counters = Arc::<Counters>::default();
        tokio::spawn(accept(listener, port, watched, counters.clone()));
        Self {
            port: own,
            traffic,
            counters,
        }
    }

    /// Sets what happens to packets from now on.
    pub fn set_traffic(&self, traffic: Traffic) {
        self.traffic.send_replace(traffic);
    }

    /// From now on cuts the connection after every n-th forwarded `COMMIT`.
    pub fn cut_every(&self, commits: usize) {
        self.counters.cut_every.store(commits, Ordering::SeqCst);
    }

    /// Returns the number of forwarded `COMMIT`s and of cut connections.
    pub fn counts(&self) -> (usize, usize) {
        let count = |counter: &AtomicUsize| counter.load(Ordering::SeqCst);
        (count(&self.counters.commits), count(&self.counters.cuts))
    }
}

async fn accept(
    listener: TcpListener,
    port: u16,
    traffic: Receiver<Traffic>,
    counters: Arc<Counters>,
) {
    while let Ok((client, _)) = listener.accept().await {
        let (traffic, counters) = (traffic.clone(), counters.clone());
        tokio::spawn(async move {
            if *traffic.borrow() == Traffic::Drop {
                return discard(client).await;
            }
            let Ok(server) = TcpStream::connect(("127.0.0.1", port)).await else {
                return;
            };
            let _ = (client.set_nodelay(true), server.set_nodelay(true));
            let ((from_client, to_client), (from_server, to_server)) =
                (client.into_split(), server.into_split());
            tokio::select! {
                () = forward_requests(from_client, to_server, traffic.clone(), &counters) => {}
                () = forward_responses(from_server, to_client, traffic) => {}
            }
        });
    }
}

async fn discard(mut client: TcpStream) {
    let mut buffer = [0; 4096];
    while matches!(client.read(&mut buffer).await, Ok(1..)) {}
}

/// Forwards the client's packets until either side closes or the connection is cut.
async fn forward_requests(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    traffic: Receiver<Traffic>,
    counters: &Counters,
) {
    let mut bytes = Vec::new();
    let mut is_lost = false;
    loop {
        match from.read_buf(&mut bytes).await {
            Ok(1..) => {}
            Ok(_) | Err(_) => return,
        }
        is_lost |= *traffic.borrow() == Traffic::Drop;
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
                let commits = counters.commits.fetch_add(1, Ordering::SeqCst) + 1;
                let every = counters.cut_every.load(Ordering::SeqCst);
                if every > 0 && commits.is_multiple_of(every) {
                    counters.cuts.fetch_add(1, Ordering::SeqCst);
                    return;
                }
            }
        }
    }
}

/// Returns the length of the first packet with its header once it is complete.
fn packet_length(bytes: &[u8]) -> Option<usize> {
    let head = bytes.first_chunk::<4>()?;
    let length = 4 + u32::from_le_bytes([head[0], head[1], head[2], 0]) as usize;
    (bytes.len() >= length).then_some(length)
}

async fn forward_responses(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    traffic: Receiver<Traffic>,
) {
    let mut bytes = vec![0; 16 * 1024];
    let mut is_lost = false;
    while let Ok(count @ 1..) = from.read(&mut bytes).await {
        is_lost |= *traffic.borrow() == Traffic::Drop;
        if !is_lost && to.write_all(&bytes[..count]).await.is_err() {
            return;
        }
    }
    // The server closed, but this must not reach the client.
    if is_lost {
        std::future::pending::<()>().await;
    }
}
