//! `errors/show.html`: an error.

use serde::Serialize;

use crate::views::layout::Page;
use crate::views::templates::View;

/// The page of an error.
#[derive(Debug, Serialize)]
pub struct ErrorPage<'a> {
    /// Layout.
    #[serde(flatten)]
    pub page: Page,
    /// HTTP status.
    pub status: u16,
    /// Short description.
    pub title: String,
    /// Explanation and advice.
    pub text: String,
    /// Request id, which the log lines contain.
    pub request_id: &'a str,
    /// URL to retry; `None` for a submitted form, which the previous page still has.
    pub retry_url: Option<&'a str>,
}

impl View for ErrorPage<'_> {
    const TEMPLATE: &'static str = "errors/show.html";
}
