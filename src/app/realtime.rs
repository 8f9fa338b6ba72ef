//! Builds the realtime services from the settings.

use std::sync::Arc;

use tokio::sync::Notify;

use super::limits;
use crate::config::Settings;
use crate::error::{Error, Result};
use crate::models::database::Database;
use crate::models::message_store::MessageWriter;
use crate::models::values::content;
use crate::protocol;
use crate::realtime::connection_limiter::ConnectionLimiter;
use crate::realtime::hub::Hub;
use crate::realtime::presence::Presence;
use crate::realtime::rate_limit::UserRateLimiter;
use crate::realtime::service::Realtime;
use crate::realtime::writer::Writer;

pub(super) fn build(settings: &Settings, database: &Database, epoch: String) -> Result<Realtime> {
    let store = Arc::new(database.clone());
    let hub = Arc::new(Hub::new(store.clone()));
    let messages = &settings.messages;
    let log = MessageWriter::new(database.clone());
    let writer = Writer::start(log, hub.clone(), messages.queue_size).map_err(Error::internal)?;
    Ok(Realtime {
        hub,
        writer,
        store,
        presence: Presence::default(),
        rate_limiter: UserRateLimiter::new(
            messages.posts_per_second,
            messages.burst,
            settings.throttle.enabled,
        ),
        connection_limiter: ConnectionLimiter::new(
            limits::throttled(settings, settings.socket.per_person),
            settings.socket.total,
        ),
        limits: protocol::ClientLimits {
            content_chars: content::MAX_CHARS,
            posts_per_second: messages.posts_per_second,
            burst: messages.burst,
            upload_bytes: 0,
        },
        epoch,
        version: env!("CARGO_PKG_VERSION"),
        poll_requested: Notify::new(),
    })
}
