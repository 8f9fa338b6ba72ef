//! Twilio: <https://www.twilio.com/docs/messaging/api/message-resource>

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use ureq::Agent;

use super::{Message, Sender};
use crate::error::{Error, Result};
use crate::upstream::{agent, answer};

/// An account at Twilio.
pub struct Twilio {
    agent: Agent,
    url: String,
    authorization: String,
    from: String,
}

/// What Twilio says when it refuses: its number is enough, its sentence may name the phone.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Refusal {
    code: u32,
}

impl Twilio {
    /// `from` is a number of the account, or a messaging service (`MG…`).
    pub fn new(url: &str, account: &str, token: &str, from: String, timeout: Duration) -> Self {
        let credentials = STANDARD.encode(format!("{account}:{token}"));
        Self {
            agent: agent(timeout),
            url: format!(
                "{}/2010-04-01/Accounts/{account}/Messages.json",
                url.trim_end_matches('/')
            ),
            authorization: format!("Basic {credentials}"),
            from,
        }
    }
}

impl Sender for Twilio {
    fn send(&self, message: &Message) -> Result<()> {
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
        match answer("Twilio", request.send_form(form))? {
            (200..=299, _) => Ok(()),
            (status, text) => {
                let Refusal { code } = serde_json::from_str(&text).unwrap_or_default();
                let sentence = format!("Twilio answered {status}, its error {code}");
                Err(Error::Unavailable(sentence))
            }
        }
    }
}
