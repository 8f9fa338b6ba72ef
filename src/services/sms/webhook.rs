//! Sends messages by POST to a URL of the operator.

use std::time::Duration;

use chrono::{SecondsFormat, Utc};
use serde::Serialize;
use ureq::Agent;

use super::{SmsMessage, SmsSender};
use crate::error::{Error, Result};
use crate::models::values::signing::hmac_sha256;
use crate::services::http_client;

/// Posts each message as JSON. `X-Teahouse-Signature` is `sha256=` and the hexadecimal HMAC-SHA256 of
/// `X-Teahouse-Timestamp` (Unix seconds), a full stop and the body, so that the receiver can verify origin and age.
pub struct WebhookSender {
    agent: Agent,
    url: String,
    secret: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Payload<'a> {
    number: &'a str,
    code: Option<&'a str>,
    text: &'a str,
    sent_at: String,
}

impl WebhookSender {
    /// Creates a sender that posts to `url` and signs with `secret`.
    pub fn new(url: String, secret: String, timeout: Duration) -> Self {
        Self {
            agent: http_client::build(timeout),
            url,
            secret,
        }
    }
}

impl SmsSender for WebhookSender {
    fn send(&self, message: &SmsMessage) -> Result<()> {
        let now = Utc::now();
        let body = serde_json::to_string(&Payload {
            number: &message.number,
            code: message.code.as_deref(),
            text: &message.text,
            sent_at: now.to_rfc3339_opts(SecondsFormat::Millis, true),
        })
        .map_err(Error::internal)?;
        let timestamp = now.timestamp().to_string();
        let signed = [timestamp.as_bytes(), b".", body.as_bytes()];
        let signature = hmac_sha256(self.secret.as_bytes(), &signed);
        let request = self
            .agent
            .post(&self.url)
            .header("content-type", "application/json")
            .header("x-teahouse-timestamp", &timestamp)
            .header("x-teahouse-signature", format!("sha256={signature}"));
        let response = http_client::read_response("the webhook", request.send(&body));
        let (status, _) = response.map_err(Error::Unavailable)?;
        if status.is_success() {
            return Ok(());
        }
        let cause = format!("the webhook returned status {}", status.as_u16());
        Err(Error::Unavailable(cause))
    }
}
