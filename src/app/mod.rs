//! Builds the application from its settings, and serves it.
//!
//! # Errors
//! Unless a function says otherwise, `Unavailable` with a sentence for the operator.

pub mod client_errors;
mod database_url;
mod limits;
pub mod page_baseline;
mod secret_key;
mod services;
mod shutdown;

pub use self::database_url::{configured_database_url, database_url};

use std::io::{self, Write};
use std::net::TcpListener;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use actix_web::middleware::from_fn;
use actix_web::web::Data;
use actix_web::{App as WebApp, rt};
use chrono::TimeDelta;
use rand::RngExt;
use teahouse_transport::TrustedProxies;

use crate::config::{DeletedMessages, Environment, Settings};
use crate::controllers::extractors::cookies::CookieKey;
use crate::controllers::middleware::access_log::log_request;
use crate::controllers::middleware::anonymous_limit::limit_anonymous;
use crate::controllers::middleware::compression::compress;
use crate::controllers::middleware::connection_state::track_response;
use crate::controllers::middleware::error_pages::render_errors;
use crate::controllers::middleware::same_origin::require_same_origin;
use crate::controllers::middleware::session_cookie::session_middleware;
use crate::controllers::settings::export::Exports;
use crate::controllers::{Accounts, App, RequestLimits, Site};
use crate::error::{Error, Result};
use crate::jobs;
use crate::models::auth::session::KeyHash;
use crate::models::database::Database;
use crate::models::installation;
use crate::models::user::User;
use crate::models::values::content;
use crate::models::values::phone_number::PhoneNumber;
use crate::models::values::signing::HmacKey;
use crate::realtime::change_poller::ChangePoller;
use crate::realtime::worker_hub::WorkerHub;
use crate::routes;
use crate::services::image::AvatarProcessor;
use crate::views::cache::fragments::FragmentCache;
use crate::views::cache::message_lists::MessageListCache;
use crate::views::pages::sessions::Region;
use crate::views::templates::Templates;

/// Serves until SIGTERM or SIGINT.
pub async fn serve(settings: Settings) -> Result<()> {
    limits::raise_file_limit();
    secret_key::require(&settings)?;
    let url = database_url(&settings)?;
    let printed_url = url.to_string();
    let database = Database::open(url, limits::database(&settings)).map_err(|error| {
        let cause = error.into_cause();
        Error::Unavailable(format!("cannot use the database {printed_url}: {cause}"))
    })?;
    let key = secret_key::load(&settings)?;
    let app = build(&settings, database, HmacKey::new(key.signing())).await?;
    let listener = listen(&settings)?;
    let address = listener.local_addr().map_err(Error::internal)?;
    content::permalinks::set_origin(&match settings.server.public_origin.as_str() {
        "" => format!("http://{address}"),
        origin => origin.to_owned(),
    });
    let store = Arc::new(app.database.clone());
    let change_poller = ChangePoller::start(app.realtime.clone(), store).await?;
    start_jobs(&settings, &app, change_poller);
    let app = Data::new(app);
    let hub = app.realtime.hub.clone();
    let factory_app = app.clone();
    let server = teahouse_transport::serve(listener, limits::server(&settings, &app), move || {
        let worker = WorkerHub::start(hub.clone());
        let app = factory_app.clone();
        let cookies = session_middleware(
            app.database.clone(),
            app.accounts.session_lifetime,
            key.clone(),
            &app.site,
        );
        WebApp::new()
            .app_data(worker)
            .app_data(CookieKey(key.clone()))
            .configure(|config| routes::configure(config, &app, cookies))
            .wrap(from_fn(require_same_origin))
            .wrap(from_fn(limit_anonymous))
            .wrap(from_fn(render_errors))
            .wrap(from_fn(compress))
            .wrap(from_fn(log_request))
            .wrap(from_fn(track_response))
    })
    .map_err(Error::internal)?;
    let has_users = app.database.read(User::exists).await?;
    announce(&settings, &app, has_users, &format!("http://{address}"))?;
    rt::spawn(shutdown::on_signal(
        app,
        server.handle(),
        settings.server.shutdown_seconds,
    ));
    server.await.map_err(Error::internal)
}

async fn build(settings: &Settings, database: Database, hmac_key: HmacKey) -> Result<App> {
    let database = database.with_direct_limits(services::direct_limits(settings, hmac_key.clone()));
    let epoch = database.read(installation::epoch).await?;
    let is_production = settings.environment == Environment::Production;
    let accounts = &settings.accounts;
    let realtime = Arc::new(services::realtime(settings, &database, epoch)?);
    let hasher = services::hasher(accounts)?;
    Ok(App {
        metrics: services::metrics(&realtime, &database, &hasher),
        realtime,
        templates: Templates::load()?,
        hasher,
        rate_limits: services::rate_limits(settings, hmac_key.clone()),
        verification: services::phone_verification(settings)?,
        github: services::github(settings)?,
        hmac_key,
        avatar_processor: AvatarProcessor::default(),
        exports: Exports::default(),
        account_deleted: Arc::default(),
        message_lists: MessageListCache::default(),
        fragments: FragmentCache::default(),
        site: Site {
            is_development: settings.environment == Environment::Development,
            public_origin: Some(settings.server.public_origin.clone())
                .filter(|origin| !origin.is_empty()),
            trusted_proxies: TrustedProxies::new(settings.server.trusted_proxies.clone()),
            metrics_token: Some(settings.metrics.token.expose())
                .filter(|token| !token.is_empty())
                .map(KeyHash::of),
        },
        accounts: Accounts {
            registration_policy: accounts.registration,
            invite_policy: accounts.invites,
            default_region: accounts.region.clone(),
            // Lazily, because the numbering rules take several MiB.
            regions: LazyLock::new(|| {
                let regions = PhoneNumber::regions().into_iter();
                regions.map(Region::new).collect()
            }),
            // Required while there are no users, which can also happen after all accounts were deleted.
            setup_code: is_production
                .then(|| format!("{:08}", rand::rng().random_range(0..100_000_000))),
            erases_messages: accounts.deleted_messages == DeletedMessages::Delete,
            session_lifetime: TimeDelta::days(accounts.session_days),
            max_sessions_per_user: accounts.sessions_per_person,
        },
        sockets: limits::sockets(settings),
        requests: RequestLimits {
            body_timeout: Duration::from_secs(settings.server.body_seconds),
            anonymous_limiter: limits::anonymous_limiter(settings),
        },
        database,
    })
}

fn start_jobs(settings: &Settings, app: &App, change_poller: ChangePoller) {
    rt::spawn(change_poller.run());
    let hub = app.realtime.hub.clone();
    rt::spawn(async move { hub.run_gap_recovery().await });
    let realtime = app.realtime.clone();
    rt::spawn(async move { realtime.presence.run(realtime.hub.clone()).await });
    rt::spawn(jobs::erase_deleted_users::run(
        app.database.clone(),
        app.realtime.clone(),
        app.account_deleted.clone(),
    ));
    rt::spawn(jobs::truncate_wal::run(app.database.clone()));
    let event_days = settings.accounts.security_event_days;
    rt::spawn(jobs::prune_expired::run(app.database.clone(), event_days));
}

fn listen(settings: &Settings) -> Result<TcpListener> {
    let (host, port) = (settings.server.host.as_str(), settings.server.port);
    TcpListener::bind((host, port)).map_err(|error| {
        let host = match host.contains(':') {
            true => format!("[{host}]"),
            false => host.to_owned(),
        };
        Error::Unavailable(format!("cannot listen on {host}:{port}: {error}"))
    })
}

/// Prints what the operator must see to standard output; everything else goes to the log on standard error.
fn announce(settings: &Settings, app: &App, has_users: bool, address: &str) -> Result<()> {
    let mut out = io::stdout().lock();
    let mut print = |line: String| writeln!(out, "{line}").map_err(Error::internal);
    if !settings.throttle.enabled {
        print("rate limits are disabled (throttle.enabled = false)".to_owned())?;
    }
    if let (Some(code), false) = (&app.accounts.setup_code, has_users) {
        print(format!(
            "the first user to register becomes admin; set-up code: {code}"
        ))?;
    }
    print(format!("listening on {address}"))?;
    out.flush().map_err(Error::internal)
}
