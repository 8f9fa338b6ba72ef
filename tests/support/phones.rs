//! A server that takes messages for phones, as providers do: it keeps what it is asked, and answers as it is told.

use super::asked::{Asked, answer};
use super::eventually;
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

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
    let asked = Asked::read(stream)?;
    let (status, text) = inside.answer.lock().expect("no panic").clone();
    inside.asked.lock().expect("no panic").push(asked);
    answer(stream, status, "application/json", &text)
}
