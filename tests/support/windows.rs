//! What people do at their windows, room by room.

use super::{Browser, Network, PATIENCE, Person, Profile, Teahouse, eventually, person::PASSWORD};
use serde_json::{Value, json};
use std::time::Instant;

/// Everything that the browser keeps of what was written: messages on their way, and drafts.
const KEPT: &str = "const done = arguments[0]; const asked = indexedDB.open('teahouse'); \
    asked.onupgradeneeded = () => asked.transaction.abort(); asked.onerror = () => done([]); \
    asked.onsuccess = () => { const database = asked.result; const reading = database.transaction(['outbox', 'drafts']); \
    const all = ['outbox', 'drafts'].map(name => reading.objectStore(name).getAll()); \
    reading.oncomplete = () => { database.close(); done(all.flatMap(({result}) => result)) } }";

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

    /// A window whose way to the house is this network.
    pub async fn by(house: &Teahouse, network: &Network, profile: Profile) -> Self {
        let mut browser = Self::open(house, profile).await;
        browser.url.clone_from(&network.url);
        browser.look_at().await;
        browser
    }

    /// Opens another tab of this browser and goes on there. Answers the one that was left.
    pub async fn another_tab(&self) -> thirtyfour::WindowHandle {
        let before = self.driver.window().await.expect("a tab");
        let tab = self.driver.new_tab().await.expect("another tab");
        self.go_to_tab(tab).await;
        before
    }

    pub async fn go_to_tab(&self, tab: thirtyfour::WindowHandle) {
        self.driver.switch_to_window(tab).await.expect("that tab");
        self.look_at().await;
    }

    /// Closes this tab, as a person would; an empty one stays.
    pub async fn close_tab(&self) {
        let empty = {
            let before = self.another_tab().await;
            let empty = self.driver.window().await.expect("a tab");
            self.go_to_tab(before).await;
            empty
        };
        self.driver.close_window().await.expect("closed");
        self.go_to_tab(empty).await;
    }

    /// What the browser keeps of what was written, as its database has it.
    pub async fn kept(&self) -> Vec<Value> {
        let answer = self.driver.execute_async(KEPT, vec![]).await;
        let kept = answer.expect("the script runs").json().clone();
        kept.as_array().expect("a list").clone()
    }

    /// Has this tab run a script before those of each page that it opens from here on.
    pub async fn runs_in_each_page(&self, script: &str) {
        let source = json!({"source": script});
        self.cdp("Page.enable", json!({})).await;
        self.cdp("Page.addScriptToEvaluateOnNewDocument", source)
            .await;
    }

    /// Waits until the browser keeps so many texts.
    pub async fn keeps(&self, count: usize) {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let kept = self.kept().await;
            if kept.len() == count {
                return;
            }
            assert!(
                Instant::now() < deadline,
                "{count} texts are kept: {kept:#?}"
            );
        }
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
        let there = format!(".layout[data-room-id='{room}'][data-connection=online]");
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

impl Browser {
    /// Opens the page of pending invitations and accepts the first.
    pub async fn accept_invitation(&self) {
        self.visit("/invitations").await;
        self.press("#invitations-list .button-primary").await;
        self.connected().await;
    }
}
