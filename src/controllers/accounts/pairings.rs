//! Pairing, on the new device that opened the link. The signed-in device uses `settings/pairing.rs`.

use actix_session::Session;
use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::{Data, Path};

use crate::controllers::concerns::rate_limits;
use crate::controllers::concerns::sign_in::{SignInMethod, sign_in};
use crate::controllers::extractors::browser_id::Browser;
use crate::controllers::extractors::request_context::RequestContext;
use crate::controllers::{App, page, see_other, signed_out_page, with_cookie, with_status};
use crate::error::{Error, Result};
use crate::models::auth::pairing::{self, PairingState};
use crate::models::auth::security_event::{self, SecurityEventKind};
use crate::views::pages::pairings::PairingRequestPage;

/// `GET /pairings/{token}`: shows the account and the state of the pairing.
pub async fn show(
    app: Data<App>,
    context: RequestContext,
    token: Path<String>,
) -> Result<HttpResponse> {
    let token = token.into_inner();
    let wanted = token.clone();
    let read = app.database.read(move |conn| pairing::find(conn, &wanted));
    let (pairing, user) = match read.await {
        Err(Error::NotFound) => return show_expired(&app, &context),
        found => found?,
    };
    let state = pairing.state_for(context.browser_id(&app).as_ref());
    if state == PairingState::Expired {
        return show_expired(&app, &context);
    }
    let view = PairingRequestPage {
        page: signed_out_page(&context),
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
    token: Path<String>,
) -> Result<HttpResponse> {
    let token = token.into_inner();
    let Browser { hash, cookie } = context.browser(&app);
    let (wanted, client) = (token.clone(), context.client.clone());
    // Before the lookup, so that guessed tokens count.
    let buckets = app.rate_limits.pairing_request(context.address);
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
    with_cookie(see_other(&format!("/pairings/{token}")), &cookie)
}

/// `POST /pairings/{token}/session`: signs in the approved browser.
pub async fn finish(
    app: Data<App>,
    context: RequestContext,
    session: Session,
    token: Path<String>,
) -> Result<HttpResponse> {
    let (token, browser) = (token.into_inner(), context.browser_id(&app));
    let write = app.database.write(move |conn| {
        let browser = browser.as_ref().ok_or(Error::NotFound)?;
        pairing::redeem(conn, &token, browser)
    });
    let (user, by) = match write.await {
        Err(Error::NotFound) => return show_expired(&app, &context),
        redeemed => redeemed?,
    };
    let method = SignInMethod::Pairing(by);
    sign_in(&app, &context, &session, &user, method, "/").await
}

/// Shows with status 404 that the link is unknown or expired.
fn show_expired(app: &App, context: &RequestContext) -> Result<HttpResponse> {
    if context.wants_json {
        return Err(Error::NotFound);
    }
    let view = PairingRequestPage {
        page: signed_out_page(context),
        state: PairingState::Expired,
        username: "",
        token: "",
        code: "",
    };
    Ok(with_status(page(app, &view)?, StatusCode::NOT_FOUND))
}
