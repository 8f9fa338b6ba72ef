//! How messages reach phones.

use serde::Deserialize;

use super::Secret;

#[derive(Debug, Clone, Deserialize)]
#[expect(missing_docs, reason = "config/default.toml has the descriptions")]
pub struct Sms {
    pub sender: Sender,
    pub timeout_seconds: u64,
    pub command: String,
    pub webhook_url: String,
    pub webhook_secret: Secret,
    pub twilio_url: String,
    pub twilio_account: String,
    pub twilio_token: Secret,
    pub twilio_from: String,
    pub aliyun_url: String,
    pub aliyun_key_id: String,
    pub aliyun_key_secret: Secret,
    pub aliyun_sign_name: String,
    pub aliyun_code_template: String,
    pub aliyun_notice_template: String,
}

/// What carries messages to phones.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Sender {
    /// The server's log: while developing.
    Log,
    /// A program.
    Command,
    /// An address of one's own.
    Webhook,
    /// Twilio's HTTP API.
    Twilio,
    /// Aliyun's HTTP API.
    Aliyun,
}

impl Sms {
    /// What the sender needs must be there.
    ///
    /// # Errors
    /// A sentence that names what is missing.
    pub(super) fn check(&self, is_production: bool) -> Result<(), String> {
        let needed: &[(&str, &str)] = match self.sender {
            Sender::Log if is_production => {
                return Err("sms.sender = \"log\" shows codes to everybody: choose another one in production".into());
            }
            Sender::Log => &[],
            Sender::Command => &[("command", &self.command)],
            Sender::Webhook => &[
                ("webhook_url", &self.webhook_url),
                ("webhook_secret", self.webhook_secret.expose()),
            ],
            Sender::Twilio => &[
                ("twilio_account", &self.twilio_account),
                ("twilio_token", self.twilio_token.expose()),
                ("twilio_from", &self.twilio_from),
            ],
            Sender::Aliyun => &[
                ("aliyun_key_id", &self.aliyun_key_id),
                ("aliyun_key_secret", self.aliyun_key_secret.expose()),
                ("aliyun_sign_name", &self.aliyun_sign_name),
                ("aliyun_code_template", &self.aliyun_code_template),
            ],
        };
        match needed.iter().find(|(_, value)| value.is_empty()) {
            Some((name, _)) => Err(format!("sms.{name} is needed to send codes")),
            None => Ok(()),
        }
    }
}
