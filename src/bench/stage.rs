//! What a scenario plays on: a temporary folder, a database with people and rooms, and a server when it is wanted.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};

use actix_web::cookie::{Cookie, CookieJar, Key};
use tempfile::TempDir;
use url::Url;

use super::child::Server;
use super::options::{Options, Target};
use super::process::Process;
use super::swarm::upgrade;
use crate::error::{Error, Result};
use crate::models::database::connection::DbConn;
use crate::models::database::url::DatabaseUrl;
use crate::models::rehearsal::{self, Extra};

/// Each MySQL database of this process has another name.
static NUMBER: AtomicUsize = AtomicUsize::new(1);

/// See the module's description.
pub(super) struct Stage {
    pub(super) target: Target,
    pub(super) people: Vec<Extra>,
    folder: TempDir,
    /// What signs the cookies.
    secret: String,
    url: Option<DatabaseUrl>,
    address: String,
    /// Another broadcaster.
    raw_program: Option<PathBuf>,
    /// A server that runs already.
    elsewhere: Option<SocketAddr>,
}

impl Stage {
    /// A stage with so many people in the Lobby; a broadcaster knows nobody.
    ///
    /// # Errors
    /// `Unavailable` when there is no database.
    pub(super) fn open(options: &Options, target: Target, people: usize) -> Result<Self> {
        let folder = match &options.dir {
            Some(dir) => TempDir::with_prefix_in("teahouse-bench-", dir),
            None => TempDir::with_prefix("teahouse-bench-"),
        };
        let folder = folder.map_err(|error| {
            Error::Unavailable(format!("no temporary folder can be made: {error}"))
        })?;
        let address = match target {
            Target::Raw | Target::Other | Target::Bare => String::new(),
            Target::Url => options.database_url.clone().unwrap_or_default(),
            Target::Sqlite => format!("sqlite://{}", folder.path().join("teahouse.db").display()),
            Target::Mysql => own_database(options)?,
        };
        let url = match target {
            Target::Raw | Target::Other | Target::Bare => None,
            _ => Some(DatabaseUrl::parse(&address)?),
        };
        let (secret, _) = crate::models::auth::session::new_key();
        let mut stage = Self {
            target,
            people: Vec::new(),
            folder,
            secret,
            url,
            address,
            raw_program: options.raw_program.clone(),
            elsewhere: options.url.as_deref().map(address_of).transpose()?,
        };
        if let Some(url) = &stage.url {
            let mut conn = match target {
                Target::Url => DbConn::open_migrated(url)?,
                _ => {
                    let mut conn = DbConn::open_or_create(url)?;
                    conn.migrate()?;
                    conn
                }
            };
            stage.people = rehearsal::people(&mut conn, people)?;
        }
        Ok(stage)
    }

    /// A connection to the database.
    ///
    /// # Errors
    /// `Unavailable` when there is none.
    pub(super) fn conn(&self) -> Result<DbConn> {
        match &self.url {
            Some(url) => DbConn::open(url),
            None => Err(Error::internal("a broadcaster has no database")),
        }
    }

    /// Which database it is.
    pub(super) fn url(&self) -> Option<&DatabaseUrl> {
        self.url.as_ref()
    }

    /// The server's folder.
    pub(super) fn folder(&self) -> &std::path::Path {
        self.folder.path()
    }

    /// Starts the server: as in production, but without limits per person.
    ///
    /// # Errors
    /// `Unavailable` when it does not begin to serve.
    pub(super) fn serve(&self) -> Result<Server> {
        let folder = self.folder.path();
        match (self.target, &self.raw_program, self.elsewhere) {
            (Target::Raw, ..) => Server::start(folder, &["bench", "raw"], &[]),
            (Target::Other, Some(program), _) => Server::start_other(folder, program),
            (Target::Url, _, Some(address)) => Ok(Server::elsewhere(address)),
            (Target::Bare, ..) => Server::start(folder, &["bench", "bare"], &[]),
            _ => Server::start(
                folder,
                &["serve"],
                &[
                    ("TEAHOUSE_ENV", "production"),
                    ("DATA_DIR", &folder.display().to_string()),
                    ("DATABASE_URL", &self.address),
                    ("HOST", "127.0.0.1"),
                    ("PORT", "0"),
                    ("PUBLIC_ORIGIN", "http://bench.invalid"),
                    ("TEAHOUSE__DATA__SECRET_KEY", &self.secret),
                    ("TEAHOUSE__THROTTLE__ENABLED", "false"),
                    ("TEAHOUSE__SOCKET__TOTAL", "100000"),
                ],
            ),
        }
    }

    /// Starts the web framework alone on the same database, with what it is to answer in a file of this folder.
    ///
    /// # Errors
    /// `Unavailable` when it does not begin to serve.
    pub(super) fn serve_bare(&self) -> Result<Server> {
        let folder = self.folder.path();
        let variables = [("TEAHOUSE_BENCH_DATABASE_URL", self.address.as_str())];
        Server::start(folder, &["bench", "bare", "--dir", "."], &variables)
    }

    /// The database's own process, when it has one.
    pub(super) fn database(&self) -> Option<Process> {
        match &self.url {
            Some(DatabaseUrl::Mysql(url)) => Process::listening_on(url.port().unwrap_or(3306)),
            _ => None,
        }
    }

    /// The header by which somebody is signed in: a cookie, or where we do not know what signs those, the same key as
    /// a token.
    pub(super) fn identity(&self, person: usize) -> String {
        let key = &self.people[person].key;
        if self.target == Target::Url {
            return format!("Authorization: Bearer {key}");
        }
        let mut jar = CookieJar::new();
        jar.private_mut(&Key::derive_from(self.secret.as_bytes()))
            .add(Cookie::new("teahouse", key.clone()));
        let cookie = jar
            .delta()
            .next()
            .map(|cookie| cookie.encoded().to_string());
        format!("Cookie: {}", cookie.unwrap_or_default())
    }

    /// The request that opens a person's socket; with a broadcaster, in a room.
    pub(super) fn upgrade(&self, person: usize, room_id: i64) -> Vec<u8> {
        match self.target {
            Target::Raw | Target::Other => upgrade(&format!("/ws/{room_id}"), None),
            Target::Bare => upgrade("/ws", None),
            _ => upgrade("/ws", Some(&self.identity(person))),
        }
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        if let (Some(url), Target::Mysql) = (&self.url, self.target) {
            let _ = rehearsal::remove(url);
        }
    }
}

/// Where a URL leads.
fn address_of(url: &str) -> Result<SocketAddr> {
    let url = Url::parse(url).ok().filter(|url| url.scheme() == "http");
    let addresses = url.and_then(|url| url.socket_addrs(|| None).ok());
    addresses
        .and_then(|addresses| addresses.into_iter().find(SocketAddr::is_ipv4))
        .ok_or_else(|| Error::Unavailable("--url must be like http://127.0.0.1:8080".into()))
}

/// A database of our own on the server that was given.
fn own_database(options: &Options) -> Result<String> {
    let given = options.database_url.as_deref().unwrap_or_default();
    let mut url = Url::parse(given)
        .ok()
        .filter(|url| url.scheme() == "mysql")
        .ok_or_else(|| {
            Error::Unavailable("--database-url must be mysql://user:password@host:port".into())
        })?;
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    url.set_path(&format!("teahouse_bench_{}_{number}", std::process::id()));
    Ok(url.to_string())
}
