//! What I have read.

use actix_web::HttpResponse;
use actix_web::web::{Data, Path};
use serde::Deserialize;

use crate::controllers::extractors::current_user::CurrentUser;
use crate::controllers::extractors::form::FormOrJson;
use crate::controllers::extractors::request_context::RequestContext;
use crate::controllers::{App, redirect_or_no_content};
use crate::error::Result;

/// As in the socket's `read` frame.
#[derive(Default, Deserialize)]
#[serde(default)]
pub struct Fields {
    seq: i64,
    unread: bool,
}

/// `PUT /rooms/{id}/read_mark`, or `POST`
pub async fn update(
    app: Data<App>,
    context: RequestContext,
    CurrentUser(user): CurrentUser,
    id: Path<i64>,
    input: FormOrJson<Fields>,
) -> Result<HttpResponse> {
    let Fields { seq, unread } = input.fields;
    app.realtime.mark_read(&user.to_public(), *id, seq, unread).await?;
    Ok(redirect_or_no_content(&context, input.is_json, &format!("/rooms/{id}")))
}

/// `POST /read_marks`: everything is read.
pub async fn create(
    app: Data<App>,
    context: RequestContext,
    CurrentUser(user): CurrentUser,
) -> Result<HttpResponse> {
    app.realtime.mark_all_read(&user.to_public()).await?;
    Ok(redirect_or_no_content(&context, false, "/"))
}
