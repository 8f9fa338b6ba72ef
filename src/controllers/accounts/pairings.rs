//! Pairing, on the new device that opened the link. The signed-in device uses `settings/pairing.rs`.

use actix_session::Session;
use actix_web::http::StatusCode;
use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse};

use crate::controllers::concerns::rate_limits;
use crate::controllers::concerns::sign_in::{SignInMethod, client_info, sign_in};
use crate::controllers::extractors::browser_id;
use crate::controllers::extractors::browser_id::Browser;
use crate::controllers::extractors::client_address::client_address;
use crate::controllers::extractors::request_context::RequestContext;
use crate::controllers::{App, page, see_other};
use crate::error::{Error, Result};
use crate::models::auth::pairing::{self, PairingState};
use crate::models::auth::security_event;
use crate::models::auth::security_event::SecurityEventKind;
use crate::views::layout::Page;
use crate::views::pages::pairings::PairingRequestPage;

/// `GET /pairings/{token}`: shows the account and the state of the pairing.
pub async fn show(
    app: Data<App>,
    context: RequestContext,
    request: HttpRequest,
    token: Path<String>,
) -> Result<HttpResponse> {
    let token = token.into_inner();
    let wanted = token.clone();
    let read = app.database.read(move |conn| pairing::find(conn, &wanted));
    let (pairing, user) = match read.await {
        Err(Error::NotFound) => return show_expired(&app, &context),
        found => found?,
    };
    let browser = browser_id::verified_id(&app, &request);
    let state = pairing.state_for(browser.as_ref());
    if state == PairingState::Expired {
        return show_expired(&app, &context);
    }
    let view = PairingRequestPage {
        page: Page::signed_out(context.display_preferences()),
        state,
        username: &user.username,
        token: &token,
        code: &pairing.code,
    };
    page(&app, &view)
}

/// `POST /pairings/{token}`: requests approval by the signed-in device.
pub async fn create(
    app: Data<App>,
    context: RequestContext,
    request: HttpRequest,
    token: Path<String>,
) -> Result<HttpResponse> {
    let token = token.into_inner();
    let Browser { hash, cookie } = browser_id::get_or_create(&app, &request)?;
    let (wanted, client) = (token.clone(), client_info(&request));
    let buckets = app.rate_limits.pairing_request(client_address(&request))?;
    // Before the lookup, so that guessed tokens count.
    rate_limits::acquire(&app.database, &buckets).await?;
    let write = app.database.write(move |conn| {
        if let Some(user) = pairing::request(conn, &wanted, &hash, &client)? {
            security_event::record(conn, SecurityEventKind::PairingRequested, user.id, &client)?;
        }
        Ok(())
    });
    match write.await {
        Err(Error::NotFound) => return show_expired(&app, &context),
        result => result?,
    }
    let mut response = see_other(&format!("/pairings/{token}"));
    response.add_cookie(&cookie).map_err(Error::internal)?;
    Ok(response)
}

/// `POST /pairings/{token}/session`: signs in the approved browser.
pub async fn finish(
    app: Data<App>,
    context: RequestContext,
    request: HttpRequest,
    session: Session,
    token: Path<String>,
) -> Result<HttpResponse> {
    let (token, browser) = (token.into_inner(), browser_id::verified_id(&app, &request));
    let write = app.database.write(move |conn| {
        let browser = browser.as_ref().ok_or(Error::NotFound)?;
        pairing::redeem(conn, &token, browser)
    });
    match write.await {
        Ok((user, by)) => {
            sign_in(
                &app,
                &request,
                &session,
                &user,
                SignInMethod::Pairing(by),
                "/",
            )
            .await
        }
        Err(Error::NotFound) => show_expired(&app, &context),
        Err(error) => Err(error),
    }
}

/// Shows with status 404 that the link is unknown or expired.
fn show_expired(app: &App, context: &RequestContext) -> Result<HttpResponse> {
    if context.wants_json {
        return Err(Error::NotFound);
    }
    let view = PairingRequestPage {
        page: Page::signed_out(context.display_preferences()),
        state: PairingState::Expired,
        username: "",
        token: "",
        code: "",
    };
    let mut response = page(app, &view)?;
    *response.status_mut() = StatusCode::NOT_FOUND;
    Ok(response)
}
