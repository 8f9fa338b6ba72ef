//! Settings of the SMS sender.
#![expect(missing_docs, reason = "config/default.toml has the descriptions")]

use serde::Deserialize;

use super::Secret;

#[derive(Debug, Clone, Deserialize)]
pub struct SmsSettings {
    pub sender: SmsProvider,
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

/// How text messages are sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SmsProvider {
    /// Only written to the server's log, for development.
    Log,
    /// A program of the operator.
    Command,
    /// A URL of the operator.
    Webhook,
    /// Twilio's HTTP API.
    Twilio,
    /// Aliyun's HTTP API.
    Aliyun,
}

impl SmsSettings {
    pub(super) fn check(&self, is_production: bool) -> Result<(), String> {
        let required: &[(&str, &str)] = match self.sender {
            SmsProvider::Log if is_production => {
                return Err("sms.sender = \"log\" reveals codes to everyone and is not allowed in production".into());
            }
            SmsProvider::Log => &[],
            SmsProvider::Command => &[("command", &self.command)],
            SmsProvider::Webhook => &[
                ("webhook_url", &self.webhook_url),
                ("webhook_secret", self.webhook_secret.expose()),
            ],
            SmsProvider::Twilio => &[
                ("twilio_account", &self.twilio_account),
                ("twilio_token", self.twilio_token.expose()),
                ("twilio_from", &self.twilio_from),
            ],
            SmsProvider::Aliyun => &[
                ("aliyun_key_id", &self.aliyun_key_id),
                ("aliyun_key_secret", self.aliyun_key_secret.expose()),
                ("aliyun_sign_name", &self.aliyun_sign_name),
                ("aliyun_code_template", &self.aliyun_code_template),
            ],
        };
        match required.iter().find(|(_, value)| value.is_empty()) {
            Some((name, _)) => Err(format!("sms.{name} is required to send codes")),
            None => Ok(()),
        }
    }
}
