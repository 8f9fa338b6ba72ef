//! Settings of GitHub sign-in.
#![expect(missing_docs, reason = "config/default.toml has the descriptions")]

use serde::Deserialize;

use super::Secret;

#[derive(Debug, Clone, Deserialize)]
pub struct GithubSettings {
    pub client_id: String,
    pub client_secret: Secret,
    pub client_callback: String,
    pub authorize_url: String,
    pub token_url: String,
    pub user_url: String,
    pub timeout_seconds: u64,
}

impl GithubSettings {
    /// Returns whether GitHub sign-in is enabled.
    pub fn is_enabled(&self) -> bool {
        !self.client_id.is_empty()
    }

    pub(super) fn check(&self) -> Result<(), String> {
        if self.is_enabled() == self.client_secret.expose().is_empty() {
            return Err("github.client_id and github.client_secret must be set together".into());
        }
        let is_http_url = |text: &str| {
            let url = url::Url::parse(text);
            url.is_ok_and(|url| matches!(url.scheme(), "http" | "https"))
        };
        for (name, url) in [
            ("authorize_url", &self.authorize_url),
            ("token_url", &self.token_url),
            ("user_url", &self.user_url),
        ] {
            if !is_http_url(url) {
                return Err(format!("github.{name} must be an http or https URL"));
            }
        }
        let callback = &self.client_callback;
        let is_path =
            callback.starts_with('/') && !callback.starts_with("//") && !callback.contains('\\');
        match (is_path || is_http_url(callback)) && !callback.contains('#') {
            true => Ok(()),
            false => Err("github.client_callback must be a path or an http or https URL".into()),
        }
    }
}
