//! `users/new.html` and `users/closed.html`: registration.

use std::collections::BTreeMap;

use serde::Serialize;

use super::sessions::Region;
use crate::views::layout::Page;
use crate::views::templates::View;

/// The registration page.
#[derive(Debug, Serialize)]
pub struct NewUserPage<'a> {
    /// Layout.
    #[serde(flatten)]
    pub page: Page,
    /// Submitted values.
    pub form: NewUserForm<'a>,
    /// Error messages by field.
    pub errors: BTreeMap<&'static str, Option<String>>,
    /// Countries of phone numbers.
    pub regions: &'a [Region],
    /// Whether the first user must enter the set-up code.
    pub needs_setup_code: bool,
    /// URL of the registration with GitHub, if enabled.
    pub github: Option<String>,
}

/// Submitted values without the password.
#[derive(Debug, Serialize)]
pub struct NewUserForm<'a> {
    /// Phone number.
    pub phone: &'a str,
    /// Country of the phone number.
    pub region: &'a str,
    /// Username.
    pub username: &'a str,
    /// Set-up code.
    pub setup_code: &'a str,
    /// Invite of the link.
    pub invite: &'a str,
}

/// The page instead of the form where registration is not open.
#[derive(Debug, Serialize)]
pub struct RegistrationClosedPage {
    /// Layout.
    #[serde(flatten)]
    pub page: Page,
    /// Whether registration is closed; otherwise it needs an invite.
    pub closed: bool,
    /// Error of the invite.
    pub errors: BTreeMap<&'static str, Option<String>>,
}

impl View for RegistrationClosedPage {
    const TEMPLATE: &'static str = "users/closed.html";
}

impl View for NewUserPage<'_> {
    const TEMPLATE: &'static str = "users/new.html";
}
