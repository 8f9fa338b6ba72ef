//! Test support: the server process, users, sockets and browsers.

mod api_client;
mod audit;
pub mod backups;
mod browser;
mod browser_actions;
pub mod chat;
pub mod database;
mod database_proxy;
mod descriptors;
mod doctor_report;
mod follower;
pub mod github;
mod http_request;
pub mod images;
pub mod load_generator;
pub mod login;
mod mariadb;
pub mod members;
mod metrics;
mod network;
pub mod nginx;
mod page_poller;
pub mod person;
mod process;
pub mod raw_http;
pub mod raw_images;
pub mod raw_socket;
mod room_actions;
mod small_disk;
mod sms_provider;
mod socket;
mod teahouse;
pub mod terminal;

pub use api_client::{ApiClient, EventStream};
pub use browser::{Browser, Profile};
pub use browser_actions::room_item;
pub use database::{Database, long_tests, short_timeouts};
pub use database_proxy::{Proxy, Traffic};
pub use doctor_report::DoctorReport;
pub use follower::{Follower, LastVersion};
pub use github::GitHub;
pub use load_generator::LoadGenerator;
pub use mariadb::MariaDb;
pub use members::{Member, message_states};
pub use metrics::{Metrics, count_queries};
pub use network::Network;
pub use nginx::Nginx;
pub use page_poller::PagePoller;
pub use person::Person;
pub use process::Outcome;
pub use raw_socket::RawSocket;
pub use small_disk::SmallDisk;
pub use sms_provider::SmsProvider;
pub use socket::Socket;
pub use teahouse::Teahouse;

use std::future::Future;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// Maximum time for anything that a test waits for.
pub const TIMEOUT: Duration = Duration::from_secs(10);

/// The id of the room of which each user is a member.
pub const LOBBY: &str = "1";

/// Returns a new client id for a message.
pub fn client_id() -> String {
    uuid::Uuid::new_v4().to_string()
}

/// Returns a random secret of 128 characters.
pub fn random_secret() -> String {
    (0..4)
        .map(|_| uuid::Uuid::new_v4().simple().to_string())
        .collect()
}

/// Polls until `ask` returns a value; panics with `what` after `TIMEOUT`.
pub async fn eventually<T, F: Future<Output = Option<T>>>(
    what: &str,
    mut ask: impl FnMut() -> F,
) -> T {
    let deadline = Instant::now() + TIMEOUT;
    loop {
        if let Some(response) = ask().await {
            return response;
        }
        assert!(Instant::now() < deadline, "never happened: {what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Polls until `check` returns true; panics with `what` after `TIMEOUT`.
pub async fn until(what: &str, mut check: impl AsyncFnMut() -> bool) {
    let deadline = Instant::now() + TIMEOUT;
    while !check().await {
        assert!(Instant::now() < deadline, "never happened: {what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

pub fn words(text: &str) -> Vec<&str> {
    text.split_whitespace().collect()
}

/// Returns this field of each message.
pub fn field_values(messages: &[serde_json::Value], field: &str) -> Vec<serde_json::Value> {
    messages
        .iter()
        .map(|message| message[field].clone())
        .collect()
}

/// Returns a response's status and Location.
pub fn status_and_location(response: &reqwest::Response) -> (u16, &str) {
    let location = response
        .headers()
        .get("location")
        .and_then(|value| value.to_str().ok());
    (response.status().as_u16(), location.unwrap_or("nowhere"))
}

/// Returns the ids of the fields with an error message, in page order.
pub fn field_errors(page: &str) -> Vec<&str> {
    let parts = page.split("id=\"");
    let ids = parts.skip(1).filter_map(|rest| rest.split('"').next());
    ids.filter_map(|id| id.strip_suffix("-error"))
        .filter(|name| *name != "form")
        .collect()
}

/// Returns the pairs in a text of the form `a=b c=d`.
pub fn pairs(text: &str) -> Vec<(&str, &str)> {
    let pairs = text.split_whitespace().map(|pair| pair.split_once('='));
    pairs.map(|pair| pair.expect("a=b")).collect()
}

/// Returns all files below a folder.
pub fn files_below(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).expect("a folder");
    let paths = entries.map(|entry| entry.expect("an entry").path());
    let files = paths.flat_map(|path| match path.is_dir() {
        true => files_below(&path),
        false => vec![path],
    });
    files.collect()
}

/// Returns a response's status and Location, such as `303 /login`.
pub fn redirect(response: &reqwest::Response) -> String {
    let (status, location) = status_and_location(response);
    format!("{status} {location}")
}

/// Returns a response's body.
pub async fn text(response: reqwest::Response) -> String {
    response.text().await.expect("text")
}

/// Returns a header that the response must have.
pub fn header(response: &reqwest::Response, name: &str) -> String {
    let value = response.headers().get(name).expect(name);
    value.to_str().expect("text").to_owned()
}

/// Returns an API error's status and code, such as `404 not_found`.
pub fn error_code<S: Into<u16>>((status, error): (S, serde_json::Value)) -> String {
    let code = error["code"].as_str().unwrap_or_default();
    format!("{} {code}", status.into())
}

/// Asserts status 422 and returns the ids of the fields with an error message.
pub async fn rejected_fields(response: reqwest::Response) -> Vec<String> {
    assert_eq!(response.status(), 422);
    let page = response.text().await.expect("text");
    field_errors(&page).into_iter().map(str::to_owned).collect()
}

/// Returns the text of the element with this id, without tags.
pub fn text_of(page: &str, id: &str) -> String {
    let Some((_, rest)) = page.split_once(&format!("id=\"{id}\"")) else {
        return String::new();
    };
    let inner = rest.split_once('>').map_or("", |(_, inner)| inner);
    let inner = inner.split("</p>").next().unwrap_or_default();
    let texts = inner
        .split('<')
        .enumerate()
        .map(|(n, part)| match part.split_once('>') {
            Some((_, text)) if n > 0 => text,
            _ => part,
        });
    texts.collect::<String>().trim().to_owned()
}
