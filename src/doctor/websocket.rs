//! Checks that a WebSocket can be opened through the public address.

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
use super::http::{Http, TIMEOUT, proxy_name};
use super::probe_session::ProbeSession;

const CHECK: &str = "websocket";
const UPGRADE: &str = "in nginx: proxy_http_version 1.1; proxy_set_header Upgrade $http_upgrade; \
                       proxy_set_header Connection \"upgrade\";";

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

pub(super) fn check(http: &Http, probe: &ProbeSession) -> Finding {
    block_on(async {
        match open(http, Some(&probe.token)).await {
            Some(Ok(socket)) => exchange(socket, probe).await,
            Some(Err(error)) => handshake_failed(&error),
            None => timed_out("the handshake"),
        }
    })
}

/// Without a user to sign in, checks that the server rejects the handshake with 401.
pub(super) fn check_signed_out(http: &Http) -> Finding {
    block_on(async {
        match open(http, None).await {
            Some(Err(SocketError::Http(response))) if response.status() == 401 => Finding::ok(
                CHECK,
                "the server requires a session (tested further once a user has registered)",
            ),
            Some(Err(error)) => handshake_failed(&error),
            Some(Ok(_)) => {
                let fix = "in nginx: pass /ws to the server";
                Finding::fail(CHECK, "another program accepts it", fix)
            }
            None => timed_out("the handshake"),
        }
    })
}

fn block_on(check: impl Future<Output = Finding>) -> Finding {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    match runtime {
        Ok(runtime) => runtime.block_on(check),
        Err(error) => {
            let fix = "raise this machine's limits of threads and open files";
            Finding::fail(CHECK, error.to_string(), fix)
        }
    }
}

/// Opens a WebSocket with the site's `Origin`, like a browser; `None` after the timeout.
async fn open(http: &Http, token: Option<&str>) -> Option<Result<Socket, SocketError>> {
    let open = async {
        let header = |text: &str| {
            HeaderValue::from_str(text).map_err(|error| SocketError::HttpFormat(error.into()))
        };
        let mut request = http.websocket_url().into_client_request()?;
        request.headers_mut().insert(ORIGIN, header(&http.origin)?);
        if let Some(token) = token {
            let bearer = header(&format!("Bearer {token}"))?;
            request.headers_mut().insert(AUTHORIZATION, bearer);
        }
        Ok(connect_async(request).await?.0)
    };
    timeout(TIMEOUT, open).await.ok()
}

async fn exchange(mut socket: Socket, probe: &ProbeSession) -> Finding {
    let Some(hello) = receive(&mut socket, "hello").await else {
        return timed_out("hello");
    };
    if hello["epoch"] != *probe.epoch {
        let what = "the server uses another database than this command";
        let fix = "use the same DATABASE_URL and DATA_DIR for both";
        return Finding::fail(CHECK, what, fix);
    }
    let started = Instant::now();
    let ping = Message::text(r#"{"type":"ping"}"#);
    if socket.send(ping).await.is_err() || receive(&mut socket, "pong").await.is_none() {
        return timed_out("a pong");
    }
    let delay = started.elapsed();
    let _ = timeout(Duration::from_secs(1), socket.close(None)).await;
    Finding::ok(
        CHECK,
        format!("opens; pong after {} ms", delay.as_millis().max(1)),
    )
}

async fn receive(socket: &mut Socket, kind: &str) -> Option<Value> {
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
    timeout(TIMEOUT, next).await.ok().flatten()
}

fn timed_out(what: &str) -> Finding {
    Finding::fail(
        CHECK,
        format!("{what} did not arrive within {} seconds", TIMEOUT.as_secs()),
        "in nginx: remove caches and filters in front of /ws (proxy_buffering does not matter)",
    )
}

fn handshake_failed(error: &SocketError) -> Finding {
    let SocketError::Http(response) = error else {
        let fix = "let the proxy pass connections to /ws";
        return Finding::fail(CHECK, format!("cannot connect: {error}"), fix);
    };
    match response.status().as_u16() {
        // The server received a request for /ws without upgrade headers.
        400 | 426 => Finding::fail(CHECK, "the proxy drops the upgrade headers", UPGRADE),
        401 => Finding::fail(
            CHECK,
            "the server does not know this command's session, or the proxy drops the Authorization header",
            "use the same DATABASE_URL for this command and the server; in nginx: no proxy_set_header Authorization",
        ),
        403 => Finding::fail(
            CHECK,
            "the server considers the site's own origin foreign",
            "use the same PUBLIC_ORIGIN for the server and this command; in nginx: no proxy_set_header Origin",
        ),
        429 => Finding::warn(
            CHECK,
            "the limit of sockets is reached",
            "run this command again later",
        ),
        _ => unexpected_status(response),
    }
}

fn unexpected_status(response: &Response<Option<Vec<u8>>>) -> Finding {
    let (name, status) = (proxy_name(response), response.status().as_u16());
    Finding::fail(
        CHECK,
        format!("{name} returns {status} instead of upgrading"),
        "in nginx: pass `location /ws` to the server like everything else",
    )
}
