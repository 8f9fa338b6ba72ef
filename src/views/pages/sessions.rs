//! `sessions/new.html`: sign-in.

use serde::{Deserialize, Serialize};

use crate::views::layout::{FieldMessages, Page};

/// The sign-in page.
#[derive(Serialize)]
pub struct NewSessionPage<'a> {
    #[serde(flatten)]
    pub page: Page,
    pub form: LoginForm,
    pub errors: FieldMessages,
    pub regions: &'a [Region],
    pub registration: bool,
    /// Whether passwords can be reset by a code.
    pub reset: bool,
    pub github: Option<String>,
    /// Whether development mode allows sign-in by username alone.
    pub development: bool,
}

/// Fields of the form. `username` is sent in development only.
#[derive(Default, Deserialize, Serialize)]
#[serde(default)]
pub struct LoginForm {
    pub phone: String,
    pub region: String,
    #[serde(skip_serializing)]
    pub password: String,
    pub next: String,
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
