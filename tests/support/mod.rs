//! What the tests stand on: the real program, people, sockets and browsers.

mod asked;
mod audit;
pub mod backups;
mod browser;
pub mod crowd;
pub mod database;
mod descriptors;
mod figures;
mod follower;
pub mod github;
mod keeping;
pub mod knock;
mod mariadb;
mod network;
pub mod nginx;
pub mod person;
mod phones;
pub mod pictures;
mod program;
mod proxy;
pub mod raw;
pub mod raw_http;
pub mod raw_pictures;
mod report;
pub mod senders;
mod small_disk;
mod socket;
pub mod talk;
mod teahouse;
pub mod terminal;
mod visits;
mod windows;

pub use browser::{Browser, Profile};
pub use crowd::{Member, kept};
pub use database::{Database, hurried, long_tests};
pub use figures::{Figures, queries};
pub use follower::{Follower, Last};
pub use github::GitHub;
pub use mariadb::MariaDb;
pub use network::Network;
pub use nginx::Nginx;
pub use person::Person;
pub use phones::Phones;
pub use program::{Program, Stream};
pub use proxy::{Proxy, Way};
pub use raw::RawSocket;
pub use report::Report;
pub use senders::Senders;
pub use small_disk::SmallDisk;
pub use socket::Socket;
pub use teahouse::{Outcome, Teahouse};
pub use visits::Visits;
pub use windows::line_of;

use std::future::Future;
use std::time::{Duration, Instant};

/// How long anything may take before a test gives up on it.
pub const PATIENCE: Duration = Duration::from_secs(10);

/// The id of the room that everybody is in.
pub const LOBBY: &str = "1";

/// A fresh id for a message.
pub fn client_id() -> String {
    uuid::Uuid::new_v4().to_string()
}

/// A secret that nobody can guess, 128 characters long.
pub fn a_secret() -> String {
    (0..4)
        .map(|_| uuid::Uuid::new_v4().simple().to_string())
        .collect()
}

/// Asks again and again until the answer is there; panics with `what` after `PATIENCE`.
pub async fn eventually<T, F: Future<Output = Option<T>>>(
    what: &str,
    mut ask: impl FnMut() -> F,
) -> T {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(answer) = ask().await {
            return answer;
        }
        assert!(Instant::now() < deadline, "never happened: {what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// An answer's status and where it leads.
pub fn leads_to(answer: &reqwest::Response) -> (u16, &str) {
    let location = answer
        .headers()
        .get("location")
        .and_then(|value| value.to_str().ok());
    (answer.status().as_u16(), location.unwrap_or("nowhere"))
}

/// The fields of a page that have a sentence beside them, in its order.
pub fn field_errors(page: &str) -> Vec<&str> {
    let ids = page
        .split("id=\"")
        .skip(1)
        .filter_map(|rest| rest.split('"').next());
    ids.filter_map(|id| id.strip_suffix("-error"))
        .filter(|name| *name != "form")
        .collect()
}

/// The text of the element with this id, without its tags.
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
