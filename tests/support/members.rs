//! Many users, inserted into the database because registering each would take too long.

use super::{Socket, Teahouse};
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::handshake::client::Request;

/// A user with an API token.
#[derive(Clone)]
pub struct Member {
    pub name: String,
    url: String,
    token: String,
}

impl Member {
    /// Returns the upgrade request of this user's client.
    pub fn request(&self) -> Request {
        let url = format!("{}/ws", self.url.replacen("http", "ws", 1));
        let mut request = url.into_client_request().expect("a request");
        let bearer = format!("Bearer {}", self.token);
        let headers = request.headers_mut();
        headers.insert("authorization", bearer.parse().expect("a header"));
        request
    }

    /// Connects a socket, unless the server is down.
    pub async fn connect(&self) -> Option<Socket> {
        Socket::connect(self.request()).await.ok()
    }
}

impl Teahouse {
    /// Inserts this many members of the Lobby, each with a token.
    pub fn add_members(&self, count: usize) -> Vec<Member> {
        let database = self.database();
        let time = "%Y-%m-%d %H:%M:%S%.3f";
        let now = chrono::Utc::now();
        let (now, later) = (
            now.format(time),
            (now + chrono::TimeDelta::days(1)).format(time),
        );
        let crowd: Vec<Member> = (0..count)
            .map(|n| Member {
                name: format!("member{n}"),
                url: self.url.clone(),
                token: format!("{}{n}", uuid::Uuid::new_v4().simple()),
            })
            .collect();
        let rows = |row: &dyn Fn(&Member) -> String| {
            let rows: Vec<String> = crowd.iter().map(row).collect();
            rows.join(", ")
        };
        let people = rows(&|member| format!("('{0}', '{0}', '{now}')", member.name));
        database.run(&format!(
            "INSERT INTO users (username, username_key, created_at) VALUES {people}"
        ));
        database.run(&format!(
            "INSERT INTO memberships (room_id, user_id, read_seq, joined_at) \
             SELECT 1, id, 0, '{now}' FROM users WHERE username LIKE 'member%'"
        ));
        let ids = database.strings(
            "SELECT CONCAT(id, ' ', username) AS value FROM users WHERE username LIKE 'member%'",
        );
        let ids: BTreeMap<&str, &str> = ids
            .iter()
            .filter_map(|line| line.split_once(' '))
            .map(|(id, name)| (name, id))
            .collect();
        let sessions = rows(&|member| {
            let hash = Sha256::digest(member.token.as_bytes());
            let hash: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
            let id = ids[member.name.as_str()];
            format!("('{hash}', {id}, 'token', 'test', '127.0.0.1', '{now}', '{now}', '{later}')")
        });
        database.run(&format!(
            "INSERT INTO sessions (key_hash, user_id, kind, user_agent, ip, created_at, seen_at, expires_at) \
             VALUES {sessions}"
        ));
        crowd
    }
}

/// The part of a message that is equal for all readers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MessageState {
    pub ver: u64,
    pub client_id: String,
    pub content: String,
    pub is_edited: bool,
    pub is_deleted: bool,
}

impl MessageState {
    /// From a frame or from a message of a history page.
    pub fn of(message: &Value) -> Self {
        let text = |field: &str| message[field].as_str().expect("text").to_owned();
        Self {
            ver: message["ver"].as_u64().expect("ver"),
            client_id: text("clientId"),
            content: text("content"),
            is_edited: !message["editedAt"].is_null(),
            is_deleted: !message["deletedAt"].is_null(),
        }
    }
}

/// Returns the states of a room's messages, by `seq`.
pub fn message_states(history: &[Value]) -> BTreeMap<u64, MessageState> {
    let place = |message: &Value| message["seq"].as_u64().expect("seq");
    history
        .iter()
        .map(|message| (place(message), MessageState::of(message)))
        .collect()
}
