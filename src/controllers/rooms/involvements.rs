//! Notification level of a room.

use actix_web::HttpResponse;
use actix_web::web::{Data, Path};
use serde::Deserialize;

use crate::controllers::extractors::current_user::CurrentUser;
use crate::controllers::extractors::form::FormOrJson;
use crate::controllers::extractors::request_context::RequestContext;
use crate::controllers::{App, rooms};
use crate::error::Result;
use crate::models::room::Room;
use crate::models::room::membership::Membership;
use crate::protocol::frames::ServerFrame;
use crate::realtime::hub::worker_commands::WorkerCommand;

/// Fields of `/rooms/{id}/involvement`.
#[derive(Default, Deserialize)]
#[serde(default)]
pub struct InvolvementInput {
    involvement: String,
}

/// `PUT /rooms/{id}/involvement`: `everything`, `mentions`, `nothing` or `hidden`.
pub async fn update(
    app: Data<App>,
    context: RequestContext,
    CurrentUser(user): CurrentUser,
    id: Path<i64>,
    FormOrJson(typed): FormOrJson<InvolvementInput>,
) -> Result<HttpResponse> {
    let (id, user_id, level) = (*id, user.id, typed.involvement);
    let write = app.database.write(move |conn| {
        Membership::set_notification_level(conn, id, user_id, &level)?;
        Room::summary(conn, user_id, id)
    });
    let changed = write.await.map(|room| {
        let frame = ServerFrame::Room { room: &room }.encode();
        app.realtime
            .hub
            .send_to_workers(&WorkerCommand::SendToUser(user_id, frame));
    });
    rooms::respond(&app, &context, user, id, changed, Vec::new()).await
}
