//! The WebSocket connection, which is reopened when it is lost.

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

/// Upper bound of the first delay before reconnecting; it doubles with each failure.
const RECONNECT_DELAY: Duration = Duration::from_millis(500);
const RECONNECT_DELAY_MAX: Duration = Duration::from_secs(30);
/// Limit for connecting, for sending a frame and for closing.
const IO_TIMEOUT: Duration = Duration::from_secs(10);
/// The server is pinged after this long without a frame; after twice as long the connection counts as lost.
const PING_AFTER: Duration = Duration::from_secs(30);
/// Frames buffered in each direction.
const QUEUE_CAPACITY: usize = 64;
/// Close code for a session that has ended or a user who was banned.
const CLOSE_SIGNED_OUT: u16 = 4001;

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// A change of the connection, or a frame.
#[derive(Debug)]
pub(crate) enum Event {
    /// The connection is open and sends the frames from this channel.
    Connected(Sender<String>),
    /// A text frame arrived.
    Frame(String),
    /// The connection is lost and will be reopened.
    Disconnected,
    /// The last event: there are no further attempts.
    Failed(Failure),
}

/// Why the client stops reconnecting.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Failure {
    /// The token is invalid or no longer valid.
    SignedOut,
    /// The handshake got this HTTP status.
    UnexpectedStatus(u16),
    /// No connection, for this reason.
    Unreachable(String),
}

/// Where to connect, and the headers of the handshake.
#[derive(Clone)]
pub(crate) struct Endpoint {
    /// `ws://…/ws`
    pub(crate) url: String,
    pub(crate) token: String,
    /// BCP 47
    pub(crate) language: &'static str,
}

impl Endpoint {
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

/// Opens the connection in a task of its own and returns its events. Unless the first attempt succeeds, it fails.
pub(crate) fn open(endpoint: Endpoint) -> Receiver<Event> {
    let (sender, events) = mpsc::channel(QUEUE_CAPACITY);
    tokio::spawn(async move {
        if let ControlFlow::Break(Some(failure)) = reconnect(&endpoint, &sender).await {
            let _ = sender.send(Event::Failed(failure)).await;
        }
    });
    events
}

/// Connects again and again until that is pointless (`Some`) or the client has ended (`None`).
async fn reconnect(endpoint: &Endpoint, sender: &Sender<Event>) -> ControlFlow<Option<Failure>> {
    let mut was_connected = false;
    let mut failures: u32 = 0;
    loop {
        match connect(endpoint).await {
            Ok(socket) => {
                was_connected = true;
                let opened_at = Instant::now();
                exchange_frames(socket, sender).await?;
                // A server that accepts and closes at once counts as failing.
                failures = match opened_at.elapsed() < RECONNECT_DELAY_MAX {
                    true => failures + 1,
                    false => 0,
                };
                if sender.send(Event::Disconnected).await.is_err() {
                    return ControlFlow::Break(None);
                }
            }
            Err(
                failure @ (Failure::SignedOut | Failure::UnexpectedStatus(400..=428 | 430..=499)),
            ) => return ControlFlow::Break(Some(failure)),
            Err(failure) if !was_connected => return ControlFlow::Break(Some(failure)),
            Err(_) => failures += 1,
        }
        sleep(reconnect_delay(failures, rand::random())).await;
    }
}

/// Returns the delay after this many failures: between half and all of its upper bound, by `jitter` (0 to 1).
fn reconnect_delay(failures: u32, jitter: f64) -> Duration {
    let delay = RECONNECT_DELAY.saturating_mul(1 << failures.min(10));
    delay.min(RECONNECT_DELAY_MAX).mul_f64(0.5 + jitter / 2.0)
}

async fn connect(endpoint: &Endpoint) -> Result<Socket, Failure> {
    let attempt = async { connect_async(endpoint.request()?).await };
    match timeout(IO_TIMEOUT, attempt).await {
        Ok(Ok((socket, _))) => Ok(socket),
        Ok(Err(Error::Http(response))) => Err(match response.status().as_u16() {
            401 => Failure::SignedOut,
            status => Failure::UnexpectedStatus(status),
        }),
        Ok(Err(error)) => Err(Failure::Unreachable(error.to_string())),
        Err(_) => Err(Failure::Unreachable("no answer".to_owned())),
    }
}

/// Passes frames in both directions until the connection closes; breaks when it must not be reopened.
async fn exchange_frames(
    mut socket: Socket,
    sender: &Sender<Event>,
) -> ControlFlow<Option<Failure>> {
    let (frame_sender, mut outgoing) = mpsc::channel(QUEUE_CAPACITY);
    if sender.send(Event::Connected(frame_sender)).await.is_err() {
        return ControlFlow::Break(None);
    }
    let mut last_received = Instant::now();
    let mut is_pinged = false;
    loop {
        // Reserving the queue's slot before reading keeps a full queue from blocking what is sent.
        let read = async {
            match sender.reserve().await {
                Ok(slot) => Some((slot, socket.next().await)),
                Err(_) => None,
            }
        };
        let message = tokio::select! {
            read = read => {
                let Some((slot, frame)) = read else { return ControlFlow::Break(None) };
                (last_received, is_pinged) = (Instant::now(), false);
                match frame {
                    Some(Ok(Message::Text(text))) => slot.send(Event::Frame(text.as_str().to_owned())),
                    Some(Ok(Message::Close(Some(frame)))) if u16::from(frame.code) == CLOSE_SIGNED_OUT => {
                        return ControlFlow::Break(Some(Failure::SignedOut));
                    }
                    Some(Ok(Message::Close(_)) | Err(_)) | None => return ControlFlow::Continue(()),
                    Some(Ok(_)) => {}
                }
                continue;
            }
            frame = outgoing.recv() => match frame {
                Some(frame) => Message::text(frame),
                None => {
                    let _ = timeout(IO_TIMEOUT, socket.close(None)).await;
                    return ControlFlow::Break(None);
                }
            },
            () = sleep_until(last_received + PING_AFTER * (1 + u32::from(is_pinged))) => {
                if is_pinged {
                    return ControlFlow::Continue(());
                }
                is_pinged = true;
                Message::Ping(Vec::new().into())
            }
        };
        if !matches!(timeout(IO_TIMEOUT, socket.send(message)).await, Ok(Ok(()))) {
            return ControlFlow::Continue(());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reconnect_delay_doubles_up_to_a_maximum() {
        assert_eq!(reconnect_delay(0, 0.0), RECONNECT_DELAY / 2);
        assert_eq!(reconnect_delay(0, 1.0), RECONNECT_DELAY);
        assert_eq!(reconnect_delay(3, 1.0), RECONNECT_DELAY * 8);
        assert_eq!(reconnect_delay(1000, 1.0), RECONNECT_DELAY_MAX);
    }
}
