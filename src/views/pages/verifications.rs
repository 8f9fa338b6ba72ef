//! `verifications/show.html`, `password_resets/new.html` and `passwords/edit.html`: proving whose a number is.

use std::collections::BTreeMap;

use serde::Serialize;

use super::sessions::Region;
use crate::views::layout::Page;
use crate::views::templates::View;

/// Where the code is typed.
#[derive(Debug, Serialize)]
pub struct VerificationPage {
    /// The frame.
    #[serde(flatten)]
    pub page: Page,
    /// The number that the code went to, masked.
    pub phone: String,
    /// Whether it went only if somebody has that number.
    pub sent_if_registered: bool,
    /// Where to begin anew.
    pub restart_url: &'static str,
    /// The message itself: while developing.
    pub development_message: Option<String>,
    /// Sentences beside the fields.
    pub errors: BTreeMap<&'static str, Option<String>>,
}

impl View for VerificationPage {
    const TEMPLATE: &'static str = "verifications/show.html";
}

/// Where a code is asked for by somebody who has forgotten their password.
#[derive(Debug, Serialize)]
pub struct PasswordResetPage<'a> {
    /// The frame.
    #[serde(flatten)]
    pub page: Page,
    /// What was typed.
    pub form: ResetForm<'a>,
    /// Sentences beside the fields.
    pub errors: BTreeMap<&'static str, Option<String>>,
    /// Where numbers can be from.
    pub regions: &'a [Region],
}

/// What was typed.
#[derive(Debug, Serialize)]
pub struct ResetForm<'a> {
    /// The number.
    pub phone: &'a str,
    /// Its country.
    pub region: &'a str,
}

impl View for PasswordResetPage<'_> {
    const TEMPLATE: &'static str = "password_resets/new.html";
}

/// Where a new password is chosen.
#[derive(Debug, Serialize)]
pub struct NewPasswordPage<'a> {
    /// The frame.
    #[serde(flatten)]
    pub page: Page,
    /// Whose.
    pub username: &'a str,
    /// What lets them.
    pub token: &'a str,
    /// Sentences beside the fields.
    pub errors: BTreeMap<&'static str, Option<String>>,
}

impl View for NewPasswordPage<'_> {
    const TEMPLATE: &'static str = "passwords/edit.html";
}
