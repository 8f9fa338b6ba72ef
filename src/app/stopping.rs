//! How the program ends.

use std::time::Duration;

use actix_web::dev::ServerHandle;
use actix_web::web::Data;
use tokio::signal::unix::{SignalKind, signal};
use tokio::time::timeout;

use crate::controllers::App;

/// Says goodbye to every socket, lets what is being written finish, and ends the program in time.
pub(super) async fn on_signal(app: Data<App>, server: ServerHandle, seconds: u64) {
    let (Ok(mut terminate), Ok(mut interrupt)) = (
        signal(SignalKind::terminate()),
        signal(SignalKind::interrupt()),
    ) else {
        tracing::error!("signals cannot be heard");
        return;
    };
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    tracing::info!("stopping");
    app.live.hub.stop();
    let finish = async {
        server.stop(true).await;
        app.live.writer.finish().await;
    };
    if timeout(Duration::from_secs(seconds), finish).await.is_err() {
        tracing::warn!("not everything ended in time");
        std::process::exit(0);
    }
}
