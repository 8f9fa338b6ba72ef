//! `sessions/new.html`: signing in.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::views::layout::Page;
use crate::views::templates::View;

/// The sign-in page.
#[derive(Debug, Serialize)]
pub struct NewSessionPage<'a> {
    /// The frame.
    #[serde(flatten)]
    pub page: Page,
    /// What was typed.
    pub form: NewSessionForm<'a>,
    /// Sentences beside the fields.
    pub errors: BTreeMap<&'static str, Option<String>>,
    /// Where numbers can be from.
    pub regions: &'a [Region],
    /// Whether people may register.
    pub registration: bool,
    /// Whether somebody who has forgotten their password can get a code.
    pub reset: bool,
    /// The way to GitHub, where people may sign in with it.
    pub github: Option<String>,
    /// Whether developers may sign in by name alone.
    pub development: bool,
}

/// What was typed; never the password.
#[derive(Debug, Serialize)]
pub struct NewSessionForm<'a> {
    /// The number.
    pub phone: &'a str,
    /// Its country.
    pub region: &'a str,
    /// Where to go afterwards.
    pub next: &'a str,
    /// Whom a developer wanted to be.
    pub username: &'a str,
}

/// A country and its dialling code.
#[derive(Debug, Clone, Serialize)]
pub struct Region {
    code: &'static str,
    dial: String,
}

impl Region {
    /// `("CN", 86)`.
    pub fn new((code, dial): (&'static str, u16)) -> Self {
        Self {
            code,
            dial: format!("+{dial}"),
        }
    }
}

impl View for NewSessionPage<'_> {
    const TEMPLATE: &'static str = "sessions/new.html";
}
