//! `users/new.html` and `users/closed.html`: registration.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::sessions::Region;
use crate::views::layout::Page;
use crate::views::templates::View;

/// The registration page.
#[derive(Serialize)]
pub struct NewUserPage<'a> {
    /// Layout.
    #[serde(flatten)]
    pub page: Page,
    /// Submitted values.
    pub form: &'a NewUserForm,
    /// Error messages by field.
    pub errors: BTreeMap<&'static str, Option<String>>,
    /// Countries of phone numbers.
    pub regions: &'a [Region],
    /// Whether the first user must enter the set-up code.
    pub needs_setup_code: bool,
    /// URL of the registration with GitHub, if enabled.
    pub github: Option<String>,
}

/// Fields of the form.
#[derive(Default, Deserialize, Serialize)]
#[serde(default)]
pub struct NewUserForm {
    /// Phone number.
    pub phone: String,
    /// Country of the phone number.
    pub region: String,
    /// Username.
    pub username: String,
    /// Password.
    #[serde(skip_serializing)]
    pub password: String,
    /// Set-up code.
    pub setup_code: String,
    /// Invite of the link.
    pub invite: String,
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
