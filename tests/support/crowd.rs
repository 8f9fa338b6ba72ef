//! Many people at once, who are simply there: registering each of them by the form would take too long.

use super::{Socket, Teahouse};
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::handshake::client::Request;

/// Somebody who is signed in by a token.
#[derive(Clone)]
pub struct Member {
    pub name: String,
    url: String,
    token: String,
}

impl Member {
    /// The upgrade request of this person's program.
    pub fn request(&self) -> Request {
        let url = format!("{}/ws", self.url.replacen("http", "ws", 1));
        let mut request = url.into_client_request().expect("a request");
        let bearer = format!("Bearer {}", self.token);
        let headers = request.headers_mut();
        headers.insert("authorization", bearer.parse().expect("a header"));
        request
    }

    /// A socket, unless the program is away.
    pub async fn connect(&self) -> Option<Socket> {
        Socket::connect(self.request()).await.ok()
    }
}

impl Teahouse {
    /// So many members of the Lobby with a token each, put into the database behind the program's back.
    pub fn crowd(&self, count: usize) -> Vec<Member> {
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
        let ids = database.words(
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

/// A message as a client keeps it: nothing of it that is not the same for everybody.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    pub ver: u64,
    pub client_id: String,
    pub content: String,
    pub is_edited: bool,
    pub is_deleted: bool,
}

impl Kept {
    /// Of a frame, or of a message in a page of history.
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

/// A room's history as clients keep it, by `seq`.
pub fn kept(history: &[Value]) -> BTreeMap<u64, Kept> {
    let place = |message: &Value| message["seq"].as_u64().expect("seq");
    history
        .iter()
        .map(|message| (place(message), Kept::of(message)))
        .collect()
}
