//! Graceful shutdown.

use std::time::Duration;

use actix_web::dev::ServerHandle;
use actix_web::web::Data;
use tokio::signal::unix::{SignalKind, signal};
use tokio::time::timeout;

use crate::controllers::App;

/// On SIGTERM or SIGINT closes all sockets and event streams, finishes requests and queued writes, and ends the process
/// after at most `seconds`.
pub(super) async fn on_signal(app: Data<App>, server: ServerHandle, seconds: u64) {
    let (Ok(mut terminate), Ok(mut interrupt)) = (
        signal(SignalKind::terminate()),
        signal(SignalKind::interrupt()),
    ) else {
        tracing::error!("cannot install signal handlers");
        return;
    };
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    tracing::info!("shutting down");
    app.realtime.hub.stop();
    let finish = async {
        server.stop(true).await;
        app.realtime.writer.finish().await;
    };
    if timeout(Duration::from_secs(seconds), finish).await.is_err() {
        tracing::warn!(seconds, "shutdown timed out; exiting");
        std::process::exit(0);
    }
}
