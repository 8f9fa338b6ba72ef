//! `sessions/new.html`: sign-in.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::views::layout::Page;
use crate::views::templates::View;

/// The sign-in page.
#[derive(Serialize)]
pub struct NewSessionPage<'a> {
    /// Layout.
    #[serde(flatten)]
    pub page: Page,
    /// Submitted values.
    pub form: LoginForm,
    /// Error messages by field.
    pub errors: BTreeMap<&'static str, Option<String>>,
    /// Countries of phone numbers.
    pub regions: &'a [Region],
    /// Whether registration is open.
    pub registration: bool,
    /// Whether passwords can be reset by a code.
    pub reset: bool,
    /// URL of the sign-in with GitHub, if enabled.
    pub github: Option<String>,
    /// Whether development mode allows sign-in by username alone.
    pub development: bool,
}

/// Fields of the form.
#[derive(Default, Deserialize, Serialize)]
#[serde(default)]
pub struct LoginForm {
    /// Phone number.
    pub phone: String,
    /// Country of the phone number.
    pub region: String,
    /// Password.
    #[serde(skip_serializing)]
    pub password: String,
    /// Page after sign-in.
    pub next: String,
    /// Username of the development sign-in.
    pub username: String,
}

/// A country and its calling code.
#[derive(Debug, Clone, Serialize)]
pub struct Region {
    code: &'static str,
    dial: String,
}

impl Region {
    /// Makes a region from ISO code and calling code, such as `("CN", 86)`.
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
