//! Rooms: creation, changes and deletion.

pub mod blocks;
pub mod directory;
pub mod directs;
pub mod history;
pub mod home;
pub mod invitations;
pub mod involvements;
pub mod members;
pub mod memberships;
pub mod messages;
pub(super) mod page;
pub mod people;
pub mod read_marks;
pub(super) mod room_form;

use actix_web::HttpResponse;
use actix_web::web::{Data, Path, Query};

use self::page::{FormState, FormValues, RoomPageQuery};
use self::room_form::{RoomInput, create_room};
use super::concerns::form_action;
use super::{App, redirect_or_no_content, see_other};
use crate::controllers::extractors::current_user::{CurrentUser, LazyCurrentUser};
use crate::controllers::extractors::form::FormOrJson;
use crate::controllers::extractors::request_context::RequestContext;
use crate::error::Result;
use crate::models::room::Room;
use crate::models::user::User;

/// `POST /rooms`
pub async fn create(
    app: Data<App>,
    context: RequestContext,
    CurrentUser(user): CurrentUser,
    FormOrJson(typed): FormOrJson<RoomInput>,
) -> Result<HttpResponse> {
    let created = create_room(&app, &user, &typed).await;
    let created = created.map(|id| see_other(&format!("/rooms/{id}")));
    form_action::respond(&context, created, async |errors| {
        directory::show_form(&app, &context, user, &typed, errors).await
    })
    .await
}

/// `GET /rooms/{id}` and `?at={seq}`
pub async fn show(
    app: Data<App>,
    context: RequestContext,
    caller: LazyCurrentUser,
    id: Path<i64>,
    query: Query<RoomPageQuery>,
) -> Result<HttpResponse> {
    page::show(&app, &context, caller, *id, &query).await
}

/// `PATCH /rooms/{id}`
pub async fn update(
    app: Data<App>,
    context: RequestContext,
    CurrentUser(user): CurrentUser,
    id: Path<i64>,
    FormOrJson(typed): FormOrJson<RoomInput>,
) -> Result<HttpResponse> {
    let (id, actor) = (*id, user.clone());
    let updated = match typed.change() {
        Ok(change) => {
            let write = app
                .database
                .write(move |conn| Room::update(conn, &actor, id, &change));
            write.await.map(|()| app.realtime.poll_now())
        }
        Err(error) => Err(error),
    };
    respond(&app, &context, user, id, updated, typed.into()).await
}

/// `DELETE /rooms/{id}`
pub async fn destroy(
    app: Data<App>,
    context: RequestContext,
    CurrentUser(user): CurrentUser,
    id: Path<i64>,
    FormOrJson(typed): FormOrJson<RoomInput>,
) -> Result<HttpResponse> {
    let (id, actor, confirm) = (*id, user.clone(), typed.confirm.clone());
    let write = app
        .database
        .write(move |conn| Room::delete(conn, &actor, id, &confirm));
    let deleted = write.await.map(|()| {
        app.realtime.room_deleted(id);
        redirect_or_no_content(&context, "/rooms")
    });
    let values = vec![("confirm", typed.confirm)];
    respond_with(&app, &context, user, id, deleted, values).await
}

/// Redirects to the room (204 for JSON), or renders its page with 422 when fields are invalid.
async fn respond(
    app: &App,
    context: &RequestContext,
    user: User,
    id: i64,
    result: Result<()>,
    typed: FormValues,
) -> Result<HttpResponse> {
    let result = result.map(|()| redirect_or_no_content(context, &format!("/rooms/{id}")));
    respond_with(app, context, user, id, result, typed).await
}

/// Returns the response, or renders the room's page with 422 when fields are invalid.
async fn respond_with(
    app: &App,
    context: &RequestContext,
    user: User,
    id: i64,
    result: Result<HttpResponse>,
    values: FormValues,
) -> Result<HttpResponse> {
    form_action::respond(context, result, async |errors| {
        let form = FormState {
            values,
            errors,
            ..FormState::default()
        };
        page::show_with_errors(app, context, user, id, form).await
    })
    .await
}
