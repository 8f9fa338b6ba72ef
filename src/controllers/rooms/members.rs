//! Members of a room: inviting and removing other users.

use actix_web::HttpResponse;
use actix_web::web::{Data, Path};
use serde_json::json;

use crate::controllers::concerns::rate_limits;
use crate::controllers::extractors::current_user::CurrentUser;
use crate::controllers::extractors::form::{FormOrJson, UsernameField};
use crate::controllers::extractors::request_context::RequestContext;
use crate::controllers::{App, rooms, see_other};
use crate::error::Result;
use crate::models::room::Room;
use crate::models::room::invitation::InviteOutcome;

/// `POST /rooms/{id}/members`: adds (204) or invites (202 with `state`) a user.
pub async fn create(
    app: Data<App>,
    context: RequestContext,
    CurrentUser(user): CurrentUser,
    id: Path<i64>,
    FormOrJson(typed): FormOrJson<UsernameField>,
) -> Result<HttpResponse> {
    rate_limits::acquire(&app.database, &app.rate_limits.membership_change(user.id)).await?;
    let (id, actor, name) = (*id, user.clone(), typed.username.clone());
    let write = app
        .database
        .write(move |conn| Room::add_member(conn, &actor, id, &name));
    let invited = write.await.map(|(invitee, outcome)| {
        match outcome {
            InviteOutcome::Added { is_new: true } => app.realtime.join_room(invitee, id, false),
            InviteOutcome::Added { is_new: false } => {}
            InviteOutcome::Invited => app.realtime.invitations_changed(invitee),
        }
        respond_invited(&context, id, outcome)
    });
    let values = vec![("username", typed.username)];
    rooms::respond_with(&app, &context, user, id, invited, values).await
}

/// Tells the inviter the outcome, but not whether the invitation is new, pending or was declined before.
fn respond_invited(context: &RequestContext, room_id: i64, outcome: InviteOutcome) -> HttpResponse {
    let notice = match outcome {
        InviteOutcome::Added { .. } => "added",
        InviteOutcome::Invited => "invited",
    };
    match outcome {
        _ if !context.expects_json() => {
            see_other(&format!("/rooms/{room_id}?member={notice}#people"))
        }
        InviteOutcome::Added { .. } => HttpResponse::NoContent().finish(),
        InviteOutcome::Invited => HttpResponse::Accepted().json(json!({"state": notice})),
    }
}

/// `DELETE /rooms/{id}/members`
pub async fn destroy(
    app: Data<App>,
    context: RequestContext,
    CurrentUser(user): CurrentUser,
    id: Path<i64>,
    FormOrJson(typed): FormOrJson<UsernameField>,
) -> Result<HttpResponse> {
    rate_limits::acquire(&app.database, &app.rate_limits.membership_change(user.id)).await?;
    let (id, actor, name) = (*id, user.clone(), typed.username.clone());
    let write = app
        .database
        .write(move |conn| Room::remove_member(conn, &actor, id, &name));
    let removed = write
        .await
        .map(|user_id| app.realtime.leave_room(user_id, id));
    let values = vec![("username", typed.username)];
    rooms::respond(&app, &context, user, id, removed, values).await
}
