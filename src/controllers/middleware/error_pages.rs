//! Turns errors into responses in the request's language and format, and sets the security headers of every response.

use actix_web::HttpResponse;
use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::error::InternalError;
use actix_web::middleware::Next;
use actix_web::web::Data;

use super::security_headers;
use crate::controllers::extractors::request_context::RequestContext;
use crate::controllers::{App, errors};
use crate::error::Error;

/// Middleware that renders errors.
///
/// # Errors
/// Those of the request, with the rendered response.
pub async fn render_errors(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, actix_web::Error> {
    let Some(app) = request.app_data::<Data<App>>().cloned() else {
        return Err(Error::internal("the application has no data").into());
    };
    let context = RequestContext::of(request.request());
    match next.call(request).await {
        Ok(response) => {
            let rendered = response
                .response()
                .error()
                .map(|error| render(error, &context, &app));
            let mut response = match rendered {
                Some(rendered) => response.into_response(rendered),
                None => response.map_into_boxed_body(),
            };
            security_headers::set(response.headers_mut(), &app.site);
            Ok(response)
        }
        Err(error) => {
            let mut rendered = render(&error, &context, &app);
            security_headers::set(rendered.headers_mut(), &app.site);
            Err(InternalError::from_response(error, rendered).into())
        }
    }
}

fn render(error: &actix_web::Error, context: &RequestContext, app: &App) -> HttpResponse {
    let own: Option<&Error> = error.as_error();
    // Other errors come from the session store, which fails only when the database does.
    let other = own.is_none().then(|| Error::Unavailable(error.to_string()));
    let Some(error) = own.or(other.as_ref()) else {
        return HttpResponse::InternalServerError().finish();
    };
    app.metrics.record_error(errors::error_code(error));
    errors::respond(error, context, &app.templates)
}
