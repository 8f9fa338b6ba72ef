//! Members of a room: inviting and removing other users.

use actix_web::HttpResponse;
use actix_web::web::{Data, Path};
use serde::Deserialize;
use serde_json::json;

use crate::controllers::concerns::rate_limits;
use crate::controllers::extractors::current_user::CurrentUser;
use crate::controllers::extractors::form::{FormOrJson, Method};
use crate::controllers::extractors::request_context::RequestContext;
use crate::controllers::{App, rooms, see_other};
use crate::error::Result;
use crate::models::room::Room;
use crate::models::room::invitation::InviteOutcome;

/// Fields of `/rooms/{id}/members`.
#[derive(Default, Deserialize)]
#[serde(default)]
pub struct MemberInput {
    username: String,
    #[serde(rename = "_method")]
    method: Method,
}

/// `POST /rooms/{id}/members`: adds (204) or invites (202 with `state`) a user; with `_method=delete` removes
/// one.
pub async fn create(
    app: Data<App>,
    context: RequestContext,
    current: CurrentUser,
    id: Path<i64>,
    input: FormOrJson<MemberInput>,
) -> Result<HttpResponse> {
    if input.fields.method == Method::Delete {
        return destroy(app, context, current, id, input).await;
    }
    let CurrentUser(user) = current;
    rate_limits::acquire(&app.database, &app.rate_limits.membership_change(user.id)?).await?;
    let (id, person, name) = (*id, user.clone(), input.fields.username);
    let typed = vec![("username", name.clone())];
    let write = app
        .database
        .write(move |conn| Room::add_member(conn, &person, id, &name));
    let outcome = match write.await {
        Ok((newcomer, InviteOutcome::Added { is_new })) => {
            if is_new {
                app.realtime.join_room(newcomer, id, false);
            }
            Ok(InviteResponse::Added)
        }
        Ok((invitee, InviteOutcome::Invited)) => {
            app.realtime.invitations_changed(invitee);
            Ok(InviteResponse::Invited)
        }
        Err(error) => Err(error),
    };
    match outcome {
        Ok(outcome) => Ok(outcome.respond(input.is_json || context.wants_json, id)),
        Err(error) => {
            rooms::respond(&app, &context, user, id, Err(error), typed, input.is_json).await
        }
    }
}

/// Result shown to the inviter. It does not reveal whether the invitation is new, pending or was declined before.
#[derive(Clone, Copy)]
enum InviteResponse {
    Added,
    Invited,
}

impl InviteResponse {
    fn respond(self, is_json: bool, room_id: i64) -> HttpResponse {
        match (self, is_json) {
            (Self::Added, true) => HttpResponse::NoContent().finish(),
            (Self::Invited, true) => HttpResponse::Accepted().json(json!({"state": "invited"})),
            (Self::Added, false) => see_other(&format!("/rooms/{room_id}?member=added#people")),
            (Self::Invited, false) => see_other(&format!("/rooms/{room_id}?member=invited#people")),
        }
    }
}

/// `DELETE /rooms/{id}/members`
pub async fn destroy(
    app: Data<App>,
    context: RequestContext,
    CurrentUser(user): CurrentUser,
    id: Path<i64>,
    input: FormOrJson<MemberInput>,
) -> Result<HttpResponse> {
    rate_limits::acquire(&app.database, &app.rate_limits.membership_change(user.id)?).await?;
    let (id, person, name) = (*id, user.clone(), input.fields.username);
    let typed = vec![("username", name.clone())];
    let write = app
        .database
        .write(move |conn| Room::remove_member(conn, &person, id, &name));
    let removed = write
        .await
        .map(|user_id| app.realtime.leave_room(user_id, id));
    rooms::respond(&app, &context, user, id, removed, typed, input.is_json).await
}
