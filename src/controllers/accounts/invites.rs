//! Links by which people may register.

use actix_web::http::StatusCode;
use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse};
use serde::Deserialize;

use crate::controllers::concerns::sign_in::origin;
use crate::controllers::errors::field_sentences;
use crate::controllers::extractors::current_user::CurrentUser;
use crate::controllers::extractors::form::{FormOrJson, Method};
use crate::controllers::extractors::request_context::Asked;
use crate::controllers::middleware::same_origin::own_origin;
use crate::controllers::{App, done, page, see_other};
use crate::error::{Error, Result, Sentence};
use crate::models::auth::invite;
use crate::models::auth::security_event;
use crate::models::auth::security_event::Kind;
use crate::models::room::Room;
use crate::models::user::{Policy, User};
use crate::views::layout::Page;
use crate::views::pages::invites::{InviteForm, InviteItem, InvitesPage};
use crate::views::pages::rooms::room_links;

/// How many may come by it, and for how many days.
#[derive(Deserialize)]
#[serde(default)]
pub struct Fields {
    uses: String,
    days: String,
}

impl Default for Fields {
    fn default() -> Self {
        Self {
            uses: "1".to_owned(),
            days: "7".to_owned(),
        }
    }
}

/// What a form sends to one of them.
#[derive(Default, Deserialize)]
#[serde(default)]
pub struct Overriding {
    #[serde(rename = "_method")]
    method: Method,
}

/// Whether there are such links here, and this person may make them.
///
/// # Errors
/// `NotFound` where there are none; `Forbidden` where only admins make them.
pub(in crate::controllers) fn require_maker(app: &App, user: &User) -> Result<()> {
    if app.accounts.policy != Policy::Invite {
        return Err(Error::NotFound);
    }
    match app.accounts.makers.include(user) {
        true => Ok(()),
        false => Err(Error::Forbidden),
    }
}

/// `GET /invites`: those that still let somebody in: mine, or all for an admin.
pub async fn index(
    app: Data<App>,
    asked: Asked,
    request: HttpRequest,
    CurrentUser(user): CurrentUser,
) -> Result<HttpResponse> {
    require_maker(&app, &user)?;
    show(&app, &asked, &request, user, &Fields::default(), &[]).await
}

/// `POST /invites` with `uses` and `days`
pub async fn create(
    app: Data<App>,
    asked: Asked,
    request: HttpRequest,
    CurrentUser(user): CurrentUser,
    input: FormOrJson<Fields>,
) -> Result<HttpResponse> {
    require_maker(&app, &user)?;
    let (user_id, origin) = (user.id, origin(&request));
    let uses = input.fields.uses.trim().parse().unwrap_or(0);
    let days = input.fields.days.trim().parse().unwrap_or(0);
    let made = app.database.write(move |conn| {
        invite::create(conn, user_id, uses, days)?;
        security_event::record(conn, Kind::InviteMade, user_id, &origin)
    });
    match made.await {
        Err(Error::Invalid(fields)) if !input.is_json && !asked.wants_json => {
            let mut response = show(&app, &asked, &request, user, &input.fields, &fields).await?;
            *response.status_mut() = StatusCode::UNPROCESSABLE_ENTITY;
            Ok(response)
        }
        made => made.map(|()| see_other("/invites")),
    }
}

/// `DELETE /invites/{id}`: nobody comes in by it any more.
pub async fn destroy(
    app: Data<App>,
    asked: Asked,
    request: HttpRequest,
    CurrentUser(user): CurrentUser,
    id: Path<i64>,
) -> Result<HttpResponse> {
    require_maker(&app, &user)?;
    let (id, origin) = (id.into_inner(), origin(&request));
    app.database
        .write(move |conn| {
            invite::revoke(conn, &user, id)?;
            security_event::record(conn, Kind::InviteRevoked, user.id, &origin)
        })
        .await?;
    Ok(done(&asked, false, "/invites"))
}

/// `POST /invites/{id}` with `_method=delete`
pub async fn method_override(
    app: Data<App>,
    asked: Asked,
    request: HttpRequest,
    user: CurrentUser,
    id: Path<i64>,
    input: FormOrJson<Overriding>,
) -> Result<HttpResponse> {
    match input.fields.method {
        Method::Delete => destroy(app, asked, request, user, id).await,
        _ => Err(Error::MethodNotAllowed),
    }
}

async fn show(
    app: &App,
    asked: &Asked,
    request: &HttpRequest,
    user: User,
    typed: &Fields,
    fields: &[(&'static str, Sentence)],
) -> Result<HttpResponse> {
    let me = user.clone();
    let read = app.database.run(move |conn| {
        let rooms = Room::list_of(conn, me.id)?;
        Ok((rooms, invite::list_for(conn, &me)?))
    });
    let (rooms, open) = read.await?;
    let own = own_origin(request).unwrap_or_default();
    let items = open.into_iter().map(|(invite, maker)| {
        let token = invite::token(&app.keyed, invite.id)?;
        let link = format!("{own}/register?invite={token}");
        Ok(InviteItem::new(&invite, maker, link))
    });
    let invites: Result<Vec<InviteItem>> = items.collect();
    let mut errors = field_sentences(asked.locale(), fields);
    for field in ["uses", "days"] {
        errors.entry(field).or_default();
    }
    page(
        app,
        &InvitesPage {
            page: Page::signed_in(asked.look(), &user.public(), user.is_admin()),
            rooms: room_links(asked.locale(), rooms, None),
            invites: invites?,
            form: InviteForm {
                uses: &typed.uses,
                days: &typed.days,
            },
            errors,
        },
    )
}
