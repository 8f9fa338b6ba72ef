//! Gives a POST request the method in its `_method` field: browsers submit forms with GET and POST only.

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{Payload, ServiceRequest, ServiceResponse};
use actix_web::http::Method;
use actix_web::middleware::Next;
use serde::Deserialize;

use crate::controllers::extractors::form::{BodyFormat, receive};
use crate::error::{Error, Result};

/// The field; all others are left to the action.
#[derive(Default, Deserialize)]
#[serde(default)]
struct MethodField {
    #[serde(rename = "_method")]
    method: FormMethod,
}

#[derive(Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
enum FormMethod {
    #[default]
    #[serde(alias = "POST")]
    Post,
    #[serde(alias = "PUT")]
    Put,
    #[serde(alias = "PATCH")]
    Patch,
    #[serde(alias = "DELETE")]
    Delete,
}

/// Middleware for routing: replaces the method of a POST request to a resource with these other methods. It must run after the
/// checks of the request's head, because it receives the body, which the action then reads again. Only bodies that an action
/// would receive as a whole too are read, within the same limits; uploads pass.
///
/// # Errors
/// Those of the request, unchanged.
pub async fn override_method(
    mut request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
    methods: &[Method],
) -> Result<ServiceResponse<BoxBody>, actix_web::Error> {
    if request.method() == Method::POST && !methods.is_empty() {
        match requested_method(&mut request, methods).await {
            Ok(method) => request.head_mut().method = method,
            Err(error) => return Ok(request.error_response(error)),
        }
    }
    Ok(next.call(request).await?.map_into_boxed_body())
}

/// Returns the method in the body, or POST.
async fn requested_method(request: &mut ServiceRequest, methods: &[Method]) -> Result<Method> {
    let Some(format) = BodyFormat::of(request.request()) else {
        return Ok(Method::POST);
    };
    let (head, payload) = request.parts_mut();
    let body = receive(head, payload).await?;
    let field: MethodField = format.parse(&body)?;
    request.set_payload(Payload::from(body));
    let other = |method: &&Method| matches!(**method, Method::PUT | Method::PATCH);
    match field.method {
        FormMethod::Post => Ok(Method::POST),
        FormMethod::Delete => Ok(Method::DELETE),
        // A resource has one way to be changed, whatever the form calls it.
        FormMethod::Put | FormMethod::Patch => {
            let method = methods.iter().find(other);
            method.cloned().ok_or(Error::MethodNotAllowed)
        }
    }
}
