//! Registration.

use actix_session::Session;
use actix_web::http::StatusCode;
use actix_web::web::{Data, Query};
use actix_web::{HttpRequest, HttpResponse};
use serde::Deserialize;

use super::registration_form::{NewUser, ValidNewUser, parse, show};
use crate::controllers::App;
use crate::controllers::concerns::attempt::Attempt;
use crate::controllers::concerns::phone_verification::start_verification;
use crate::controllers::concerns::sign_in::{SignInMethod, client_info, sign_in};
use crate::controllers::extractors::browser_id;
use crate::controllers::extractors::client_address::client_address;
use crate::controllers::extractors::form::Form;
use crate::controllers::extractors::request_context::RequestContext;
use crate::error::{Error, Result};
use crate::models::auth::invite;
use crate::models::auth::phone_verification::VerificationPurpose;
use crate::models::auth::security_event;
use crate::models::auth::security_event::SecurityEventKind;
use crate::models::room::LOBBY;
use crate::models::user::User;
use crate::models::user::registration::{Credential, Registration, RegistrationPolicy};
use crate::services::password_hasher::queue::Priority;

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
    let typed = NewUser {
        invite: query.into_inner().invite,
        ..NewUser::default()
    };
    show(&app, &context, &typed, &[]).await
}

/// `POST /register`: creates the user and signs them in, or sends a verification code first if verification is enabled.
pub async fn create(
    app: Data<App>,
    context: RequestContext,
    request: HttpRequest,
    session: Session,
    Form(typed): Form<NewUser>,
) -> Result<HttpResponse> {
    let result = match parse(&app, &context, &typed) {
        Ok(new_user) if app.verification.is_some() => {
            send_code(&app, &context, &request, new_user).await
        }
        Ok(new_user) => register(&app, &request, &session, new_user).await,
        Err(error) => Err(error),
    };
    match result {
        Err(Error::Invalid(fields)) if !context.wants_json => {
            let mut response = show(&app, &context, &typed, &fields).await?;
            if response.status() == StatusCode::OK {
                *response.status_mut() = StatusCode::UNPROCESSABLE_ENTITY;
            }
            Ok(response)
        }
        result => result,
    }
}

/// Creates the user and signs them in.
async fn register(
    app: &App,
    request: &HttpRequest,
    session: &Session,
    new_user: ValidNewUser,
) -> Result<HttpResponse> {
    let browser = browser_id::get_or_create(app, request)?;
    let (by_address, by_browser) = app
        .rate_limits
        .registration(client_address(request), &browser.hash)?;
    let attempt = Attempt::begin(app, [by_address, by_browser.clone()].concat()).await?;
    match create_user(app, request, new_user).await {
        Ok(user) => {
            attempt.count();
            let location = format!("/rooms/{LOBBY}");
            sign_in(
                app,
                request,
                session,
                &user,
                SignInMethod::Credentials,
                &location,
            )
            .await
        }
        Err(error @ (Error::Unavailable(_) | Error::SerializationFailure(_))) => {
            attempt.undo().await?;
            Err(error)
        }
        Err(error) => {
            attempt.count_except(by_browser).await?;
            Err(error)
        }
    }
}

async fn create_user(app: &App, request: &HttpRequest, new_user: ValidNewUser) -> Result<User> {
    let wanted = new_user.username.clone();
    // Hashing is expensive: check the name first.
    let read = app
        .database
        .read(move |conn| User::require_username_available(conn, &wanted, None));
    read.await?;
    let requester = app
        .rate_limits
        .requester(client_address(request), Priority::Registration);
    let registration = Registration {
        policy: app.accounts.registration_policy,
        invite: new_user.invite,
        credential: Credential::Phone {
            phone: new_user.phone.clone(),
            password_hash: app.hasher.hash(requester, new_user.password).await?,
        },
        username: new_user.username,
        may_be_first: new_user.may_be_first,
    };
    let (phone, client) = (new_user.phone, client_info(request));
    let write = app.database.write(move |conn| {
        let user = User::register(conn, &registration)?;
        let id = Some(user.id);
        security_event::record_with_phone(
            conn,
            SecurityEventKind::Registered,
            id,
            &phone,
            &client,
        )?;
        Ok(user)
    });
    write.await
}

/// Stores the registration and sends a code that completes it. Does not reveal whether the number has an account.
async fn send_code(
    app: &App,
    context: &RequestContext,
    request: &HttpRequest,
    new_user: ValidNewUser,
) -> Result<HttpResponse> {
    let buckets = app.rate_limits.registration_form(client_address(request))?;
    let (name, invite) = (new_user.username.clone(), new_user.invite);
    let (invite_token, may_be_first) = (new_user.invite_token.clone(), new_user.may_be_first);
    let phone = new_user.phone.clone();
    let password_hash = Attempt::run(app, buckets, hash_password(app, request, new_user)).await?;
    start_verification(
        app,
        request,
        context,
        phone,
        VerificationPurpose::Registration,
        |verification| {
            verification.username = Some(name.as_str().to_owned());
            verification.password_hash = Some(password_hash);
            verification.invite = invite.map(|_| invite_token);
            verification.may_be_first = may_be_first;
        },
    )
    .await
}

/// Returns the hash of the password, if the user may register.
async fn hash_password(app: &App, request: &HttpRequest, new_user: ValidNewUser) -> Result<String> {
    let (policy, invite) = (app.accounts.registration_policy, new_user.invite);
    let wanted = new_user.username;
    let may_be_first = new_user.may_be_first;
    let read = app.database.read(move |conn| {
        User::require_username_available(conn, &wanted, None)?;
        match (User::exists(conn)?, policy) {
            (false, _) if !may_be_first => Err(Error::field("setup_code", "error-setup-code")),
            (true, RegistrationPolicy::Closed) => Err(Error::Forbidden),
            (true, RegistrationPolicy::Invite) => match invite {
                Some(id) if invite::is_valid(conn, id)? => Ok(()),
                _ => Err(Error::field("invite", "error-invite")),
            },
            (true, RegistrationPolicy::Open) | (false, _) => Ok(()),
        }
    });
    read.await?;
    let requester = app
        .rate_limits
        .requester(client_address(request), Priority::Registration);
    app.hasher.hash(requester, new_user.password).await
}
