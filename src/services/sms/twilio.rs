//! Sends messages through Twilio: <https://www.twilio.com/docs/messaging/api/message-resource>

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use ureq::Agent;

use super::{SmsMessage, SmsSender};
use crate::error::{Error, Result};
use crate::services::http_client;

/// A client of Twilio's Messages resource.
pub struct TwilioSender {
    agent: Agent,
    url: String,
    authorization: String,
    from: String,
}

/// Twilio's error response. Its message is not logged because it may contain the phone number.
#[derive(Default, Deserialize)]
#[serde(default)]
struct ErrorResponse {
    code: u32,
}

impl TwilioSender {
    /// Creates a client. `from` is a number of the account or the id of a messaging service (`MG…`).
    pub fn new(url: &str, account: &str, token: &str, from: String, timeout: Duration) -> Self {
        let credentials = STANDARD.encode(format!("{account}:{token}"));
        Self {
            agent: http_client::build(timeout),
            url: format!(
                "{}/2010-04-01/Accounts/{account}/Messages.json",
                url.trim_end_matches('/')
            ),
            authorization: format!("Basic {credentials}"),
            from,
        }
    }
}

impl SmsSender for TwilioSender {
    fn send(&self, message: &SmsMessage) -> Result<()> {
        let from = match self.from.starts_with("MG") {
            true => "MessagingServiceSid",
            false => "From",
        };
        let form = [
            ("To", message.number.as_str()),
            (from, &self.from),
            ("Body", &message.text),
        ];
        let request = self
            .agent
            .post(&self.url)
            .header("authorization", &self.authorization);
        let response = http_client::read_response("Twilio", request.send_form(form));
        let (status, text) = response.map_err(Error::Unavailable)?;
        if status.is_success() {
            return Ok(());
        }
        let ErrorResponse { code } = serde_json::from_str(&text).unwrap_or_default();
        let cause = format!("Twilio returned status {}, error {code}", status.as_u16());
        Err(Error::Unavailable(cause))
    }
}
