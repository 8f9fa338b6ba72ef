//! The picture of the current user.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::Data;

use super::{profile, redirect_saved};
use crate::controllers::concerns::attempt::Attempt;
use crate::controllers::concerns::form_action;
use crate::controllers::extractors::current_user::CurrentUser;
use crate::controllers::extractors::request_context::RequestContext;
use crate::controllers::extractors::upload::UploadForm;
use crate::controllers::{App, with_status};
use crate::error::{Error, LocalizedMessage, Result};
use crate::models::user::User;
use crate::models::user::avatar;
use crate::services::image::UPLOAD_MAX_BYTES;

/// `POST /settings/avatar`: stores the field `avatar` of a `multipart/form-data` body as picture.
pub async fn create(
    app: Data<App>,
    context: RequestContext,
    CurrentUser(user): CurrentUser,
    form: UploadForm,
) -> Result<HttpResponse> {
    let saved = match save(&app, &user, form).await {
        Err(Error::PayloadTooLarge) if !context.wants_json => {
            let megabytes = UPLOAD_MAX_BYTES / 1024 / 1024;
            let limit = LocalizedMessage::with("error-avatar-large", "limit", megabytes);
            let page = profile::render(&app, &context, &user, None, vec![("avatar", limit)].into());
            return Ok(with_status(page.await?, StatusCode::PAYLOAD_TOO_LARGE));
        }
        saved => saved.map(|()| redirect_saved(&context, "profile", "picture")),
    };
    form_action::respond(&context, saved, async |errors| {
        profile::render(&app, &context, &user, None, errors.into()).await
    })
    .await
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
    let tries = app.rate_limits.profile_change(user.id);
    Attempt::run(&app, tries, write).await?;
    Ok(redirect_saved(&context, "profile", "picture"))
}

/// Stores an upload as the user's picture. A rejected upload leaves no data.
async fn save(app: &App, user: &User, form: UploadForm) -> Result<()> {
    let user_id = user.id;
    let _permit = app.avatar_processor.acquire_permit(user_id)?;
    let tries = app.rate_limits.profile_change(user_id);
    let store = async {
        let upload = form.read("avatar", UPLOAD_MAX_BYTES).await?;
        let portrait = app.avatar_processor.process(upload).await?;
        let write = app
            .database
            .write(move |conn| avatar::set(conn, user_id, Some(&portrait)));
        write.await
    };
    Attempt::run(app, tries, store).await
}
