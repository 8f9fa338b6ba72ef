//! My picture.

use actix_web::dev::Payload;
use actix_web::http::StatusCode;
use actix_web::web::{self, Data};
use actix_web::{FromRequest, HttpMessage, HttpRequest, HttpResponse};
use serde::Deserialize;

use super::{Saved, profile, saved, unprocessable};
use crate::controllers::App;
use crate::controllers::concerns::attempt::Attempt;
use crate::controllers::extractors::current_user::CurrentUser;
use crate::controllers::extractors::form::{FormOrJson, Method};
use crate::controllers::extractors::request_context::RequestContext;
use crate::controllers::extractors::upload;
use crate::error::{Error, Result, LocalizedMessage};
use crate::models::user::User;
use crate::models::user::avatar;
use crate::services::image::UPLOAD_MAX_BYTES;

/// What the form without a file sends.
#[derive(Default, Deserialize)]
#[serde(default)]
pub struct Fields {
    #[serde(rename = "_method")]
    method: Method,
}

/// `POST /settings/avatar`: the field `avatar` of a `multipart/form-data` body is my picture from now on; a form with
/// `_method=delete` takes it away.
pub async fn create(
    app: Data<App>,
    context: RequestContext,
    current: CurrentUser,
    request: HttpRequest,
    payload: web::Payload,
) -> Result<HttpResponse> {
    let mut payload = payload.into_inner();
    if request.content_type() != "multipart/form-data" {
        let input = FormOrJson::<Fields>::from_request(&request, &mut payload).await?;
        return match input.fields.method {
            Method::Delete => destroy(app, context, current).await,
            _ => Err(Error::UnsupportedMedia),
        };
    }
    let CurrentUser(user) = current;
    match take(&app, &user, &request, payload).await {
        Ok(()) => Ok(saved(&context, false, "profile", "picture")),
        Err(Error::Invalid(fields)) if !context.wants_json => {
            let page = again(&app, &context, &user, fields).await;
            page.map(unprocessable)
        }
        Err(Error::PayloadTooLarge) if !context.wants_json => {
            let limit = LocalizedMessage::with("error-avatar-large", "limit", UPLOAD_MAX_BYTES / 1024 / 1024);
            let mut page = again(&app, &context, &user, vec![("avatar", limit)]).await?;
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
    Ok(saved(&context, false, "profile", "picture"))
}

/// Reads an upload and makes it the person's picture. Nothing is kept of one that is refused.
async fn take(app: &App, user: &User, request: &HttpRequest, payload: Payload) -> Result<()> {
    let _place = app.avatar_processor.acquire_permit(user.id)?;
    let tries = app.rate_limits.profile_change(user.id)?;
    Attempt::run(app, tries, store(app, user, request, payload)).await
}

async fn store(app: &App, user: &User, request: &HttpRequest, payload: Payload) -> Result<()> {
    let upload = upload::read(request, payload, "avatar", UPLOAD_MAX_BYTES).await?;
    let portrait = app.avatar_processor.process(upload).await?;
    let user_id = user.id;
    let write = app
        .database
        .write(move |conn| avatar::set(conn, user_id, Some(&portrait)));
    write.await
}

async fn again(
    app: &App,
    context: &RequestContext,
    user: &User,
    fields: Vec<(&'static str, LocalizedMessage)>,
) -> Result<HttpResponse> {
    let name = user.username.clone();
    profile::shown(app, context, user, name, Saved::default(), &fields).await
}
