//! `errors/show.html`: an error.

use serde::Serialize;

use crate::views::layout::Page;

/// The page of an error.
#[derive(Debug, Serialize)]
pub struct ErrorPage<'a> {
    #[serde(flatten)]
    pub page: Page,
    pub status: u16,
    pub title: String,
    pub text: String,
    pub request_id: &'a str,
    /// URL to retry; `None` for a submitted form, which the previous page still has.
    pub retry_url: Option<&'a str>,
}
