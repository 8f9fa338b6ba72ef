//! What an admin gives to somebody who cannot get in: a link that lets them set a password, once.

use actix_web::http::StatusCode;
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use chrono::TimeDelta;
use serde::Deserialize;

use crate::controllers::concerns::sign_in::origin;
use crate::controllers::errors::field_sentences;
use crate::controllers::extractors::current_user::Admin;
use crate::controllers::extractors::form::FormOrJson;
use crate::controllers::extractors::request_context::Asked;
use crate::controllers::middleware::same_origin::own_origin;
use crate::controllers::{App, page};
use crate::error::{Error, Result, Sentence};
use crate::models::auth::password_reset_link;
use crate::models::auth::security_event;
use crate::models::auth::security_event::Kind;
use crate::models::room::Room;
use crate::models::user::{ACTIVE, User};
use crate::views::layout::Page;
use crate::views::pages::invites::PasswordLinkPage;
use crate::views::pages::rooms::room_links;
use crate::views::qr::Qr;

/// A link is good for so long.
const LINK_HOURS: i64 = 4;

/// For whom.
#[derive(Default, Deserialize)]
#[serde(default)]
pub struct Whom {
    username: String,
}

/// `GET /password_links`
pub async fn new(app: Data<App>, asked: Asked, Admin(admin): Admin) -> Result<HttpResponse> {
    show(&app, &asked, admin, "", None, &[]).await
}

/// `POST /password_links` with `username`: shows the link, this once. One before it is worth nothing any more.
pub async fn create(
    app: Data<App>,
    asked: Asked,
    request: HttpRequest,
    Admin(admin): Admin,
    input: FormOrJson<Whom>,
) -> Result<HttpResponse> {
    let (name, origin) = (input.fields.username.trim().to_owned(), origin(&request));
    let wanted = name.clone();
    let made = app.database.write(move |conn| {
        let user = User::named(conn, &wanted)?;
        if user.status != ACTIVE {
            return Err(Error::NotFound);
        }
        let token = password_reset_link::create(conn, user.id, TimeDelta::hours(LINK_HOURS))?;
        security_event::record(conn, Kind::PasswordLinkMade, user.id, &origin)?;
        Ok((user.username, token))
    });
    match made.await {
        Ok((username, token)) => {
            let own = own_origin(&request).unwrap_or_default();
            let link = format!("{own}/passwords/{token}");
            show(&app, &asked, admin, &username, Some(link), &[]).await
        }
        Err(Error::NotFound) => {
            let nobody = Sentence::with("error-member-unknown", "name", &name);
            let fields = [("username", nobody)];
            if input.is_json || asked.wants_json {
                return Err(Error::Invalid(fields.into()));
            }
            let mut response = show(&app, &asked, admin, &name, None, &fields).await?;
            *response.status_mut() = StatusCode::UNPROCESSABLE_ENTITY;
            Ok(response)
        }
        Err(error) => Err(error),
    }
}

async fn show(
    app: &App,
    asked: &Asked,
    admin: User,
    username: &str,
    link: Option<String>,
    fields: &[(&'static str, Sentence)],
) -> Result<HttpResponse> {
    let user_id = admin.id;
    let read = app.database.run(move |conn| Room::list_of(conn, user_id));
    let mut errors = field_sentences(asked.locale(), fields);
    errors.entry("username").or_default();
    page(
        app,
        &PasswordLinkPage {
            page: Page::signed_in(asked.look(), &admin.public(), admin.is_admin()),
            rooms: room_links(asked.locale(), read.await?, None),
            username,
            qr: link.as_deref().and_then(Qr::encode),
            link,
            hours: LINK_HOURS,
            errors,
        },
    )
}
