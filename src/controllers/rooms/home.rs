//! The start page.

use actix_web::HttpResponse;
use actix_web::web::Data;

use crate::controllers::extractors::cookies::LAST_ROOM_COOKIE;
use crate::controllers::extractors::current_user::CurrentUser;
use crate::controllers::extractors::request_context::RequestContext;
use crate::controllers::{App, see_other};
use crate::error::{Error, Result};
use crate::models::room::membership::Membership;
use crate::models::room::{LOBBY, Room};

/// `GET /`: redirects to the last visited room (cookie), the Lobby, or `/login`.
pub async fn show(
    app: Data<App>,
    context: RequestContext,
    user: Result<CurrentUser, Error>,
) -> Result<HttpResponse> {
    let CurrentUser(user) = match user {
        Ok(user) => user,
        Err(Error::Unauthorized) => return Ok(see_other("/login")),
        Err(error) => return Err(error),
    };
    let mut last = context.cookies(LAST_ROOM_COOKIE);
    let last = last.find_map(|id| id.parse().ok());
    let room = app
        .database
        .read(move |conn| match last {
            Some(id) if Membership::find(conn, id, user.id)?.is_some() => {
                Ok(Room::find_for(conn, &user, id).map_or(LOBBY, |(room, _)| room.id))
            }
            _ => Ok(LOBBY),
        })
        .await?;
    Ok(see_other(&format!("/rooms/{room}")))
}
