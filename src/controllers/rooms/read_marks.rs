//! Read positions of the current user.

use actix_web::HttpResponse;
use actix_web::web::{Data, Path};
use serde::Deserialize;

use crate::controllers::extractors::current_user::CurrentUser;
use crate::controllers::extractors::form::FormOrJson;
use crate::controllers::extractors::request_context::RequestContext;
use crate::controllers::{App, redirect_or_no_content};
use crate::error::Result;

/// Fields of `/rooms/{id}/read_mark`, as in the `read` frame.
#[derive(Default, Deserialize)]
#[serde(default)]
pub struct ReadMarkInput {
    seq: i64,
    unread: bool,
}

/// `PUT /rooms/{id}/read_mark`
pub async fn update(
    app: Data<App>,
    context: RequestContext,
    CurrentUser(user): CurrentUser,
    id: Path<i64>,
    FormOrJson(typed): FormOrJson<ReadMarkInput>,
) -> Result<HttpResponse> {
    app.realtime
        .mark_read(&user.to_public(), *id, typed.seq, typed.unread)
        .await?;
    let location = format!("/rooms/{id}");
    Ok(redirect_or_no_content(&context, &location))
}

/// `POST /read_marks`: marks all rooms as read.
pub async fn create(
    app: Data<App>,
    context: RequestContext,
    CurrentUser(user): CurrentUser,
) -> Result<HttpResponse> {
    app.realtime.mark_all_read(&user.to_public()).await?;
    Ok(redirect_or_no_content(&context, "/"))
}
