//! An address of one's own that sends messages.

use std::time::Duration;

use chrono::{SecondsFormat, Utc};
use serde::Serialize;
use ureq::Agent;

use super::http::signature;
use super::{Message, Sender};
use crate::error::{Error, Result};
use crate::upstream::{agent, answer};

/// Posts each message as JSON. `X-Teahouse-Signature` is `sha256=` and the HMAC-SHA256, in hexadecimal, of
/// `X-Teahouse-Timestamp` (seconds since 1970), a full stop and the body: who receives it can be sure that it comes from
/// here, and is not one of yesterday's.
pub struct Webhook {
    agent: Agent,
    url: String,
    secret: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Posted<'a> {
    number: &'a str,
    code: Option<&'a str>,
    text: &'a str,
    sent_at: String,
}

impl Webhook {
    /// To this address, signed with this secret.
    pub fn new(url: String, secret: String, timeout: Duration) -> Self {
        Self {
            agent: agent(timeout),
            url,
            secret,
        }
    }
}

impl Sender for Webhook {
    fn send(&self, message: &Message) -> Result<()> {
        let now = Utc::now();
        let body = serde_json::to_string(&Posted {
            number: &message.number,
            code: message.code.as_deref(),
            text: &message.text,
            sent_at: now.to_rfc3339_opts(SecondsFormat::Millis, true),
        })
        .map_err(Error::internal)?;
        let timestamp = now.timestamp().to_string();
        let signature = signature(&self.secret, &format!("{timestamp}.{body}"))?;
        let request = self
            .agent
            .post(&self.url)
            .header("content-type", "application/json")
            .header("x-teahouse-timestamp", &timestamp)
            .header("x-teahouse-signature", format!("sha256={signature}"));
        match answer("the webhook", request.send(&body))? {
            (200..=299, _) => Ok(()),
            (status, _) => Err(Error::Unavailable(format!("the webhook answered {status}"))),
        }
    }
}
