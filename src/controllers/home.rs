//! The way in.

use actix_web::HttpResponse;

use super::concerns::current_user::CurrentUser;
use super::see_other;
use crate::error::{Error, Result};
use crate::models::room::LOBBY;

/// `GET /`: to the Lobby, or to sign in.
pub async fn show(user: Result<CurrentUser, Error>) -> Result<HttpResponse> {
    match user {
        Ok(_) => Ok(see_other(&format!("/rooms/{LOBBY}"))),
        Err(Error::Unauthorized) => Ok(see_other("/login")),
        Err(error) => Err(error),
    }
}
