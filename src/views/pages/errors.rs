//! `errors/show.html`: what went wrong.

use serde::Serialize;

use crate::views::layout::Page;
use crate::views::templates::View;

/// An error's page.
#[derive(Debug, Serialize)]
pub struct ErrorPage<'a> {
    /// The frame.
    #[serde(flatten)]
    pub page: Page,
    /// The HTTP status.
    pub status: u16,
    /// What happened, in a few words.
    pub title: String,
    /// What to do.
    pub text: String,
    /// By which the log line is found.
    pub request_id: &'a str,
    /// The page to try again; nothing when a form was sent, which is still in the page before.
    pub retry_url: Option<&'a str>,
}

impl View for ErrorPage<'_> {
    const TEMPLATE: &'static str = "errors/show.html";
}
