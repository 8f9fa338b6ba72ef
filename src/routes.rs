//! Every URL.

use actix_web::web::{self, Data, ServiceConfig};
use actix_web::{HttpResponse, guard};

use crate::controllers::{
    App, health, home, messages, rooms, sessions, sockets, static_files, users,
};
use crate::error::Error;

/// Makes a function that registers routes, and a list of them.
macro_rules! routes {
    ($register:ident, $list:ident: $($path:literal => { $($method:ident $action:path),+ $(,)? })+) => {
        /// Method and path of each route.
        pub const $list: &[(&str, &str)] = &[$($((stringify!($method), $path)),+),+];

        fn $register(config: &mut ServiceConfig) {
            $(config.service(
                web::resource($path)
                    $(.route(routes!(@route $method).to($action)))+
                    .default_service(web::to(wrong_method)),
            );)+
        }
    };
    // What can be got can be asked about.
    (@route GET) => { web::route().guard(guard::Any(guard::Get()).or(guard::Head())) };
    (@route POST) => { web::post() };
}

// Nobody need be known here, and no session is looked at.
routes! { register_public, PUBLIC:
    "/healthz" => { GET health::alive }
    "/readyz" => { GET health::ready }
    "/static/{fingerprint}/{path:.*}" => { GET static_files::show }
}

routes! { register_pages, PAGES:
    "/" => { GET home::show }
    "/register" => { GET users::new, POST users::create }
    "/login" => { GET sessions::new, POST sessions::create }
    "/logout" => { POST sessions::destroy }
    "/rooms/{id}" => { GET rooms::show }
    "/rooms/{id}/messages" => { GET messages::index, POST messages::create }
    "/ws" => { GET sockets::create }
}

/// Registers everything. `pages` wraps the routes that know people by their session.
pub fn configure(config: &mut ServiceConfig, app: &Data<App>, cookies: CookieMiddleware) {
    config.app_data(app.clone());
    config.app_data(web::PathConfig::default().error_handler(|_, _| Error::NotFound.into()));
    config.app_data(
        web::QueryConfig::default()
            .error_handler(|_, _| Error::BadRequest("error-bad-request".into()).into()),
    );
    config.app_data(web::PayloadConfig::new(
        crate::controllers::concerns::input::BODY_MAX_BYTES,
    ));
    register_public(config);
    config.service(
        web::scope("")
            .wrap(cookies)
            .configure(register_pages)
            .default_service(web::to(unknown)),
    );
}

/// The middleware that reads and sets the session's cookie.
pub type CookieMiddleware =
    actix_session::SessionMiddleware<crate::controllers::concerns::cookies::DatabaseStore>;

async fn unknown() -> Result<HttpResponse, Error> {
    Err(Error::NotFound)
}

async fn wrong_method() -> Result<HttpResponse, Error> {
    Err(Error::MethodNotAllowed)
}
