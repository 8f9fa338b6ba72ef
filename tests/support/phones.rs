//! A server that takes messages for phones, as providers do: it keeps what it is asked, and answers as it is told.

use super::eventually;
use std::collections::HashMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

/// A request as it came.
#[derive(Debug, Clone)]
pub struct Asked {
    /// `POST /path?query`
    pub line: String,
    /// By lower-case name.
    pub headers: HashMap<String, String>,
    pub body: String,
}

#[derive(Default)]
struct Inside {
    asked: Mutex<Vec<Asked>>,
    answer: Mutex<(u16, String)>,
}

/// The server. It runs until the test ends.
pub struct Phones {
    /// `http://127.0.0.1:<port>`
    pub url: String,
    inside: Arc<Inside>,
}

impl Phones {
    /// Answers everything with this status and body.
    pub fn answering(status: u16, body: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let inside = Arc::new(Inside::default());
        *inside.answer.lock().expect("no panic") = (status, body.to_owned());
        let theirs = inside.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let inside = theirs.clone();
                std::thread::spawn(move || serve(&stream, &inside));
            }
        });
        Self { url, inside }
    }

    /// Everything that it was asked so far.
    pub fn asked(&self) -> Vec<Asked> {
        self.inside.asked.lock().expect("no panic").clone()
    }

    /// Waits for the request number `n`, from 0 on.
    pub async fn nth(&self, n: usize) -> Asked {
        eventually("a message is sent", || async {
            self.asked().get(n).cloned()
        })
        .await
    }

    /// The JSON of message number `n`.
    pub async fn message(&self, n: usize) -> serde_json::Value {
        serde_json::from_str(&self.nth(n).await.body).expect("JSON")
    }

    /// The code in message number `n`.
    pub async fn code(&self, n: usize) -> String {
        let message = self.message(n).await;
        message["code"].as_str().expect("a code").to_owned()
    }
}

/// One request of a connection.
fn serve(stream: &TcpStream, inside: &Inside) -> Option<()> {
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    reader.read_line(&mut line).ok()?;
    let mut headers = HashMap::new();
    loop {
        let mut header = String::new();
        reader.read_line(&mut header).ok()?;
        let Some((name, value)) = header.trim().split_once(':') else {
            break;
        };
        headers.insert(name.to_lowercase(), value.trim().to_owned());
    }
    let length = headers
        .get("content-length")
        .and_then(|length| length.parse().ok());
    let mut body = vec![0; length.unwrap_or(0)];
    reader.read_exact(&mut body).ok()?;
    let asked = Asked {
        line: line.trim().trim_end_matches(" HTTP/1.1").to_owned(),
        headers,
        body: String::from_utf8_lossy(&body).into_owned(),
    };
    let (status, answer) = inside.answer.lock().expect("no panic").clone();
    inside.asked.lock().expect("no panic").push(asked);
    let mut stream = stream;
    let head = format!(
        "HTTP/1.1 {status} X\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{answer}",
        answer.len()
    );
    stream.write_all(head.as_bytes()).ok()
}
