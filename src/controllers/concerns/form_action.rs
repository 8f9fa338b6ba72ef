//! Responses to submitted forms.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;

use crate::controllers::extractors::request_context::RequestContext;
use crate::controllers::with_status;
use crate::error::{Error, LocalizedMessage, Result};

/// Errors by field.
pub type InvalidFields = Vec<(&'static str, LocalizedMessage)>;

/// Returns the result of a form's action. If fields are invalid, browsers get 422 with the form again, which `show_form`
/// renders with the errors; JSON clients get the errors.
pub async fn respond(
    context: &RequestContext,
    result: Result<HttpResponse>,
    show_form: impl AsyncFnOnce(InvalidFields) -> Result<HttpResponse>,
) -> Result<HttpResponse> {
    match result {
        Err(Error::Invalid(errors)) if !context.expects_json() => {
            let response = show_form(errors).await?;
            // The form may be replaced by a page that says why there is none.
            Ok(match response.status() {
                StatusCode::OK => with_status(response, StatusCode::UNPROCESSABLE_ENTITY),
                _ => response,
            })
        }
        result => result,
    }
}
