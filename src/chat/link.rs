//! The connection: it comes back by itself, and says when it is up and down.

use std::ops::ControlFlow;
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use tokio::net::TcpStream;
use tokio::sync::mpsc::{self, Receiver, Sender};
use tokio::time::{Instant, sleep, sleep_until, timeout};
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::http::header::{ACCEPT_LANGUAGE, AUTHORIZATION};
use tokio_tungstenite::tungstenite::http::{HeaderValue, Request};
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

/// The first pause before another attempt; each next one is twice as long …
const PAUSE: Duration = Duration::from_millis(500);
/// … up to this.
const PAUSE_MAX: Duration = Duration::from_secs(30);
/// Connecting and sending may take so long.
const PATIENCE: Duration = Duration::from_secs(10);
/// A server that is silent for so long is asked whether it is there, and given up after as long again.
const SILENCE: Duration = Duration::from_secs(30);
/// Frames that wait for the other side.
const QUEUE: usize = 64;
/// The server's close code for somebody who was signed out or banned.
const SIGNED_OUT: u16 = 4001;

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// What happens to the connection.
#[derive(Debug)]
pub(super) enum Event {
    /// It is up; frames go here.
    Up(Sender<String>),
    /// A text frame.
    Frame(String),
    /// It is gone; another is being tried.
    Down,
    /// It will not come back.
    End(End),
}

/// Why there is no connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum End {
    /// The token is not, or no longer, good.
    SignedOut,
    /// This is no Teahouse, or it refuses.
    Refused(u16),
    /// Nothing answers: why.
    Unreachable(String),
}

/// Where and as whom to connect.
#[derive(Clone)]
pub(super) struct Address {
    /// `ws://…/ws`
    pub(super) url: String,
    pub(super) token: String,
    /// BCP 47
    pub(super) language: &'static str,
}

impl Address {
    fn request(&self) -> Result<Request<()>, Error> {
        let mut request = self.url.as_str().into_client_request()?;
        let headers = request.headers_mut();
        let bearer = HeaderValue::from_str(&format!("Bearer {}", self.token));
        headers.insert(
            AUTHORIZATION,
            bearer.map_err(|error| Error::HttpFormat(error.into()))?,
        );
        headers.insert(ACCEPT_LANGUAGE, HeaderValue::from_static(self.language));
        Ok(request)
    }
}

/// Starts a connection; what happens to it comes from here. The first attempt must succeed.
pub(super) fn open(address: Address) -> Receiver<Event> {
    let (tell, events) = mpsc::channel(QUEUE);
    tokio::spawn(async move {
        if let ControlFlow::Break(Some(end)) = keep(&address, &tell).await {
            let _ = tell.send(Event::End(end)).await;
        }
    });
    events
}

/// Connects again and again, until it makes no sense or nobody listens.
async fn keep(address: &Address, tell: &Sender<Event>) -> ControlFlow<Option<End>> {
    let mut was_up = false;
    let mut failures: u32 = 0;
    loop {
        match connect(address).await {
            Ok(socket) => {
                was_up = true;
                let began = Instant::now();
                carry(socket, tell).await?;
                // Whoever is thrown out again and again should not come back at once.
                failures = match began.elapsed() < PAUSE_MAX {
                    true => failures + 1,
                    false => 0,
                };
                if tell.send(Event::Down).await.is_err() {
                    return ControlFlow::Break(None);
                }
            }
            Err(end @ (End::SignedOut | End::Refused(400..=428 | 430..=499))) => {
                return ControlFlow::Break(Some(end));
            }
            Err(end) if !was_up => return ControlFlow::Break(Some(end)),
            Err(_) => failures += 1,
        }
        sleep(pause(failures, rand::random())).await;
    }
}

/// How long to wait after so many failures: growing, and for everybody different. `chance` lies between 0 and 1.
fn pause(failures: u32, chance: f64) -> Duration {
    let longest = PAUSE.saturating_mul(1 << failures.min(10)).min(PAUSE_MAX);
    longest.mul_f64(0.5 + chance / 2.0)
}

async fn connect(address: &Address) -> Result<Socket, End> {
    let attempt = async { connect_async(address.request()?).await };
    match timeout(PATIENCE, attempt).await {
        Ok(Ok((socket, _))) => Ok(socket),
        Ok(Err(Error::Http(answer))) => Err(match answer.status().as_u16() {
            401 => End::SignedOut,
            status => End::Refused(status),
        }),
        Ok(Err(error)) => Err(End::Unreachable(error.to_string())),
        Err(_) => Err(End::Unreachable("no answer".to_owned())),
    }
}

/// Carries frames both ways until the connection ends; breaks when there is to be no other.
async fn carry(mut socket: Socket, tell: &Sender<Event>) -> ControlFlow<Option<End>> {
    let (send, mut outgoing) = mpsc::channel(QUEUE);
    if tell.send(Event::Up(send)).await.is_err() {
        return ControlFlow::Break(None);
    }
    let mut heard = Instant::now();
    let mut asked = false;
    loop {
        // A frame is read only when there is a place for it, and meanwhile others go out: neither waits for the other.
        let read = async {
            match tell.reserve().await {
                Ok(place) => Some((place, socket.next().await)),
                Err(_) => None,
            }
        };
        let message = tokio::select! {
            read = read => {
                let Some((place, frame)) = read else { return ControlFlow::Break(None) };
                (heard, asked) = (Instant::now(), false);
                match frame {
                    Some(Ok(Message::Text(text))) => place.send(Event::Frame(text.as_str().to_owned())),
                    Some(Ok(Message::Close(Some(frame)))) if u16::from(frame.code) == SIGNED_OUT => {
                        return ControlFlow::Break(Some(End::SignedOut));
                    }
                    Some(Ok(Message::Close(_)) | Err(_)) | None => return ControlFlow::Continue(()),
                    Some(Ok(_)) => {}
                }
                continue;
            }
            frame = outgoing.recv() => match frame {
                Some(frame) => Message::text(frame),
                None => {
                    let _ = timeout(PATIENCE, socket.close(None)).await;
                    return ControlFlow::Break(None);
                }
            },
            () = sleep_until(heard + SILENCE * (1 + u32::from(asked))) => {
                if asked {
                    return ControlFlow::Continue(());
                }
                asked = true;
                Message::Ping(Vec::new().into())
            }
        };
        if !matches!(timeout(PATIENCE, socket.send(message)).await, Ok(Ok(()))) {
            return ControlFlow::Continue(());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_and_end_somewhere() {
        assert_eq!(pause(0, 0.0), PAUSE / 2);
        assert_eq!(pause(0, 1.0), PAUSE);
        assert_eq!(pause(3, 1.0), PAUSE * 8);
        assert_eq!(pause(1000, 1.0), PAUSE_MAX);
    }
}
