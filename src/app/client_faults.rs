//! Lowers the level of what clients cause and the HTTP library logs as an error: requests that cannot be parsed, and
//! connections that break. Anybody can send those, so an operator's log would be theirs to fill.

use std::fmt;

use tracing::field::{Field, Visit};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::layer::{Context, Layer};

/// Where the library logs them.
const DISPATCHER: &str = "actix_http::h1::dispatcher";

/// A layer that logs them again at DEBUG, under the same target, in place of the original.
#[derive(Debug)]
pub struct ClientFaults;

impl<S: Subscriber> Layer<S> for ClientFaults {
    fn event_enabled(&self, event: &Event<'_>, _: Context<'_, S>) -> bool {
        let metadata = event.metadata();
        if *metadata.level() != Level::ERROR || metadata.target() != DISPATCHER {
            return true;
        }
        let mut message = Message::default();
        event.record(&mut message);
        if !is_client_fault(&message.0) {
            return true;
        }
        tracing::debug!(target: DISPATCHER, cause = %message.0, "connection ended by a client's fault");
        false
    }
}

/// By how the library begins its messages; what it names an internal error is none of the client's.
fn is_client_fault(message: &str) -> bool {
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
    fn only_what_clients_cause_is_lowered() {
        assert!(is_client_fault(
            "stream error: request parse error: invalid Header provided"
        ));
        assert!(is_client_fault(
            "stream error: I/O error: connection reset by peer"
        ));
        assert!(is_client_fault("write zero; closing"));
        assert!(!is_client_fault("stream error: Internal error"));
        assert!(!is_client_fault("Response payload stream error: x"));
        assert!(!is_client_fault("Upgrade handler error: x"));
    }
}
