//! `users/new.html` and `users/closed.html`: registration.

use serde::{Deserialize, Serialize};

use super::sessions::Region;
use crate::views::layout::{FieldMessages, Page};

/// The registration page.
#[derive(Serialize)]
pub struct NewUserPage<'a> {
    #[serde(flatten)]
    pub page: Page,
    pub form: &'a NewUserForm,
    pub errors: FieldMessages,
    pub regions: &'a [Region],
    /// Whether the first user must enter the set-up code.
    pub needs_setup_code: bool,
    pub github: Option<String>,
}

/// Fields of the form.
#[derive(Default, Deserialize, Serialize)]
#[serde(default)]
pub struct NewUserForm {
    pub phone: String,
    pub region: String,
    pub username: String,
    #[serde(skip_serializing)]
    pub password: String,
    pub setup_code: String,
    pub invite: String,
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
