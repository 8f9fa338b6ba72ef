//! `users/new.html` and `users/closed.html`: registration.

use serde::Serialize;

use super::sessions::Region;
use crate::views::layout::{FieldMessages, Page};

/// The registration page.
#[derive(Debug, Serialize)]
pub struct NewUserPage<'a> {
    #[serde(flatten)]
    pub page: Page,
    pub form: NewUserForm<'a>,
    pub errors: FieldMessages,
    pub regions: &'a [Region],
    /// Whether the first user must enter the set-up code.
    pub needs_setup_code: bool,
    pub github: Option<String>,
}

/// Submitted values without the password.
#[derive(Debug, Serialize)]
pub struct NewUserForm<'a> {
    pub phone: &'a str,
    pub region: &'a str,
    pub username: &'a str,
    pub setup_code: &'a str,
    pub invite: &'a str,
}

/// The page instead of the form where registration is not open.
#[derive(Debug, Serialize)]
pub struct RegistrationClosedPage {
    #[serde(flatten)]
    pub page: Page,
    /// Whether registration is closed; otherwise it needs an invite.
    pub closed: bool,
    pub errors: FieldMessages,
}
