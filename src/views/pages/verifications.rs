//! `verifications/show.html`, `password_resets/new.html` and `passwords/edit.html`: codes by SMS, and the new password.

use serde::{Deserialize, Serialize};

use super::sessions::Region;
use crate::views::layout::{FieldMessages, Page};

/// Entry of a code.
#[derive(Debug, Serialize)]
pub struct VerificationPage {
    #[serde(flatten)]
    pub page: Page,
    /// Phone number that the code was sent to, masked.
    pub phone: String,
    /// Whether a code was sent only if an account has the number.
    pub sent_if_registered: bool,
    pub restart_url: &'static str,
    pub development_message: Option<String>,
    pub errors: FieldMessages,
}

/// Request for a code to reset the password.
#[derive(Debug, Serialize)]
pub struct PasswordResetPage<'a> {
    #[serde(flatten)]
    pub page: Page,
    pub form: ResetForm,
    pub errors: FieldMessages,
    pub regions: &'a [Region],
}

/// Fields of the form.
#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(default)]
pub struct ResetForm {
    pub phone: String,
    pub region: String,
}

/// Entry of a new password.
#[derive(Debug, Serialize)]
pub struct NewPasswordPage<'a> {
    #[serde(flatten)]
    pub page: Page,
    pub username: &'a str,
    pub token: &'a str,
    pub errors: FieldMessages,
}
