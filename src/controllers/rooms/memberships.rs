//! Membership of the current user: joining and leaving a room.

use actix_web::HttpResponse;
use actix_web::web::{Data, Path};
use serde::de::IgnoredAny;

use crate::controllers::concerns::rate_limits;
use crate::controllers::extractors::current_user::CurrentUser;
use crate::controllers::extractors::form::FormOrJson;
use crate::controllers::extractors::request_context::RequestContext;
use crate::controllers::{App, redirect_or_no_content};
use crate::error::Result;
use crate::models::room::Room;

/// `POST /rooms/{id}/membership`: joins an open room.
pub async fn create(
    app: Data<App>,
    context: RequestContext,
    CurrentUser(user): CurrentUser,
    id: Path<i64>,
    _: FormOrJson<IgnoredAny>,
) -> Result<HttpResponse> {
    rate_limits::acquire(&app.database, &app.rate_limits.membership_change(user.id)).await?;
    let (id, user_id) = (*id, user.id);
    let write = app.database.write(move |conn| Room::join(conn, &user, id));
    if write.await? {
        app.realtime.join_room(user_id, id, false);
        app.realtime.invitations_changed(user_id);
    }
    let location = format!("/rooms/{id}");
    Ok(redirect_or_no_content(&context, &location))
}

/// `DELETE /rooms/{id}/membership`
pub async fn destroy(
    app: Data<App>,
    context: RequestContext,
    CurrentUser(user): CurrentUser,
    id: Path<i64>,
) -> Result<HttpResponse> {
    let (id, user_id) = (*id, user.id);
    let write = app.database.write(move |conn| Room::leave(conn, &user, id));
    write.await?;
    app.realtime.leave_room(user_id, id);
    Ok(redirect_or_no_content(&context, "/rooms"))
}
