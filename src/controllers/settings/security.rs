//! Security events of the current user's account.

use actix_web::HttpResponse;
use actix_web::web::{Data, Query};

use super::{FormResult, settings_layout};
use crate::controllers::accounts::security_events::{EventsQuery, find};
use crate::controllers::extractors::current_user::CurrentUser;
use crate::controllers::extractors::request_context::RequestContext;
use crate::controllers::{App, page};
use crate::error::Result;
use crate::views::pages::security_events::SecurityPage;

/// `GET /settings/security`
pub async fn show(
    app: Data<App>,
    context: RequestContext,
    CurrentUser(user): CurrentUser,
    query: Query<EventsQuery>,
) -> Result<HttpResponse> {
    let result = FormResult::default();
    let view = SecurityPage {
        list: find(&app, &context, Some(user.id), &query).await?,
        layout: settings_layout(&app, &context, &user, "security", result).await?,
    };
    page(&app, &view)
}
