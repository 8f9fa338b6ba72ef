//! Signing in with GitHub.

use serde::Deserialize;

use super::Secret;

#[derive(Debug, Clone, Deserialize)]
#[expect(missing_docs, reason = "config/default.toml has the descriptions")]
pub struct Github {
    pub client_id: String,
    pub client_secret: Secret,
    pub client_callback: String,
    pub authorize_url: String,
    pub token_url: String,
    pub user_url: String,
    pub timeout_seconds: u64,
}

impl Github {
    /// Whether people may sign in with it.
    pub fn is_on(&self) -> bool {
        !self.client_id.is_empty()
    }

    /// Id and secret belong together, and addresses must be such.
    ///
    /// # Errors
    /// A sentence that names what is wrong.
    pub(super) fn check(&self) -> Result<(), String> {
        if self.is_on() == self.client_secret.expose().is_empty() {
            return Err("github.client_id and github.client_secret need each other".into());
        }
        let is_web = |text: &str| {
            let url = url::Url::parse(text);
            url.is_ok_and(|url| matches!(url.scheme(), "http" | "https"))
        };
        for (name, address) in [
            ("authorize_url", &self.authorize_url),
            ("token_url", &self.token_url),
            ("user_url", &self.user_url),
        ] {
            if !is_web(address) {
                return Err(format!("github.{name} must be a web address"));
            }
        }
        let back = &self.client_callback;
        let is_path = back.starts_with('/') && !back.starts_with("//") && !back.contains('\\');
        match (is_path || is_web(back)) && !back.contains('#') {
            true => Ok(()),
            false => Err("github.client_callback must be a path or a web address".into()),
        }
    }
}
