//! Membership of the current user: joining and leaving a room.

use actix_web::HttpResponse;
use actix_web::web::{Data, Path};
use serde::Deserialize;

use crate::controllers::concerns::rate_limits;
use crate::controllers::extractors::current_user::CurrentUser;
use crate::controllers::extractors::form::{FormOrJson, Method};
use crate::controllers::extractors::request_context::RequestContext;
use crate::controllers::{App, redirect_or_no_content};
use crate::error::Result;
use crate::models::room::Room;

/// Fields of `/rooms/{id}/membership`.
#[derive(Default, Deserialize)]
#[serde(default)]
pub struct MembershipInput {
    #[serde(rename = "_method")]
    method: Method,
}

/// `POST /rooms/{id}/membership`: joins an open room; with `_method=delete` leaves.
pub async fn create(
    app: Data<App>,
    context: RequestContext,
    current: CurrentUser,
    id: Path<i64>,
    input: FormOrJson<MembershipInput>,
) -> Result<HttpResponse> {
    if input.fields.method == Method::Delete {
        return destroy(app, context, current, id).await;
    }
    let CurrentUser(user) = current;
    rate_limits::acquire(&app.database, &app.rate_limits.membership_change(user.id)?).await?;
    let (id, user_id) = (*id, user.id);
    let write = app.database.write(move |conn| Room::join(conn, &user, id));
    if write.await? {
        app.realtime.join_room(user_id, id, false);
        app.realtime.invitations_changed(user_id);
    }
    Ok(redirect_or_no_content(
        &context,
        input.is_json,
        &format!("/rooms/{id}"),
    ))
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
    Ok(redirect_or_no_content(&context, false, "/rooms"))
}
