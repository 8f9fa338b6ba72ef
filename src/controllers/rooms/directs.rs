//! Direct rooms.

use actix_web::HttpResponse;
use actix_web::web::Data;
use serde::Deserialize;

use super::people;
use crate::controllers::concerns::form_action;
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
    FormOrJson(typed): FormOrJson<DirectInput>,
) -> Result<HttpResponse> {
    let to = Recipients::UsernamesOrPhones(typed.to.clone());
    let found = app.database.find_or_create_direct(user.id, to).await;
    let found = found.map(|direct| {
        app.realtime.announce_direct(&direct);
        see_other(&format!("/rooms/{}", direct.room_id))
    });
    let found = match context.expects_json() {
        true => found,
        false => found.map_err(beside_field),
    };
    form_action::respond(&context, found, async |errors| {
        people::show(&app, &context, user, &typed.to.join(", "), errors).await
    })
    .await
}

/// Makes an error that the page shows beside the recipients.
fn beside_field(error: Error) -> Error {
    match error {
        Error::NotFound => Error::field("to", "error-direct-unknown"),
        Error::Unreachable => Error::field("to", "error-direct-unreachable"),
        Error::ForbiddenBecause(message) => Error::field("to", message),
        other => other,
    }
}
