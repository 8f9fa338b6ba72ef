//! What people do at their windows, room by room; and a network between a window and the house that can fail.

use super::{Browser, Person, Profile, Teahouse, eventually, person::PASSWORD};
use serde_json::json;
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch::{self, Receiver, Sender};

/// The line of a room in the list at the side.
pub fn line_of(room: &str) -> String {
    format!(".rooms-item[data-room-id='{room}']")
}

impl Browser {
    /// A window of its own, at which this person sits and has signed in.
    pub async fn of(house: &Teahouse, person: &Person) -> Self {
        let browser = Self::open(house, Profile::English).await;
        browser.look_at().await;
        browser.visit("/login").await;
        browser.sign_in(&person.phone).await;
        browser.connected().await;
        browser
    }

    /// From here on somebody looks at this window.
    pub async fn look_at(&self) {
        let focus = json!({"enabled": true});
        self.cdp("Emulation.setFocusEmulationEnabled", focus).await;
    }

    /// Signs in by the form that is shown.
    pub async fn sign_in(&self, phone: &str) {
        self.fill("#login #phone", phone).await;
        self.fill("#login #password", PASSWORD).await;
        self.click("#login button[type=submit]").await;
        self.find(".account").await;
    }

    /// Clicks something that the page may be drawing anew.
    pub async fn press(&self, selector: &str) {
        let what = format!("{selector} is clicked");
        eventually(&what, || async {
            self.find(selector).await.click().await.ok()
        })
        .await;
    }

    /// Goes into a room by the list at the side.
    pub async fn go_into(&self, room: &str) {
        self.press(&line_of(room)).await;
        let there = format!(".frame[data-room-id='{room}'][data-connection=online]");
        self.find(&there).await;
    }

    /// Opens the panel beside the room, unless it is open.
    pub async fn open_panel(&self) {
        let closed = "return !document.querySelector('#people[data-open]')";
        if self.script(closed).await == true {
            self.click("#people-toggle").await;
        }
        self.find("#people[data-open]").await;
    }
}

/// A network between one window and the house.
pub struct Network {
    /// Where the house is found through it.
    pub url: String,
    down: Sender<bool>,
}

impl Network {
    pub async fn to(house: &Teahouse) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let (down, is_down) = watch::channel(false);
        let host = house.host().to_owned();
        tokio::spawn(async move {
            while let Ok((near, _)) = listener.accept().await {
                tokio::spawn(carry(near, host.clone(), is_down.clone()));
            }
        });
        Self { url, down }
    }

    /// Cuts every connection of this window, and lets no other through.
    pub async fn fail(&self, browser: &Browser) {
        self.down.send_replace(true);
        tell(browser, true).await;
    }

    pub async fn come_back(&self, browser: &Browser) {
        self.down.send_replace(false);
        tell(browser, false).await;
    }
}

async fn carry(mut near: TcpStream, host: String, mut is_down: Receiver<bool>) {
    if *is_down.borrow() {
        return;
    }
    let Ok(mut far) = TcpStream::connect(host).await else {
        return;
    };
    tokio::select! {
        _ = copy_bidirectional(&mut near, &mut far) => {}
        _ = is_down.wait_for(|down| *down) => {}
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
