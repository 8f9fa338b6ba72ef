//! The picture of the current user.

use actix_web::dev::Payload;
use actix_web::http::StatusCode;
use actix_web::web::{self, Data};
use actix_web::{FromRequest, HttpMessage, HttpRequest, HttpResponse};
use serde::Deserialize;

use super::{SavedQuery, profile, redirect_saved, unprocessable};
use crate::controllers::App;
use crate::controllers::concerns::attempt::Attempt;
use crate::controllers::extractors::current_user::CurrentUser;
use crate::controllers::extractors::form::{FormOrJson, Method};
use crate::controllers::extractors::request_context::RequestContext;
use crate::controllers::extractors::upload;
use crate::error::{Error, LocalizedMessage, Result};
use crate::models::user::User;
use crate::models::user::avatar;
use crate::services::image::UPLOAD_MAX_BYTES;

/// Fields of the form without a file.
#[derive(Default, Deserialize)]
#[serde(default)]
pub struct AvatarInput {
    #[serde(rename = "_method")]
    method: Method,
}

/// `POST /settings/avatar`: stores the field `avatar` of a `multipart/form-data` body as picture; a form with
/// `_method=delete` removes the picture.
pub async fn create(
    app: Data<App>,
    context: RequestContext,
    current: CurrentUser,
    request: HttpRequest,
    payload: web::Payload,
) -> Result<HttpResponse> {
    let mut payload = payload.into_inner();
    if request.content_type() != "multipart/form-data" {
        let input = FormOrJson::<AvatarInput>::from_request(&request, &mut payload).await?;
        return match input.fields.method {
            Method::Delete => destroy(app, context, current).await,
            _ => Err(Error::UnsupportedMedia),
        };
    }
    let CurrentUser(user) = current;
    match save_upload(&app, &user, &request, payload).await {
        Ok(()) => Ok(redirect_saved(&context, false, "profile", "picture")),
        Err(Error::Invalid(fields)) if !context.wants_json => {
            let page = render_errors(&app, &context, &user, fields).await;
            page.map(unprocessable)
        }
        Err(Error::PayloadTooLarge) if !context.wants_json => {
            let limit = LocalizedMessage::with(
                "error-avatar-large",
                "limit",
                UPLOAD_MAX_BYTES / 1024 / 1024,
            );
            let mut page = render_errors(&app, &context, &user, vec![("avatar", limit)]).await?;
            *page.status_mut() = StatusCode::PAYLOAD_TOO_LARGE;
            Ok(page)
        }
        Err(error) => Err(error),
    }
}

/// `DELETE /settings/avatar`
pub async fn destroy(
    app: Data<App>,
    context: RequestContext,
    CurrentUser(user): CurrentUser,
) -> Result<HttpResponse> {
    let write = app
        .database
        .write(move |conn| avatar::set(conn, user.id, None));
    let tries = app.rate_limits.profile_change(user.id)?;
    Attempt::run(&app, tries, write).await?;
    Ok(redirect_saved(&context, false, "profile", "picture"))
}

/// Stores an upload as the user's picture. A rejected upload leaves no data.
async fn save_upload(
    app: &App,
    user: &User,
    request: &HttpRequest,
    payload: Payload,
) -> Result<()> {
    let _permit = app.avatar_processor.acquire_permit(user.id)?;
    let tries = app.rate_limits.profile_change(user.id)?;
    Attempt::run(app, tries, process_and_store(app, user, request, payload)).await
}

async fn process_and_store(
    app: &App,
    user: &User,
    request: &HttpRequest,
    payload: Payload,
) -> Result<()> {
    let upload = upload::read(request, payload, "avatar", UPLOAD_MAX_BYTES).await?;
    let portrait = app.avatar_processor.process(upload).await?;
    let user_id = user.id;
    let write = app
        .database
        .write(move |conn| avatar::set(conn, user_id, Some(&portrait)));
    write.await
}

async fn render_errors(
    app: &App,
    context: &RequestContext,
    user: &User,
    fields: Vec<(&'static str, LocalizedMessage)>,
) -> Result<HttpResponse> {
    let name = user.username.clone();
    profile::render(app, context, user, name, SavedQuery::default(), &fields).await
}
