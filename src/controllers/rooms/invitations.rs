//! Room invitations of the current user. (Registration links are `invites`.)

use actix_web::HttpResponse;
use actix_web::web::{Data, Path};
use serde::Deserialize;

use crate::controllers::extractors::current_user::CurrentUser;
use crate::controllers::extractors::form::{FormOrJson, Method};
use crate::controllers::extractors::request_context::Asked;
use crate::controllers::{App, done, page};
use crate::error::{Error, Result};
use crate::models::room::Room;
use crate::models::room::invitation;
use crate::views::layout::Page;
use crate::views::pages::invitations::{InvitationItem, InvitationsPage};
use crate::views::pages::rooms::room_links;

/// `GET /invitations`: an HTML page, or a JSON array of invitations as in the `invitation` frame.
pub async fn index(
    app: Data<App>,
    asked: Asked,
    CurrentUser(user): CurrentUser,
) -> Result<HttpResponse> {
    let user_id = user.id;
    let read = app.database.run(move |conn| {
        let rooms = Room::list_of(conn, user_id)?;
        Ok((rooms, invitation::pending(conn, user_id)?))
    });
    let (rooms, pending) = read.await?;
    if asked.wants_json {
        return Ok(HttpResponse::Ok()
            .insert_header(("cache-control", "no-store"))
            .json(pending));
    }
    let item = |invitation| InvitationItem::new(asked.locale(), invitation);
    let view = InvitationsPage {
        page: Page::signed_in(asked.look(), &user.public(), user.is_admin()),
        rooms: room_links(asked.locale(), rooms, None),
        pending: pending.into_iter().map(item).collect(),
    };
    page(&app, &view)
}

/// `PUT /invitations/{id}`: accepts, and redirects browsers to the room.
pub async fn update(
    app: Data<App>,
    asked: Asked,
    CurrentUser(user): CurrentUser,
    id: Path<i64>,
) -> Result<HttpResponse> {
    let (user_id, id) = (user.id, *id);
    let write = app
        .database
        .write(move |conn| invitation::accept(conn, user_id, id));
    let room_id = write.await?;
    app.live.enter(user_id, room_id, false);
    app.live.invitations_changed(user_id);
    Ok(done(&asked, false, &format!("/rooms/{room_id}")))
}

/// `DELETE /invitations/{id}`: declines.
pub async fn destroy(
    app: Data<App>,
    asked: Asked,
    CurrentUser(user): CurrentUser,
    id: Path<i64>,
) -> Result<HttpResponse> {
    let (user_id, id) = (user.id, *id);
    let write = app
        .database
        .write(move |conn| invitation::decline(conn, user_id, id));
    write.await?;
    app.live.invitations_changed(user_id);
    Ok(done(&asked, false, "/invitations"))
}

/// Fields of `POST /invitations/{id}`.
#[derive(Default, Deserialize)]
#[serde(default)]
pub struct InvitationInput {
    #[serde(rename = "_method")]
    method: Method,
}

/// `POST /invitations/{id}` with `_method`
pub async fn method_override(
    app: Data<App>,
    asked: Asked,
    user: CurrentUser,
    id: Path<i64>,
    input: FormOrJson<InvitationInput>,
) -> Result<HttpResponse> {
    match input.fields.method {
        Method::Put | Method::Patch => update(app, asked, user, id).await,
        Method::Delete => destroy(app, asked, user, id).await,
        Method::Post => Err(Error::MethodNotAllowed),
    }
}
