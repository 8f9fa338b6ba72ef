//! What the program is made of, and how it starts and stops.

pub mod client_faults;
mod limits;
pub mod page_baseline;
mod secret_key;
mod stopping;
mod trust;

use std::fs;
use std::io::{self, Write};
use std::net::TcpListener;
use std::os::unix::fs::DirBuilderExt;
use std::path::Path;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use actix_web::middleware::from_fn;
use actix_web::web::Data;
use actix_web::{App as WebApp, rt};
use chrono::TimeDelta;
use rand::RngExt;
use tokio::sync::Notify;

use crate::config::{DeletedMessages, Environment, Settings};
use crate::controllers::concerns::compression::compression;
use crate::controllers::concerns::cookies::session_middleware;
use crate::controllers::concerns::door::{door, serving};
use crate::controllers::concerns::own_cookies::CookieKey;
use crate::controllers::concerns::{frame::frame, log::log, same_origin::same_origin};
use crate::controllers::metrics::{Metrics, Queues};
use crate::controllers::settings::export::Exports;
use crate::controllers::{Accounts, App, RequestLimits, Site};
use crate::error::{Error, Result};
use crate::jobs;
use crate::models::content;
use crate::models::database::{Database, default_url};
use crate::models::database_url::DatabaseUrl;
use crate::models::hasher::Hasher;
use crate::models::installation;
use crate::models::keyed::Keyed;
use crate::models::log::MessageLog;
use crate::models::phone_number::PhoneNumber;
use crate::models::picture::Darkroom;
use crate::models::user::User;
use crate::realtime::desk::Desk;
use crate::realtime::frames;
use crate::realtime::hub::Hub;
use crate::realtime::live::Live;
use crate::realtime::presence::Presence;
use crate::realtime::throttle::Throttle;
use crate::realtime::turnstile::Turnstile;
use crate::realtime::watch::Watch;
use crate::realtime::writer::Writer;
use crate::routes;
use crate::transport::proxies::Proxies;
use crate::views::lists::Lists;
use crate::views::parts::Parts;
use crate::views::sessions::Region;
use crate::views::templates::Templates;

/// Which database the settings mean. The folder of the default one is made.
///
/// # Errors
/// `Unavailable` with a sentence about the URL.
pub fn database_url(settings: &Settings) -> Result<DatabaseUrl> {
    if settings.database.url.expose().is_empty() {
        make_data_dir(&settings.data.dir).map_err(|error| data_dir_error(settings, &error))?;
    }
    meant_database(settings)
}

/// The same, and nothing is made.
///
/// # Errors
/// `Unavailable` with a sentence about the URL.
pub fn meant_database(settings: &Settings) -> Result<DatabaseUrl> {
    match settings.database.url.expose() {
        "" => Ok(default_url(&settings.data.dir)),
        url => DatabaseUrl::parse(url),
    }
}

/// Creates the data directory and its missing parents with mode 0700. Leaves an existing directory unchanged: its mode is
/// the owner's choice, and `teahouse doctor` reports one that is too open.
fn make_data_dir(dir: &Path) -> io::Result<()> {
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(dir)
}

fn data_dir_error(settings: &Settings, error: &io::Error) -> Error {
    Error::Unavailable(format!(
        "the data directory {} cannot be used: {error}",
        settings.data.dir.display()
    ))
}

/// Serves until it is told to stop.
///
/// # Errors
/// `Unavailable` with one sentence about what keeps it from starting.
pub async fn serve(settings: Settings) -> Result<()> {
    limits::raise_file_limit();
    secret_key::require(&settings)?;
    let url = database_url(&settings)?;
    let shown = url.to_string();
    let database = Database::open(url, limits::database(&settings)).map_err(|error| {
        Error::Unavailable(format!("cannot use the database {shown}: {}", cause(error)))
    })?;
    let key = secret_key::read(&settings)?;
    let app = build(&settings, database, trust::keyed(&key)).await?;
    let listener = listen(&settings)?;
    let address = listener.local_addr().map_err(Error::internal)?;
    content::permalinks::set_origin(&match settings.server.public_origin.as_str() {
        "" => format!("http://{address}"),
        origin => origin.to_owned(),
    });
    let store = Arc::new(app.database.clone());
    let watch = Watch::start(app.live.clone(), store).await?;
    start_jobs(&settings, &app, watch);
    let app = Data::new(app);
    let hub = app.live.hub.clone();
    let factory_app = app.clone();
    let server =
        crate::transport::server::serve(listener, limits::server(&settings, &app), move || {
            let desk = Desk::open(hub.clone());
            let app = factory_app.clone();
            let cookies = session_middleware(
                app.database.clone(),
                app.accounts.session_lifetime,
                key.clone(),
                &app.site,
            );
            WebApp::new()
                .app_data(desk)
                .app_data(CookieKey(key.clone()))
                .configure(|config| routes::configure(config, &app, cookies))
                .wrap(from_fn(same_origin))
                .wrap(from_fn(door))
                .wrap(from_fn(frame))
                .wrap(from_fn(compression))
                .wrap(from_fn(log))
                .wrap(from_fn(serving))
        })
        .map_err(Error::internal)?;
    let is_new = !app.database.run(User::any).await?;
    announce(&settings, &app, is_new, &format!("http://{address}"))?;
    rt::spawn(stopping::on_signal(
        app,
        server.handle(),
        settings.server.shutdown_seconds,
    ));
    server.await.map_err(Error::internal)
}

/// What an error says about its cause, without what kind of error it is.
fn cause(error: Error) -> String {
    match error {
        Error::Unavailable(cause) => cause,
        other => other.to_string(),
    }
}

async fn build(settings: &Settings, database: Database, keyed: Keyed) -> Result<App> {
    let database = database.limiting_directs(trust::direct_limits(settings, keyed.clone()));
    let epoch = database.run(installation::epoch).await?;
    let is_production = settings.environment == Environment::Production;
    let accounts = &settings.accounts;
    let live = Arc::new(live(settings, &database, epoch)?);
    let hasher = trust::hasher(accounts)?;
    Ok(App {
        metrics: metrics(settings, &live, &database, &hasher),
        live,
        templates: Templates::load()?,
        hasher,
        throttles: trust::throttles(settings, keyed.clone()),
        verification: trust::verifying(settings)?,
        github: trust::github(settings)?,
        keyed,
        darkroom: Darkroom::default(),
        exports: Exports::default(),
        departed: Arc::default(),
        lists: Lists::default(),
        parts: Parts::default(),
        site: Site {
            is_development: settings.environment == Environment::Development,
            public_origin: Some(settings.server.public_origin.clone())
                .filter(|origin| !origin.is_empty()),
            trusted_proxies: Proxies::new(settings.server.trusted_proxies.clone()),
        },
        accounts: Accounts {
            policy: trust::policy(accounts),
            makers: trust::makers(accounts),
            region: accounts.region.clone(),
            regions: LazyLock::new(regions),
            // Asked for as long as nobody is there: also after everybody has gone again.
            setup_code: is_production
                .then(|| format!("{:08}", rand::rng().random_range(0..100_000_000))),
            erases_messages: accounts.deleted_messages == DeletedMessages::Delete,
            session_lifetime: TimeDelta::days(accounts.session_days),
            sessions_per_person: accounts.sessions_per_person,
        },
        sockets: limits::sockets(settings),
        requests: RequestLimits {
            body: Duration::from_secs(settings.server.body_seconds),
            strangers: limits::strangers(settings),
        },
        database,
    })
}

/// Where numbers can be from. The rules of the world take memory: they are read when somebody is asked for a number.
fn regions() -> Vec<Region> {
    PhoneNumber::regions()
        .into_iter()
        .map(Region::new)
        .collect()
}

/// What is counted, and by whom.
fn metrics(settings: &Settings, live: &Live, database: &Database, hasher: &Hasher) -> Metrics {
    Metrics::new(settings.metrics.token.expose(), |registry| {
        live.hub.figures.register(registry);
        database.figures.register(registry);
        let refused = hasher.refused.clone();
        registry.register(
            "password_hashes_refused",
            "Sign-ins that found too many waiting",
            refused,
        );
        registry.register_collector(Box::new(Queues {
            writer: live.writer.clone(),
            hasher: hasher.clone(),
        }));
    })
}

fn live(settings: &Settings, database: &Database, epoch: String) -> Result<Live> {
    let store = Arc::new(database.clone());
    let hub = Arc::new(Hub::new(store.clone()));
    let messages = &settings.messages;
    let log = MessageLog::new(database.clone());
    let writer = Writer::start(log, hub.clone(), messages.queue_size).map_err(Error::internal)?;
    Ok(Live {
        hub,
        writer,
        store,
        presence: Presence::default(),
        throttle: Throttle::new(
            messages.posts_per_second,
            messages.burst,
            settings.throttle.enabled,
        ),
        turnstile: Turnstile::new(
            limits::throttled(settings, settings.socket.per_person),
            settings.socket.total,
        ),
        limits: frames::Limits {
            content_chars: content::MAX_CHARS,
            posts_per_second: messages.posts_per_second,
            burst: messages.burst,
            upload_bytes: 0,
        },
        epoch,
        version: env!("CARGO_PKG_VERSION"),
        noted: Notify::new(),
    })
}

fn start_jobs(settings: &Settings, app: &App, watch: Watch) {
    rt::spawn(watch.run());
    let hub = app.live.hub.clone();
    rt::spawn(async move { hub.mend().await });
    let live = app.live.clone();
    rt::spawn(async move { live.presence.tell(live.hub.clone()).await });
    rt::spawn(jobs::expired_sessions::run(app.database.clone()));
    rt::spawn(jobs::departed::run(
        app.database.clone(),
        app.live.clone(),
        app.departed.clone(),
    ));
    rt::spawn(jobs::erased_traces::run(app.database.clone()));
    rt::spawn(jobs::old_notices::run(app.database.clone()));
    let days = settings.accounts.security_event_days;
    rt::spawn(jobs::spent_records::run(app.database.clone(), days));
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

/// What an admin must see, on standard output; everything else goes to the log.
fn announce(settings: &Settings, app: &App, is_new: bool, address: &str) -> Result<()> {
    let mut out = io::stdout().lock();
    let mut say = |line: String| writeln!(out, "{line}").map_err(Error::internal);
    if !settings.throttle.enabled {
        say("throttling is off: there are no limits per person".to_owned())?;
    }
    if let (Some(code), true) = (&app.accounts.setup_code, is_new) {
        say(format!(
            "the first person to register becomes admin, with the set-up code {code}"
        ))?;
    }
    say(format!("listening on {address}"))?;
    out.flush().map_err(Error::internal)
}
