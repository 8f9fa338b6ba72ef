//! A TCP proxy between a browser and the server that can fail or announce a newer version.

use super::{Browser, Teahouse};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt, copy};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch::{self, Receiver, Sender};

/// The version in the `hello` frame.
const VERSION: &str = concat!("\"version\":\"", env!("CARGO_PKG_VERSION"), "\"");

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum NetworkState {
    Up,
    /// Drops what the server sends; requests arrive.
    DropResponses,
    Down,
}

/// A network between one window and the server.
pub struct Network {
    /// The server's URL through it.
    pub url: String,
    state: Sender<NetworkState>,
    newer: Sender<bool>,
}

impl Network {
    pub async fn before(server: &Teahouse) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let (state, now) = watch::channel(NetworkState::Up);
        let (newer, is_newer) = watch::channel(false);
        let host = server.host().to_owned();
        tokio::spawn(async move {
            while let Ok((near, _)) = listener.accept().await {
                tokio::spawn(forward(near, host.clone(), now.clone(), is_newer.clone()));
            }
        });
        Self { url, state, newer }
    }

    /// Cuts all connections of this window and rejects new ones.
    pub async fn disconnect(&self, browser: &Browser) {
        self.state.send_replace(NetworkState::Down);
        set_offline(browser, true).await;
    }

    /// Drops all responses from now on; requests arrive.
    pub fn drop_responses(&self) {
        self.state.send_replace(NetworkState::DropResponses);
    }

    /// Announces a newer version to each new connection.
    pub fn announce_newer_version(&self) {
        self.newer.send_replace(true);
    }

    pub async fn reconnect(&self, browser: &Browser) {
        self.state.send_replace(NetworkState::Up);
        set_offline(browser, false).await;
    }
}

async fn forward(
    near: TcpStream,
    host: String,
    mut now: Receiver<NetworkState>,
    newer: Receiver<bool>,
) {
    if *now.borrow_and_update() == NetworkState::Down {
        return;
    }
    let Ok(far) = TcpStream::connect(host).await else {
        return;
    };
    let (mut near_in, near_out) = near.into_split();
    let (far_in, mut far_out) = far.into_split();
    tokio::select! {
        _ = copy(&mut near_in, &mut far_out) => {}
        () = forward_responses(far_in, near_out, now.clone(), newer) => {}
        _ = now.wait_for(|state| *state == NetworkState::Down) => {}
    }
}

/// Forwards the server's data to the window.
async fn forward_responses(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    state: Receiver<NetworkState>,
    newer: Receiver<bool>,
) {
    let mut chunk = vec![0; 64 * 1024];
    while let Ok(length @ 1..) = from.read(&mut chunk).await {
        // Also drops data when the state is `Down`, which this task may see before the connection is cut.
        if *state.borrow() != NetworkState::Up {
            continue;
        }
        let chunk = &mut chunk[..length];
        if *newer.borrow() {
            replace_version(chunk);
        }
        if to.write_all(chunk).await.is_err() {
            return;
        }
    }
}

/// Replaces the version by one of the same length, which keeps frame lengths valid.
fn replace_version(chunk: &mut [u8]) {
    let found = chunk
        .windows(VERSION.len())
        .position(|part| part == VERSION.as_bytes());
    if let Some(at) = found {
        for byte in &mut chunk[at..at + VERSION.len()] {
            if byte.is_ascii_digit() {
                *byte = b'9';
            }
        }
    }
}

/// Tells Chromium that it is offline; its open sockets do not end by that.
async fn set_offline(browser: &Browser, offline: bool) {
    let network =
        json!({"offline": offline, "latency": 0, "downloadThroughput": -1, "uploadThroughput": -1});
    browser
        .cdp("Network.emulateNetworkConditions", network)
        .await;
}
