//! A real WebSocket by the public address, as each window has one.

use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use serde_json::Value;
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout};
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::http::header::{AUTHORIZATION, ORIGIN};
use tokio_tungstenite::tungstenite::http::{HeaderValue, Response};
use tokio_tungstenite::tungstenite::{Error as SocketError, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

use super::finding::Finding;
use super::guest::Guest;
use super::http::{Http, PATIENCE, proxy};

const CHECK: &str = "websocket";
const UPGRADE: &str = "in nginx: proxy_http_version 1.1; proxy_set_header Upgrade $http_upgrade; \
                       proxy_set_header Connection \"upgrade\";";

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// Opens a socket, hears `hello`, and sends a `ping`.
pub(super) fn check(http: &Http, guest: &Guest) -> Finding {
    let visit = async {
        match timeout(PATIENCE, open(http, Some(&guest.token))).await {
            Ok(Ok(socket)) => talk(socket, guest).await,
            Ok(Err(error)) => refused(&error),
            Err(_) => silent("the handshake"),
        }
    };
    in_runtime(visit)
}

/// The same while nobody has registered: being sent away by the program is as far as one gets.
pub(super) fn knock(http: &Http) -> Finding {
    let visit = async {
        match timeout(PATIENCE, open(http, None)).await {
            Ok(Err(SocketError::Http(answer))) if answer.status() == 401 => Finding::ok(
                CHECK,
                "the handshake reaches the program (more can be tried when somebody has registered)",
            ),
            Ok(Err(error)) => refused(&error),
            Ok(Ok(_)) => Finding::fail(
                CHECK,
                "something else opens it",
                "in nginx: /ws must lead to the program",
            ),
            Err(_) => silent("the handshake"),
        }
    };
    in_runtime(visit)
}

fn in_runtime(visit: impl Future<Output = Finding>) -> Finding {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    match runtime {
        Ok(runtime) => runtime.block_on(visit),
        Err(error) => Finding::fail(CHECK, error.to_string(), "give this machine some room"),
    }
}

/// As a page of the site would open it.
async fn open(http: &Http, token: Option<&str>) -> Result<Socket, SocketError> {
    let header = |text: &str| {
        HeaderValue::from_str(text).map_err(|error| SocketError::HttpFormat(error.into()))
    };
    let mut request = http.socket_url().into_client_request()?;
    request.headers_mut().insert(ORIGIN, header(&http.origin)?);
    if let Some(token) = token {
        let bearer = header(&format!("Bearer {token}"))?;
        request.headers_mut().insert(AUTHORIZATION, bearer);
    }
    Ok(connect_async(request).await?.0)
}

async fn talk(mut socket: Socket, guest: &Guest) -> Finding {
    let Some(hello) = hear(&mut socket, "hello").await else {
        return silent("hello");
    };
    if hello["epoch"] != *guest.epoch {
        let what = "the program there works on another database than this command";
        return Finding::fail(CHECK, what, "the same DATABASE_URL and DATA_DIR for both");
    }
    let asked = Instant::now();
    let ping = Message::text(r#"{"type":"ping"}"#);
    if socket.send(ping).await.is_err() || hear(&mut socket, "pong").await.is_none() {
        return silent("a ping");
    }
    let took = asked.elapsed();
    let _ = timeout(Duration::from_secs(1), socket.close(None)).await;
    Finding::ok(
        CHECK,
        format!("opens and answers within {} ms", took.as_millis().max(1)),
    )
}

/// The next frame of this type.
async fn hear(socket: &mut Socket, kind: &str) -> Option<Value> {
    let next = async {
        loop {
            if let Message::Text(text) = socket.next().await?.ok()? {
                let frame: Value = serde_json::from_str(&text).ok()?;
                if frame["type"] == kind {
                    return Some(frame);
                }
            }
        }
    };
    timeout(PATIENCE, next).await.ok().flatten()
}

fn silent(what: &str) -> Finding {
    Finding::fail(
        CHECK,
        format!(
            "{what} is not answered within {} seconds",
            PATIENCE.as_secs()
        ),
        "in nginx: proxy_buffering must not matter here, but a cache or a filter in front of /ws does: leave it out",
    )
}

/// What a refusal of the handshake means.
fn refused(error: &SocketError) -> Finding {
    let SocketError::Http(answer) = error else {
        let mend = "let the proxy pass connections to /ws on";
        return Finding::fail(CHECK, format!("it does not open: {error}"), mend);
    };
    let status = answer.status().as_u16();
    match status {
        // So the program answers whoever asks for /ws like for a page.
        400 | 426 => Finding::fail(
            CHECK,
            "the wish for a WebSocket gets lost on the way to the program",
            UPGRADE,
        ),
        401 => Finding::fail(
            CHECK,
            "the program there does not know the session that was made for it, or never hears of it",
            "the same DATABASE_URL for this command as for the program; in nginx: no proxy_set_header Authorization",
        ),
        403 => Finding::fail(
            CHECK,
            "the program takes the site's own pages for another site's",
            "the same PUBLIC_ORIGIN for the program as for this command; in nginx: no proxy_set_header Origin",
        ),
        429 => Finding::warn(
            CHECK,
            "there are as many sockets as are allowed",
            "run this again later",
        ),
        _ => elsewhere(answer),
    }
}

fn elsewhere(answer: &Response<Option<Vec<u8>>>) -> Finding {
    let status = answer.status().as_u16();
    let what = format!("{} answers {status} instead of opening it", proxy(answer));
    Finding::fail(
        CHECK,
        what,
        "in nginx: `location /ws` must lead to the program as everything else does",
    )
}
