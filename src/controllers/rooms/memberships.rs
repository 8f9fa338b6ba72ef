//! Membership of the current user: joining and leaving a room.

use actix_web::HttpResponse;
use actix_web::web::{Data, Path};
use serde::Deserialize;

use crate::controllers::concerns::throttle;
use crate::controllers::extractors::current_user::CurrentUser;
use crate::controllers::extractors::form::{FormOrJson, Method};
use crate::controllers::extractors::request_context::Asked;
use crate::controllers::{App, done};
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
    asked: Asked,
    current: CurrentUser,
    id: Path<i64>,
    input: FormOrJson<MembershipInput>,
) -> Result<HttpResponse> {
    if input.fields.method == Method::Delete {
        return destroy(app, asked, current, id).await;
    }
    let CurrentUser(user) = current;
    throttle::take(&app, &app.throttles.member(user.id)?).await?;
    let (id, user_id) = (*id, user.id);
    let write = app.database.write(move |conn| Room::enter(conn, &user, id));
    if write.await? {
        app.live.enter(user_id, id, false);
        app.live.invitations_changed(user_id);
    }
    Ok(done(&asked, input.is_json, &format!("/rooms/{id}")))
}

/// `DELETE /rooms/{id}/membership`
pub async fn destroy(
    app: Data<App>,
    asked: Asked,
    CurrentUser(user): CurrentUser,
    id: Path<i64>,
) -> Result<HttpResponse> {
    let (id, user_id) = (*id, user.id);
    let write = app.database.write(move |conn| Room::leave(conn, &user, id));
    write.await?;
    app.live.leave(user_id, id);
    Ok(done(&asked, false, "/rooms"))
}
