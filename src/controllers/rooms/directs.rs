//! Direct rooms.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::Data;
use serde::Deserialize;

use super::people;
use crate::controllers::extractors::current_user::CurrentUser;
use crate::controllers::extractors::form::FormOrJson;
use crate::controllers::extractors::request_context::RequestContext;
use crate::controllers::{App, see_other};
use crate::error::{Error, Result};
use crate::models::room::direct::Recipients;

/// Fields of `POST /directs`: usernames.
#[derive(Default, Deserialize)]
#[serde(default)]
pub struct DirectInput {
    to: Vec<String>,
}

/// `POST /directs`: finds or creates the direct room of these people and redirects there.
pub async fn create(
    app: Data<App>,
    context: RequestContext,
    CurrentUser(user): CurrentUser,
    input: FormOrJson<DirectInput>,
) -> Result<HttpResponse> {
    let to = Recipients::UsernamesOrPhones(input.fields.to.clone());
    let is_page = !input.is_json && !context.wants_json;
    match app.database.find_or_create_direct(user.id, to).await {
        Ok(direct) => {
            app.realtime.announce_direct(&direct);
            Ok(see_other(&format!("/rooms/{}", direct.room_id)))
        }
        Err(error @ (Error::NotFound | Error::Unreachable | Error::ForbiddenBecause(_)))
            if is_page =>
        {
            let sentence = match error {
                Error::NotFound => "error-direct-unknown".into(),
                Error::ForbiddenBecause(sentence) => sentence,
                _ => "error-direct-unreachable".into(),
            };
            let fields = [("to", sentence)];
            people::show(&app, &context, user, &input.fields.to.join(", "), &fields)
                .await
                .map(unprocessable)
        }
        Err(Error::Invalid(fields)) if is_page => {
            people::show(&app, &context, user, &input.fields.to.join(", "), &fields)
                .await
                .map(unprocessable)
        }
        Err(error) => Err(error),
    }
}

fn unprocessable(mut response: HttpResponse) -> HttpResponse {
    *response.status_mut() = StatusCode::UNPROCESSABLE_ENTITY;
    response
}
