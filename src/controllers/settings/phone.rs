//! Another phone number.

use actix_web::HttpResponse;
use actix_web::web::Data;
use serde::Deserialize;

use super::account::{Typed, answer};
use super::{require_password, saved};
use crate::controllers::concerns::asked::Asked;
use crate::controllers::concerns::current_user::CurrentUser;
use crate::controllers::concerns::input::FormOrJson;
use crate::controllers::{App, users};
use crate::error::Result;
use crate::models::phone_number::PhoneNumber;
use crate::models::user::User;

/// What the form sends.
#[derive(Default, Deserialize)]
#[serde(default)]
pub struct Fields {
    phone: String,
    region: String,
    phone_password: String,
}

/// `PUT /settings/phone`
pub async fn update(
    app: Data<App>,
    asked: Asked,
    CurrentUser(user): CurrentUser,
    input: FormOrJson<Fields>,
) -> Result<HttpResponse> {
    let changed = change(&app, &asked, &user, &input.fields).await;
    let changed = changed.map(|()| saved(&asked, input.is_json, "account", "phone-number"));
    let typed = Typed {
        phone: input.fields.phone,
        region: input.fields.region,
        ..Typed::default()
    };
    answer(&app, &asked, &user, &typed, input.is_json, changed).await
}

async fn change(app: &App, asked: &Asked, user: &User, typed: &Fields) -> Result<()> {
    let region = users::region(app, asked, &typed.region);
    let phone = PhoneNumber::parse(&typed.phone, &region)?;
    require_password(app, user, &typed.phone_password, "phone_password").await?;
    let user_id = user.id;
    app.database
        .write(move |conn| User::set_phone(conn, user_id, &phone))
        .await
}
