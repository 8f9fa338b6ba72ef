//! The account page, shared by the forms for phone number, password, GitHub and deletion; deletes the account.

use actix_session::Session;
use actix_web::HttpResponse;
use actix_web::web::{Data, Query};

use super::reauthentication::require_reauthentication;
use super::{FormResult, settings_layout};
use crate::controllers::accounts::registration_form::phone_region;
use crate::controllers::concerns::form_action;
use crate::controllers::extractors::current_user::CurrentSession;
use crate::controllers::extractors::form::FormOrJson;
use crate::controllers::extractors::request_context::RequestContext;
use crate::controllers::{App, page, redirect_or_no_content, signed_out_page};
use crate::error::{Error, Result};
use crate::models::auth::session;
use crate::models::user::User;
use crate::views::pages::settings::{
    AccountDeletedPage, AccountForm, AccountPage, Reauthentication,
};

/// `GET /settings/account`
pub async fn show(
    app: Data<App>,
    context: RequestContext,
    current: CurrentSession,
    query: Query<FormResult>,
) -> Result<HttpResponse> {
    let form = AccountForm::default();
    render(&app, &context, &current, form, query.into_inner()).await
}

async fn render(
    app: &App,
    context: &RequestContext,
    current: &CurrentSession,
    mut form: AccountForm,
    result: FormResult,
) -> Result<HttpResponse> {
    let (user, key_hash) = (&current.user, current.key_hash.clone());
    let user_id = user.id;
    let read = app.database.read(move |conn| {
        let login_methods = User::login_methods(conn, user_id)?;
        let is_confirmed = session::is_confirmed_by_github(conn, &key_hash)?;
        Ok((login_methods, is_confirmed))
    });
    let (login_methods, is_confirmed) = read.await?;
    form.region = phone_region(app, context, &form.region);
    let view = AccountPage {
        layout: settings_layout(app, context, user, "account", result).await?,
        username: user.username.clone(),
        proof: match login_methods.has_password {
            true => Reauthentication::Password,
            false if is_confirmed => Reauthentication::Confirmed,
            false => Reauthentication::GitHub,
        },
        has_github: app.github.is_some(),
        github: login_methods.github,
        phone: login_methods.phone,
        form,
        regions: &app.accounts.regions,
        erases_messages: app.accounts.erases_messages,
    };
    page(app, &view)
}

/// Returns the result of one of the page's forms, or renders the page with 422 when fields are invalid.
pub(super) async fn respond(
    app: &App,
    context: &RequestContext,
    current: &CurrentSession,
    typed: AccountForm,
    result: Result<HttpResponse>,
) -> Result<HttpResponse> {
    form_action::respond(context, result, async |errors| {
        render(app, context, current, typed, errors.into()).await
    })
    .await
}

/// `DELETE /settings/account`: with `delete_password`, and the username as `confirm`.
pub async fn destroy(
    app: Data<App>,
    context: RequestContext,
    current: CurrentSession,
    session: Session,
    FormOrJson(typed): FormOrJson<AccountForm>,
) -> Result<HttpResponse> {
    let deleted = match delete_account(&app, &context, &current, &typed).await {
        // Another request has deleted the account meanwhile.
        Err(Error::NotFound) => Err(Error::Unauthorized),
        gone => gone.map(|()| {
            session.purge();
            redirect_or_no_content(&context, "/farewell")
        }),
    };
    respond(&app, &context, &current, typed, deleted).await
}

async fn delete_account(
    app: &App,
    context: &RequestContext,
    current: &CurrentSession,
    typed: &AccountForm,
) -> Result<()> {
    let user = &current.user;
    if typed.confirm.trim() != user.username {
        return Err(Error::field("confirm", "error-confirm-username"));
    }
    let password = &typed.delete_password;
    require_reauthentication(app, context, current, password, "delete_password").await?;
    let (user_id, erases) = (user.id, app.accounts.erases_messages);
    let write = app
        .database
        .write(move |conn| User::delete(conn, user_id, erases));
    write.await?;
    app.database.request_wal_truncation();
    app.realtime.poll_now();
    app.account_deleted.notify_one();
    Ok(())
}

/// `GET /farewell`
pub async fn account_deleted(app: Data<App>, context: RequestContext) -> Result<HttpResponse> {
    let layout = signed_out_page(&context);
    page(&app, &AccountDeletedPage { page: layout })
}
