//! Number, password, and going. The page is shared by their forms.

use actix_session::Session;
use actix_web::HttpResponse;
use actix_web::web::{Data, Query};
use serde::Deserialize;

use super::{Mistakes, Saved, frame, require_password, unprocessable};
use crate::controllers::concerns::asked::Asked;
use crate::controllers::concerns::current_user::CurrentUser;
use crate::controllers::concerns::input::{FormOrJson, Method};
use crate::controllers::{App, done, page, users};
use crate::error::{Error, Result};
use crate::models::user::User;
use crate::views::page::Page;
use crate::views::settings::{AccountForm, AccountPage, FarewellPage};

/// What was typed into any of the page's forms; never a password.
#[derive(Default)]
pub(super) struct Typed {
    pub phone: String,
    pub region: String,
    pub confirm: String,
}

/// What the form of whoever goes sends.
#[derive(Default, Deserialize)]
#[serde(default)]
pub struct Fields {
    confirm: String,
    delete_password: String,
    #[serde(rename = "_method")]
    method: Method,
}

/// `GET /settings/account`
pub async fn show(
    app: Data<App>,
    asked: Asked,
    CurrentUser(user): CurrentUser,
    query: Query<Saved>,
) -> Result<HttpResponse> {
    let typed = Typed::default();
    shown(&app, &asked, &user, &typed, query.into_inner(), &[]).await
}

async fn shown(
    app: &App,
    asked: &Asked,
    user: &User,
    typed: &Typed,
    saved: Saved,
    mistakes: Mistakes<'_>,
) -> Result<HttpResponse> {
    let user_id = user.id;
    let region = users::region(app, asked, &typed.region);
    let view = AccountPage {
        frame: frame(app, asked, user, "account", saved, mistakes).await?,
        username: user.username.clone(),
        phone: app
            .database
            .run(move |conn| User::phone(conn, user_id))
            .await?,
        form: AccountForm {
            phone: &typed.phone,
            region: &region,
            confirm: &typed.confirm,
        },
        regions: &app.accounts.regions,
        erases: app.accounts.erases_messages,
    };
    page(app, &view)
}

/// What a form of the page is answered: `Ok` leads on; mistakes stand beside their fields.
pub(super) async fn answer(
    app: &App,
    asked: &Asked,
    user: &User,
    typed: &Typed,
    is_json: bool,
    result: Result<HttpResponse>,
) -> Result<HttpResponse> {
    match result {
        Err(Error::Invalid(fields)) if !is_json && !asked.wants_json => {
            let page = shown(app, asked, user, typed, Saved::default(), &fields).await;
            page.map(unprocessable)
        }
        other => other,
    }
}

/// `POST /settings/account` with `_method=delete`
pub async fn destroy_by_form(
    app: Data<App>,
    asked: Asked,
    current: CurrentUser,
    session: Session,
    input: FormOrJson<Fields>,
) -> Result<HttpResponse> {
    match input.fields.method {
        Method::Delete => destroy(app, asked, current, session, input).await,
        _ => Err(Error::MethodNotAllowed),
    }
}

/// `DELETE /settings/account`: with `delete_password`, and my name as `confirm`.
pub async fn destroy(
    app: Data<App>,
    asked: Asked,
    CurrentUser(user): CurrentUser,
    session: Session,
    input: FormOrJson<Fields>,
) -> Result<HttpResponse> {
    let gone = go(&app, &user, &input.fields).await.map(|()| {
        session.purge();
        done(&asked, input.is_json, "/farewell")
    });
    let typed = Typed {
        confirm: input.fields.confirm,
        ..Typed::default()
    };
    answer(&app, &asked, &user, &typed, input.is_json, gone).await
}

async fn go(app: &App, user: &User, typed: &Fields) -> Result<()> {
    if typed.confirm.trim() != user.username {
        return Err(Error::field("confirm", "error-confirm-username"));
    }
    require_password(app, user, &typed.delete_password, "delete_password").await?;
    let (user_id, erases) = (user.id, app.accounts.erases_messages);
    let write = app
        .database
        .write(move |conn| User::delete(conn, user_id, erases));
    write.await?;
    app.live.look_now();
    app.departed.notify_one();
    Ok(())
}

/// `GET /farewell`
pub async fn farewell(app: Data<App>, asked: Asked) -> Result<HttpResponse> {
    let page_of = Page::signed_out(asked.look());
    page(&app, &FarewellPage { page: page_of })
}
