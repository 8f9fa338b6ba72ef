//! All routes.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ResourceDef, ServiceRequest, ServiceResponse};
use actix_web::guard::{self, Guard};
use actix_web::http::{Method, Uri, header};
use actix_web::middleware::{Next, from_fn};
use actix_web::web::{self, Data, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};

use crate::controllers::accounts::{
    development_sessions, invites, pairings, password_links, password_resets, passwords,
    security_events, sessions, users, verifications,
};
use crate::controllers::extractors::cookies::keep_session_cookie;
use crate::controllers::extractors::current_user::CurrentUser;
use crate::controllers::middleware::method_override::override_method;
use crate::controllers::realtime::{event_streams, sockets};
use crate::controllers::rooms::{
    blocks, directory, directs, history, home, invitations, involvements, members, memberships,
    messages, people, read_marks,
};
use crate::controllers::site::{avatars, health, metrics, static_files};
use crate::controllers::{App, api, rooms, settings};
use crate::error::Error;

/// Defines a function that registers routes, and a constant that lists them. Requests that do not pass the guard, if there
/// is one, are matched with later routes.
macro_rules! routes {
    ($register:ident, $list:ident: $($routes:tt)+) => {
        routes! { $register, $list for any_method: $($routes)+ }
    };
    ($register:ident, $list:ident for $guard:path: $($path:literal => { $($method:ident $action:path),+ $(,)? })+) => {
        /// Methods and paths of the routes.
        pub const $list: &[(&str, &str)] = &[$($((stringify!($method), $path)),+),+];

        fn $register(config: &mut ServiceConfig) {
            $(config.service(
                web::resource($path)
                    .guard($guard())
                    $(.route(routes!(@route $method).to($action)))+
                    .default_service(web::to(method_not_allowed)),
            );)+
        }
    };
    // HEAD is handled like GET.
    (@route GET) => { web::route().guard(guard::Any(guard::Get()).or(guard::Head())) };
    (@route POST) => { web::post() };
    (@route PUT) => { web::put() };
    (@route PATCH) => { web::patch() };
    (@route DELETE) => { web::delete() };
}

// These routes do not read the session.
routes! { register_public, PUBLIC:
    "/healthz" => { GET health::alive }
    "/readyz" => { GET health::ready }
    "/metrics" => { GET metrics::show }
    "/static/{fingerprint}/{path:.*}" => { GET static_files::show }
}

routes! { register_pages, PAGES:
    // Routes are tried in this order.
    "/ws" => { GET sockets::create }
    "/" => { GET home::show }
    "/register" => { GET users::new, POST users::create }
    "/login" => { GET sessions::new, POST sessions::create }
    "/logout" => { POST sessions::destroy }
    "/verification" => { GET verifications::show, POST verifications::create }
    "/verification/code" => { POST verifications::resend_code }
    "/password_reset" => { GET password_resets::new, POST password_resets::create }
    "/passwords/{token}" => { GET passwords::edit, POST passwords::update }
    "/password_links" => { GET password_links::new, POST password_links::create }
    "/pairings/{token}" => { GET pairings::show, POST pairings::create }
    "/pairings/{token}/session" => { POST pairings::finish }
    "/invites" => { GET invites::index, POST invites::create }
    "/invites/{id}" => { DELETE invites::destroy }
    "/settings/security" => { GET settings::security::show }
    "/security_events" => { GET security_events::index }
    "/development_session" => { POST development_sessions::create }
    "/invitations" => { GET invitations::index }
    "/invitations/{id}" => { PUT invitations::update, DELETE invitations::destroy }
    "/rooms" => { GET directory::index, POST rooms::create }
    "/rooms/{id}" => { GET rooms::show, PATCH rooms::update, DELETE rooms::destroy }
    "/rooms/{id}/membership" => { POST memberships::create, DELETE memberships::destroy }
    "/rooms/{id}/members" => { POST members::create, DELETE members::destroy }
    "/rooms/{id}/involvement" => { PUT involvements::update }
    "/rooms/{id}/read_mark" => { PUT read_marks::update }
    "/rooms/{id}/messages" => { GET history::index, POST messages::create }
    "/rooms/{id}/messages/{seq}" => { PATCH messages::update, DELETE messages::destroy }
    "/read_marks" => { POST read_marks::create }
    "/directs" => { POST directs::create }
    "/people" => { GET people::index }
    "/avatars/{hash}" => { GET avatars::show }
    "/settings" => { GET settings::show }
    "/settings/profile" => { GET settings::profile::show, PATCH settings::profile::update }
    "/settings/avatar" => { POST settings::avatar::create, DELETE settings::avatar::destroy }
    "/settings/appearance" => { GET settings::appearance::show, PUT settings::appearance::update }
    "/settings/privacy" => { GET settings::privacy::show, PUT settings::privacy::update }
    "/settings/sessions" => { GET settings::sessions::index, DELETE settings::sessions::clear }
    "/settings/sessions/{id}" => { DELETE settings::sessions::destroy }
    "/settings/pairing" => { GET settings::pairing::show, PUT settings::pairing::update, DELETE settings::pairing::destroy, POST settings::pairing::create }
    "/settings/account" => { GET settings::account::show, DELETE settings::account::destroy }
    "/settings/phone" => { PUT settings::phone::update }
    "/settings/password" => { PUT settings::password::update }
    "/settings/github" => { POST settings::github::create, DELETE settings::github::destroy }
    "/settings/github/confirmation" => { POST settings::github::reauthenticate }
    "/settings/export" => { GET settings::export::show }
    "/farewell" => { GET settings::account::account_deleted }
    "/blocks" => { POST blocks::create, DELETE blocks::destroy }
}

// POST to a resource that is changed with other methods. With `_method` in the body, a POST request has that method (see
// `override_method`); without it, clients may use these.
routes! { register_aliases, ALIASES for guard::Post:
    "/rooms/{id}/involvement" => { POST involvements::update }
    "/rooms/{id}/read_mark" => { POST read_marks::update }
    "/settings/profile" => { POST settings::profile::update }
    "/settings/appearance" => { POST settings::appearance::update }
    "/settings/privacy" => { POST settings::privacy::update }
    "/settings/phone" => { POST settings::phone::update }
    "/settings/password" => { POST settings::password::update }
    "/invites/{id}" => { POST method_field_required }
    "/invitations/{id}" => { POST method_field_required }
    "/rooms/{id}" => { POST method_field_required }
    "/rooms/{id}/messages/{seq}" => { POST method_field_required }
    "/settings/sessions" => { POST method_field_required }
    "/settings/sessions/{id}" => { POST method_field_required }
    "/settings/account" => { POST method_field_required }
}

routes! { register_api, API:
    "/api/openapi.json" => { GET api::openapi::show }
    "/api/login" => { POST api::sessions::create }
    "/api/oauth/github" => { GET api::github::show }
    "/api/oauth/github/callback" => { GET api::github::create }
    "/api/auth_user" => { GET api::sessions::show }
    "/api/refresh_token" => { POST api::sessions::refresh }
    "/api/usernames" => { GET api::usernames::index }
    "/api/conversations" => { GET api::conversations::index, POST api::conversations::create }
    "/api/conversations/{id}" => { GET api::conversations::show }
    "/api/conversations/{id}/other_participant" => { GET api::conversations::other }
    "/api/conversations/{id}/messages" => { GET api::conversations::messages, POST api::conversations::create_message }
    "/api/conversations/{id}/read_messages" => { POST api::conversations::read }
    "/api/messages" => { GET event_streams::messages }
    "/api/rooms" => { GET api::rooms::index, POST api::rooms::create }
    "/api/rooms/{id}" => { GET api::rooms::show }
    "/api/rooms/{id}/messages" => { GET api::rooms::messages, POST api::rooms::create_message }
    "/api/rooms/{id}/messages/{seq}" => { PATCH api::rooms::update, DELETE api::rooms::destroy }
    "/api/connections" => { GET api::connections::index }
    "/api/connections/oldest" => { DELETE api::connections::destroy }
    "/api/events" => { GET event_streams::all }
}

/// Registers all routes. `cookies` wraps those that use the session.
pub fn configure(config: &mut ServiceConfig, app: &Data<App>, cookies: CookieMiddleware) {
    config.app_data(app.clone());
    config.app_data(web::PathConfig::default().error_handler(|_, _| Error::NotFound.into()));
    config.app_data(
        web::QueryConfig::default()
            .error_handler(|_, _| Error::BadRequest("error-bad-request".into()).into()),
    );
    config.app_data(web::PayloadConfig::new(
        crate::controllers::extractors::form::BODY_MAX_BYTES,
    ));
    register_public(config);
    config.service(
        web::scope("")
            .wrap(from_fn(override_method_of_pages))
            .wrap(cookies)
            .wrap(from_fn(keep_session_cookie))
            .configure(register_aliases)
            .configure(register_pages)
            .configure(register_api)
            .default_service(web::to(redirect_or_not_found)),
    );
}

/// Returns methods and paths of all routes.
pub fn all() -> impl Iterator<Item = &'static (&'static str, &'static str)> {
    [PUBLIC, PAGES, ALIASES, API].into_iter().flatten()
}

/// The middleware that reads and sets the session cookie.
pub type CookieMiddleware =
    actix_session::SessionMiddleware<crate::controllers::middleware::session_cookie::DatabaseStore>;

/// Applies [`override_method`] to pages that have other methods than GET and POST.
async fn override_method_of_pages(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, actix_web::Error> {
    static OTHERS: LazyLock<Vec<(ResourceDef, Vec<Method>)>> = LazyLock::new(|| {
        let mut others: BTreeMap<&str, Vec<Method>> = BTreeMap::new();
        for (method, path) in PAGES {
            let method = method.parse().unwrap_or(Method::GET);
            if !matches!(method, Method::GET | Method::POST) {
                others.entry(path).or_default().push(method);
            }
        }
        let resources = others.into_iter();
        resources
            .map(|(path, methods)| (ResourceDef::new(path), methods))
            .collect()
    });
    let path = request.path();
    let methods = OTHERS.iter().find(|(resource, _)| resource.is_match(path));
    override_method(request, next, methods.map_or(&[], |(_, methods)| methods)).await
}

/// Handles unmatched paths: redirects `/path/` to `/path` if that is a route, otherwise returns 404.
async fn redirect_or_not_found(request: HttpRequest) -> Result<HttpResponse, Error> {
    let location = without_trailing_slash(request.uri()).ok_or(Error::NotFound)?;
    Ok(HttpResponse::PermanentRedirect()
        .insert_header((header::LOCATION, location))
        .finish())
}

/// Returns path and query without the trailing slash, if that is a route. Rejects paths that a browser would read as
/// another origin: those that begin with two slashes, or contain a backslash.
fn without_trailing_slash(uri: &Uri) -> Option<String> {
    static ROUTES: LazyLock<ResourceDef> =
        LazyLock::new(|| ResourceDef::new(all().map(|(_, path)| *path).collect::<Vec<_>>()));
    let path = uri.path();
    let is_local = !path.starts_with("//") && !path.contains('\\');
    let path = path.strip_suffix('/').filter(|_| is_local)?;
    if !ROUTES.is_match(path) {
        return None;
    }
    Some(match uri.query() {
        Some(query) => format!("{path}?{query}"),
        None => path.to_owned(),
    })
}

fn any_method() -> impl Guard {
    guard::fn_guard(|_| true)
}

/// Rejects a POST request without the method that it is to have.
async fn method_field_required(_: CurrentUser) -> Result<HttpResponse, Error> {
    Err(Error::MethodNotAllowed)
}

async fn method_not_allowed() -> Result<HttpResponse, Error> {
    Err(Error::MethodNotAllowed)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn redirect_target(address: &str) -> Option<String> {
        without_trailing_slash(&address.parse().expect("an address"))
    }

    #[test]
    fn trailing_slash_redirects_only_to_local_routes() {
        for (from, to) in [
            ("/login/", "/login"),
            ("/login/?next=%2Frooms%2F1", "/login?next=%2Frooms%2F1"),
            ("/login/?", "/login?"),
            ("/rooms/1/", "/rooms/1"),
            ("/rooms/1/?at=3", "/rooms/1?at=3"),
            ("/rooms/1/messages/", "/rooms/1/messages"),
            ("/api/rooms/1/messages/2/", "/api/rooms/1/messages/2"),
            ("/healthz/", "/healthz"),
            (
                "/passwords/%2F%2Fevil.example/",
                "/passwords/%2F%2Fevil.example",
            ),
        ] {
            assert_eq!(redirect_target(from).as_deref(), Some(to), "{from}");
        }
        for nowhere in [
            "/",
            "//",
            "/login",
            "/login//",
            "/nowhere/",
            "//evil.example/",
            "//evil.example/login/",
            "///evil.example/",
            "/rooms//evil.example/",
            "/rooms/1/nowhere/",
            "/%5Cevil.example/",
        ] {
            assert_eq!(redirect_target(nowhere), None, "{nowhere}");
        }
    }
}
