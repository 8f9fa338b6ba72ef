//! A network between a window and the house that can fail, and a newer house at the other end of it.

use super::{Browser, Teahouse};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt, copy};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch::{self, Receiver, Sender};

/// What the program calls itself in its greeting.
const VERSION: &str = concat!("\"version\":\"", env!("CARGO_PKG_VERSION"), "\"");

/// How the network is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Weather {
    Fine,
    /// What the house says gets lost; what it is told arrives.
    Deaf,
    Down,
}

/// A network between one window and the house.
pub struct Network {
    /// Where the house is found through it.
    pub url: String,
    weather: Sender<Weather>,
    newer: Sender<bool>,
}

impl Network {
    pub async fn to(house: &Teahouse) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let (weather, now) = watch::channel(Weather::Fine);
        let (newer, is_newer) = watch::channel(false);
        let host = house.host().to_owned();
        tokio::spawn(async move {
            while let Ok((near, _)) = listener.accept().await {
                tokio::spawn(carry(near, host.clone(), now.clone(), is_newer.clone()));
            }
        });
        Self {
            url,
            weather,
            newer,
        }
    }

    /// Cuts every connection of this window, and lets no other through.
    pub async fn fail(&self, browser: &Browser) {
        self.weather.send_replace(Weather::Down);
        tell(browser, true).await;
    }

    /// Loses every answer from here on, and nothing that is said.
    pub fn lose_answers(&self) {
        self.weather.send_replace(Weather::Deaf);
    }

    /// Whoever is greeted from here on is greeted by a newer program.
    pub fn lead_to_a_newer_house(&self) {
        self.newer.send_replace(true);
    }

    pub async fn come_back(&self, browser: &Browser) {
        self.weather.send_replace(Weather::Fine);
        tell(browser, false).await;
    }
}

async fn carry(near: TcpStream, host: String, mut now: Receiver<Weather>, newer: Receiver<bool>) {
    if *now.borrow_and_update() == Weather::Down {
        return;
    }
    let Ok(far) = TcpStream::connect(host).await else {
        return;
    };
    let (mut near_in, near_out) = near.into_split();
    let (far_in, mut far_out) = far.into_split();
    tokio::select! {
        _ = copy(&mut near_in, &mut far_out) => {}
        () = answers(far_in, near_out, now.clone(), newer) => {}
        _ = now.wait_for(|weather| *weather == Weather::Down) => {}
    }
}

/// What the house says, on its way to the window.
async fn answers(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    weather: Receiver<Weather>,
    newer: Receiver<bool>,
) {
    let mut piece = vec![0; 64 * 1024];
    while let Ok(length @ 1..) = from.read(&mut piece).await {
        // Nor when it is down, which whoever reads here may learn a little earlier than whoever cuts it off.
        if *weather.borrow() != Weather::Fine {
            continue;
        }
        let piece = &mut piece[..length];
        if *newer.borrow() {
            rename(piece);
        }
        if to.write_all(piece).await.is_err() {
            return;
        }
    }
}

/// Another version of the same length, so that no frame changes its own.
fn rename(piece: &mut [u8]) {
    let found = piece
        .windows(VERSION.len())
        .position(|part| part == VERSION.as_bytes());
    if let Some(at) = found {
        for byte in &mut piece[at..at + VERSION.len()] {
            if byte.is_ascii_digit() {
                *byte = b'9';
            }
        }
    }
}

/// Chromium hears of its network from the system; its open sockets need more than that to end.
async fn tell(browser: &Browser, offline: bool) {
    let network =
        json!({"offline": offline, "latency": 0, "downloadThroughput": -1, "uploadThroughput": -1});
    browser
        .cdp("Network.emulateNetworkConditions", network)
        .await;
}
