//! Signing in another device, on the one that wants to be: whoever has opened the link.

use actix_session::Session;
use actix_web::http::StatusCode;
use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse};

use crate::controllers::concerns::sign_in::{Way, origin, sign_in};
use crate::controllers::concerns::throttle;
use crate::controllers::extractors::browser_id;
use crate::controllers::extractors::browser_id::Browser;
use crate::controllers::extractors::request_context::Asked;
use crate::controllers::{App, page, see_other};
use crate::error::{Error, Result};
use crate::models::auth::pairing;
use crate::models::auth::security_event;
use crate::models::auth::security_event::Kind;
use crate::views::layout::Page;
use crate::views::pages::pairings::PairingRequestPage;

/// `GET /pairings/{token}`: whose account it is, and how far things are. Looking changes nothing.
pub async fn show(
    app: Data<App>,
    asked: Asked,
    request: HttpRequest,
    token: Path<String>,
) -> Result<HttpResponse> {
    let token = token.into_inner();
    let wanted = token.clone();
    let read = app.database.run(move |conn| pairing::find(conn, &wanted));
    let (pairing, user) = match read.await {
        Err(Error::NotFound) => return over(&app, &asked),
        found => found?,
    };
    let browser = browser_id::known(&app, &request);
    let state = pairing.state_for(browser.as_ref());
    if state == "over" {
        return over(&app, &asked);
    }
    let view = PairingRequestPage {
        page: Page::signed_out(asked.look()),
        state,
        username: &user.username,
        token: &token,
        code: &pairing.code,
    };
    page(&app, &view)
}

/// `POST /pairings/{token}`: asks to be let in.
pub async fn create(
    app: Data<App>,
    asked: Asked,
    request: HttpRequest,
    token: Path<String>,
) -> Result<HttpResponse> {
    let token = token.into_inner();
    let Browser { hash, cookie } = browser_id::recognise(&app, &request)?;
    let (wanted, origin) = (token.clone(), origin(&request));
    let tries = app.throttles.asking(&request)?;
    // Guessed links count too.
    throttle::take(&app, &tries).await?;
    let write = app.database.write(move |conn| {
        if let Some(user) = pairing::ask(conn, &wanted, &hash, &origin)? {
            security_event::record(conn, Kind::PairingAsked, user.id, &origin)?;
        }
        Ok(())
    });
    match write.await {
        Err(Error::NotFound) => return over(&app, &asked),
        asked => asked?,
    }
    let mut response = see_other(&format!("/pairings/{token}"));
    response.add_cookie(&cookie).map_err(Error::internal)?;
    Ok(response)
}

/// `POST /pairings/{token}/session`: the browser that was let in is signed in.
pub async fn finish(
    app: Data<App>,
    asked: Asked,
    request: HttpRequest,
    session: Session,
    token: Path<String>,
) -> Result<HttpResponse> {
    let (token, browser) = (token.into_inner(), browser_id::known(&app, &request));
    let write = app.database.write(move |conn| {
        let browser = browser.as_ref().ok_or(Error::NotFound)?;
        pairing::use_up(conn, &token, browser)
    });
    match write.await {
        Ok((user, by)) => sign_in(&app, &request, &session, &user, Way::brought_by(by), "/").await,
        Err(Error::NotFound) => over(&app, &asked),
        Err(error) => Err(error),
    }
}

/// There is no such code, or it lets nobody in any more.
fn over(app: &App, asked: &Asked) -> Result<HttpResponse> {
    if asked.wants_json {
        return Err(Error::NotFound);
    }
    let view = PairingRequestPage {
        page: Page::signed_out(asked.look()),
        state: "over",
        username: "",
        token: "",
        code: "",
    };
    let mut response = page(app, &view)?;
    *response.status_mut() = StatusCode::NOT_FOUND;
    Ok(response)
}
