//! Logs one line per request and counts it in the metrics. The log has the route's pattern instead of the path, so that
//! tokens in paths are not logged.

use std::time::Instant;

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::middleware::Next;
use actix_web::web::Data;

use crate::controllers::App;
use crate::controllers::extractors::request_context::RequestContext;
use crate::models::database::query_counter::count_queries;

/// Middleware that logs and counts the request.
///
/// # Errors
/// Those of the request, unchanged.
pub async fn log_request<B: MessageBody>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<B>, actix_web::Error> {
    let start = Instant::now();
    let method = request.method().clone();
    let app = request.app_data::<Data<App>>().cloned();
    let context = RequestContext::of(request.request());
    let (result, queries) = count_queries(next.call(request)).await;
    let elapsed = start.elapsed();
    let milliseconds = elapsed.as_secs_f64() * 1000.0;
    let (route, status) = match &result {
        Ok(response) => (response.request().match_pattern(), response.status()),
        Err(error) => (None, error.as_response_error().status_code()),
    };
    let client = Some(context.client.ip.as_str()).filter(|ip| !ip.is_empty());
    tracing::info!(
        %method,
        route = route.as_deref().unwrap_or("-"),
        status = status.as_u16(),
        ms = (milliseconds * 10.0).round() / 10.0,
        queries,
        client = client.unwrap_or("-"),
        request_id = context.request_id,
        "request"
    );
    if let Some(app) = app {
        app.metrics.record_request(&method, route, status, elapsed);
    }
    result
}
