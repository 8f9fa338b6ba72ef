//! Actions of users in browser windows.

use super::{Browser, Network, Person, Profile, TIMEOUT, Teahouse, eventually, person::PASSWORD};
use serde_json::{Value, json};
use std::time::Instant;

/// Returns the messages and drafts stored in the browser.
const STORED_TEXTS: &str = "const done = arguments[0]; const asked = indexedDB.open('teahouse'); \
    asked.onupgradeneeded = () => asked.transaction.abort(); asked.onerror = () => done([]); \
    asked.onsuccess = () => { const database = asked.result; const reading = database.transaction(['outbox', 'drafts']); \
    const all = ['outbox', 'drafts'].map(name => reading.objectStore(name).getAll()); \
    reading.oncomplete = () => { database.close(); done(all.flatMap(({result}) => result)) } }";

/// Returns the selector of a room's item in the sidebar.
pub fn room_item(room: &str) -> String {
    format!(".rooms-item[data-room-id='{room}']")
}

impl Browser {
    /// Opens a window in which this person has signed in.
    pub async fn signed_in(server: &Teahouse, person: &Person) -> Self {
        let browser = Self::open(server, Profile::English).await;
        browser.visit("/login").await;
        browser.sign_in(&person.phone).await;
        browser.wait_until_connected().await;
        browser
    }

    /// Opens a window that reaches the server through a network.
    pub async fn through(server: &Teahouse, network: &Network, profile: Profile) -> Self {
        let mut browser = Self::open(server, profile).await;
        browser.url.clone_from(&network.url);
        browser
    }

    /// Opens another tab of this browser and switches to it. Returns the previous tab.
    pub async fn another_tab(&self) -> thirtyfour::WindowHandle {
        let before = self.driver.window().await.expect("a tab");
        let tab = self.driver.new_tab().await.expect("another tab");
        self.go_to_tab(tab).await;
        before
    }

    pub async fn go_to_tab(&self, tab: thirtyfour::WindowHandle) {
        self.driver.switch_to_window(tab).await.expect("that tab");
        self.emulate_focus().await;
    }

    /// Closes this tab and switches to a new, empty one.
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

    /// Returns the messages and drafts stored in the browser's database.
    pub async fn stored_texts(&self) -> Vec<Value> {
        let response = self.driver.execute_async(STORED_TEXTS, vec![]).await;
        let kept = response.expect("the script runs").json().clone();
        kept.as_array().expect("a list").clone()
    }

    /// Runs a script in each page that this tab opens from now on, before the page's own.
    pub async fn add_script_to_each_page(&self, script: &str) {
        let source = json!({"source": script});
        self.cdp("Page.enable", json!({})).await;
        self.cdp("Page.addScriptToEvaluateOnNewDocument", source)
            .await;
    }

    /// Waits until the browser stores this many texts.
    pub async fn wait_for_stored_texts(&self, count: usize) {
        let deadline = Instant::now() + TIMEOUT;
        loop {
            let kept = self.stored_texts().await;
            if kept.len() == count {
                return;
            }
            let is_in_time = Instant::now() < deadline;
            assert!(is_in_time, "expected {count} stored texts: {kept:#?}");
        }
    }

    /// Sends a message and waits until it is stored.
    pub async fn post(&self, text: &str) {
        self.say(text).await;
        self.wait_for_message(text).await;
    }

    /// Opens a page with a room and waits for the socket.
    pub async fn visit_room(&self, path: &str) {
        self.visit(path).await;
        self.wait_until_connected().await;
    }

    pub async fn sign_out(&self) {
        self.click("form[action='/logout'] button").await;
        self.find("#login").await;
    }

    /// Waits until the page shows that it has lost the connection.
    pub async fn wait_until_offline(&self) {
        let states = "#connection[data-state=reconnecting], #connection[data-state=offline]";
        self.find(states).await;
    }

    /// Cuts the network and waits until the page shows it.
    pub async fn disconnect(&self, network: &Network) {
        network.disconnect(self).await;
        self.wait_until_offline().await;
    }

    /// Chooses an action of a message, which shows its actions when it is clicked.
    pub async fn act_on_message(&self, seq: u64, action: &str) {
        self.click(&format!("#message-{seq} .message-body")).await;
        let button = format!("#message-{seq} [data-message-action={action}]");
        self.retry_click(&button).await;
    }

    /// Waits until an element contains this text.
    pub async fn wait_for_text(&self, selector: &str, text: &str) {
        let script = format!(
            "return document.querySelector(\"{selector}\")?.innerText.includes('{text}') ?? false"
        );
        self.wait_until(&format!("{selector} contains {text}"), &script)
            .await;
    }

    /// Returns an element's visible text.
    pub async fn text_of(&self, selector: &str) -> String {
        self.find(selector).await.text().await.expect("text")
    }

    /// Returns a field's value.
    pub async fn value_of(&self, selector: &str) -> String {
        let value = self.find(selector).await.value().await;
        value.expect("a field").expect("a value")
    }

    /// Returns the page's HTML.
    pub async fn source(&self) -> String {
        self.driver.source().await.expect("a page")
    }

    /// Checks accessibility, page width and the console in each size and color scheme.
    pub async fn check_page(&self, what: &str) {
        self.check_accessibility(what).await;
        let errors = self.console_errors().await;
        assert!(errors.is_empty(), "{what}: {errors:#?}");
    }

    /// Makes the window behave as the focused one.
    pub async fn emulate_focus(&self) {
        let focus = json!({"enabled": true});
        self.cdp("Emulation.setFocusEmulationEnabled", focus).await;
    }

    /// Signs in with the displayed form.
    pub async fn sign_in(&self, phone: &str) {
        self.fill("#login #phone", phone).await;
        self.fill("#login #password", PASSWORD).await;
        self.click("#login button[type=submit]").await;
        self.find(".account").await;
    }

    /// Clicks an element that the page may be redrawing.
    pub async fn retry_click(&self, selector: &str) {
        let what = format!("{selector} is clicked");
        eventually(&what, || async {
            self.find(selector).await.click().await.ok()
        })
        .await;
    }

    /// Opens a room from the sidebar.
    pub async fn open_room(&self, room: &str) {
        self.retry_click(&room_item(room)).await;
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
        self.retry_click("#invitations-list .button-primary").await;
        self.wait_until_connected().await;
    }
}
