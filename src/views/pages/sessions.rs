//! `sessions/new.html`: sign-in.

use serde::Serialize;

use crate::views::layout::{FieldMessages, Page};

/// The sign-in page.
#[derive(Debug, Serialize)]
pub struct NewSessionPage<'a> {
    #[serde(flatten)]
    pub page: Page,
    pub form: NewSessionForm<'a>,
    pub errors: FieldMessages,
    pub regions: &'a [Region],
    pub registration: bool,
    /// Whether passwords can be reset by a code.
    pub reset: bool,
    pub github: Option<String>,
    /// Whether development mode allows sign-in by username alone.
    pub development: bool,
}

/// Submitted values without the password.
#[derive(Debug, Serialize)]
pub struct NewSessionForm<'a> {
    pub phone: &'a str,
    pub region: &'a str,
    pub next: &'a str,
    pub username: &'a str,
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
