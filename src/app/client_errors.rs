//! A log layer that lowers client errors to DEBUG: actix-http logs malformed requests and broken connections at ERROR, so
//! any client could fill the operator's log.

use std::fmt;

use tracing::field::{Field, Visit};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::layer::{Context, Layer};

const DISPATCHER: &str = "actix_http::h1::dispatcher";

/// Replaces client errors by DEBUG events with the same target.
#[derive(Debug)]
pub struct LowerClientErrors;

impl<S: Subscriber> Layer<S> for LowerClientErrors {
    fn event_enabled(&self, event: &Event<'_>, _: Context<'_, S>) -> bool {
        let metadata = event.metadata();
        if *metadata.level() != Level::ERROR || metadata.target() != DISPATCHER {
            return true;
        }
        let mut message = Message::default();
        event.record(&mut message);
        if !is_client_error(&message.0) {
            return true;
        }
        tracing::debug!(target: DISPATCHER, cause = %message.0, "connection closed after a client error");
        false
    }
}

/// Classifies a message by its prefix. "Internal error" is the library's own.
fn is_client_error(message: &str) -> bool {
    let is_connection = message.starts_with("stream error:") || message.starts_with("write zero");
    is_connection && !message.to_ascii_lowercase().contains("internal error")
}

#[derive(Default)]
struct Message(String);

impl Visit for Message {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        if field.name() == "message" {
            self.0 = format!("{value:?}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_client_errors_are_lowered_to_debug() {
        for (message, is_client) in [
            ("stream error: request parse error: invalid Header", true),
            ("stream error: I/O error: connection reset by peer", true),
            ("write zero; closing", true),
            ("stream error: Internal error", false),
            ("Response payload stream error: x", false),
            ("Upgrade handler error: x", false),
        ] {
            assert_eq!(is_client_error(message), is_client, "{message}");
        }
    }
}
