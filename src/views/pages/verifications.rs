//! `verifications/show.html`, `password_resets/new.html` and `passwords/edit.html`: codes by SMS, and the new password.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::sessions::Region;
use crate::views::layout::Page;
use crate::views::templates::View;

/// Entry of a code.
#[derive(Debug, Serialize)]
pub struct VerificationPage {
    /// Layout.
    #[serde(flatten)]
    pub page: Page,
    /// Phone number that the code was sent to, masked.
    pub phone: String,
    /// Whether a code was sent only if an account has the number.
    pub sent_if_registered: bool,
    /// Path to start again.
    pub restart_url: &'static str,
    /// Text of the message, in development mode.
    pub development_message: Option<String>,
    /// Error messages by field.
    pub errors: BTreeMap<&'static str, Option<String>>,
}

impl View for VerificationPage {
    const TEMPLATE: &'static str = "verifications/show.html";
}

/// Request for a code to reset the password.
#[derive(Debug, Serialize)]
pub struct PasswordResetPage<'a> {
    /// Layout.
    #[serde(flatten)]
    pub page: Page,
    /// Submitted values.
    pub form: ResetForm,
    /// Error messages by field.
    pub errors: BTreeMap<&'static str, Option<String>>,
    /// Countries of phone numbers.
    pub regions: &'a [Region],
}

/// Fields of the form.
#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(default)]
pub struct ResetForm {
    /// Phone number.
    pub phone: String,
    /// Country of the phone number.
    pub region: String,
}

impl View for PasswordResetPage<'_> {
    const TEMPLATE: &'static str = "password_resets/new.html";
}

/// Entry of a new password.
#[derive(Debug, Serialize)]
pub struct NewPasswordPage<'a> {
    /// Layout.
    #[serde(flatten)]
    pub page: Page,
    /// Username of the account.
    pub username: &'a str,
    /// Token that permits the change.
    pub token: &'a str,
    /// Error messages by field.
    pub errors: BTreeMap<&'static str, Option<String>>,
}

impl View for NewPasswordPage<'_> {
    const TEMPLATE: &'static str = "passwords/edit.html";
}
