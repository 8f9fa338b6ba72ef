//! HTTP endpoints: one file per resource. An action loads or changes models and builds the response.

pub mod accounts;
pub mod api;
pub mod concerns;
pub mod errors;
pub mod extractors;
pub mod middleware;
pub mod realtime;
mod responses;
pub mod rooms;
pub mod settings;
pub mod site;
mod state;

pub(crate) use self::responses::{
    gzip_html, page, redirect_or_no_content, see_other, signed_out_page, with_cookie, with_status,
};
pub use self::state::{
    Accounts, App, GithubLogin, PhoneVerification, RequestLimits, Site, SocketLimits,
};
