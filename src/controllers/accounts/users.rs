//! Registration.

use actix_session::Session;
use actix_web::HttpResponse;
use actix_web::web::{Data, Query};
use serde::Deserialize;

use super::registration::{create_user, hash_password, require_may_register};
use super::registration_form::{ValidNewUser, parse, show};
use crate::controllers::App;
use crate::controllers::concerns::attempt::Attempt;
use crate::controllers::concerns::form_action;
use crate::controllers::concerns::phone_verification::start_verification;
use crate::controllers::concerns::sign_in::{SignInMethod, sign_in};
use crate::controllers::extractors::form::Form;
use crate::controllers::extractors::request_context::RequestContext;
use crate::error::{Error, Result};
use crate::models::auth::phone_verification::VerificationPurpose;
use crate::models::room::LOBBY;
use crate::views::pages::users::NewUserForm;

/// The query of the form's address.
#[derive(Deserialize)]
pub struct InviteQuery {
    #[serde(default)]
    invite: String,
}

/// `GET /register`; `?invite=` has the token of an invite.
pub async fn new(
    app: Data<App>,
    context: RequestContext,
    query: Query<InviteQuery>,
) -> Result<HttpResponse> {
    let form = NewUserForm {
        invite: query.into_inner().invite,
        ..NewUserForm::default()
    };
    show(&app, &context, form, Vec::new()).await
}

/// `POST /register`: creates the user and signs them in, or sends a verification code first if verification is enabled.
pub async fn create(
    app: Data<App>,
    context: RequestContext,
    session: Session,
    Form(typed): Form<NewUserForm>,
) -> Result<HttpResponse> {
    let result = match parse(&app, &context, &typed) {
        Ok(new_user) if app.verification.is_some() => send_code(&app, &context, new_user).await,
        Ok(new_user) => register(&app, &context, &session, new_user).await,
        Err(error) => Err(error),
    };
    form_action::respond(&context, result, async |errors| {
        show(&app, &context, typed, errors).await
    })
    .await
}

/// Creates the user and signs them in.
async fn register(
    app: &App,
    context: &RequestContext,
    session: &Session,
    new_user: ValidNewUser,
) -> Result<HttpResponse> {
    let browser = context.browser(app);
    let (by_address, by_browser) = app.rate_limits.registration(context.address, &browser.hash);
    let attempt = Attempt::begin(app, [by_address, by_browser.clone()].concat()).await?;
    match create_user(app, context, new_user).await {
        Ok(user) => {
            attempt.count();
            let (method, lobby) = (SignInMethod::Credentials, format!("/rooms/{LOBBY}"));
            sign_in(app, context, session, &user, method, &lobby).await
        }
        Err(error @ (Error::Unavailable(_) | Error::SerializationFailure(_))) => {
            attempt.uncount().await?;
            Err(error)
        }
        Err(error) => {
            attempt.count_except(by_browser).await?;
            Err(error)
        }
    }
}

/// Stores the registration and sends a code that completes it. Does not reveal whether the number has an account.
async fn send_code(
    app: &App,
    context: &RequestContext,
    new_user: ValidNewUser,
) -> Result<HttpResponse> {
    let ValidNewUser {
        phone,
        username,
        password,
        invite,
        invite_token,
        may_be_first,
    } = new_user;
    let buckets = app.rate_limits.registration_form(context.address);
    let hash = async {
        require_may_register(app, username.clone(), invite, may_be_first).await?;
        hash_password(app, context, password).await
    };
    let password_hash = Attempt::run(app, buckets, hash).await?;
    let purpose = VerificationPurpose::Registration;
    start_verification(app, context, phone, purpose, |verification| {
        verification.username = Some(username.as_str().to_owned());
        verification.password_hash = Some(password_hash);
        verification.invite = invite.map(|_| invite_token);
        verification.may_be_first = may_be_first;
    })
    .await
}
