//! Room invitations of the current user. (Registration links are `invites`.)

use actix_web::HttpResponse;
use actix_web::web::{Data, Path};

use crate::controllers::extractors::current_user::CurrentUser;
use crate::controllers::extractors::request_context::RequestContext;
use crate::controllers::{App, page, redirect_or_no_content};
use crate::error::Result;
use crate::models::room::Room;
use crate::models::room::invitation;
use crate::views::pages::invitations::{InvitationItem, InvitationsPage};
use crate::views::pages::rooms::SidebarPage;

/// `GET /invitations`: an HTML page, or a JSON array of invitations as in the `invitation` frame.
pub async fn index(
    app: Data<App>,
    context: RequestContext,
    CurrentUser(user): CurrentUser,
) -> Result<HttpResponse> {
    let user_id = user.id;
    let read = app.database.read(move |conn| {
        let rooms = Room::list_for(conn, user_id)?;
        Ok((rooms, invitation::pending(conn, user_id)?))
    });
    let (rooms, pending) = read.await?;
    if context.wants_json {
        return Ok(HttpResponse::Ok()
            .insert_header(("cache-control", "no-store"))
            .json(pending));
    }
    let item = |invitation| InvitationItem::new(context.locale(), invitation);
    let view = InvitationsPage {
        layout: SidebarPage::new(context.display_preferences(), &user, rooms),
        pending: pending.into_iter().map(item).collect(),
    };
    page(&app, &view)
}

/// `PUT /invitations/{id}`: accepts, and redirects browsers to the room.
pub async fn update(
    app: Data<App>,
    context: RequestContext,
    CurrentUser(user): CurrentUser,
    id: Path<i64>,
) -> Result<HttpResponse> {
    let (user_id, id) = (user.id, *id);
    let write = app
        .database
        .write(move |conn| invitation::accept(conn, user_id, id));
    let room_id = write.await?;
    app.realtime.join_room(user_id, room_id, false);
    app.realtime.invitations_changed(user_id);
    let location = format!("/rooms/{room_id}");
    Ok(redirect_or_no_content(&context, &location))
}

/// `DELETE /invitations/{id}`: declines.
pub async fn destroy(
    app: Data<App>,
    context: RequestContext,
    CurrentUser(user): CurrentUser,
    id: Path<i64>,
) -> Result<HttpResponse> {
    let (user_id, id) = (user.id, *id);
    let write = app
        .database
        .write(move |conn| invitation::decline(conn, user_id, id));
    write.await?;
    app.realtime.invitations_changed(user_id);
    Ok(redirect_or_no_content(&context, "/invitations"))
}
