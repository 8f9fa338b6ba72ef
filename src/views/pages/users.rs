//! `users/new.html`: registering.

use std::collections::BTreeMap;

use serde::Serialize;

use super::sessions::Region;
use crate::views::layout::Page;
use crate::views::templates::View;

/// The registration page.
#[derive(Debug, Serialize)]
pub struct NewUserPage<'a> {
    /// The frame.
    #[serde(flatten)]
    pub page: Page,
    /// What was typed.
    pub form: NewUserForm<'a>,
    /// Sentences beside the fields.
    pub errors: BTreeMap<&'static str, Option<String>>,
    /// Where numbers can be from.
    pub regions: &'a [Region],
    /// Whether the first person must know the set-up code.
    pub needs_setup_code: bool,
    /// The way to GitHub, where people may come in by it.
    pub github: Option<String>,
}

/// What was typed; never the password.
#[derive(Debug, Serialize)]
pub struct NewUserForm<'a> {
    /// The number.
    pub phone: &'a str,
    /// Its country.
    pub region: &'a str,
    /// The name.
    pub username: &'a str,
    /// The set-up code.
    pub setup_code: &'a str,
    /// The invite that they come with.
    pub invite: &'a str,
}

/// What is here instead where not everybody may register.
#[derive(Debug, Serialize)]
pub struct RegistrationClosedPage {
    /// The frame.
    #[serde(flatten)]
    pub page: Page,
    /// Whether nobody may; otherwise an invite is needed.
    pub closed: bool,
    /// What is wrong with the invite.
    pub errors: BTreeMap<&'static str, Option<String>>,
}

impl View for RegistrationClosedPage {
    const TEMPLATE: &'static str = "users/closed.html";
}

impl View for NewUserPage<'_> {
    const TEMPLATE: &'static str = "users/new.html";
}
