//! What a measurement runs in: a temporary folder, a database with users, and the server.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use actix_web::cookie::{Cookie, CookieJar, Key};
use anyhow::{Context, Result, ensure};
use tempfile::TempDir;
use url::Url;
use uuid::Uuid;

use crate::epoll_client::upgrade_request;
use crate::fixtures::{FixtureUser, Fixtures};
use crate::options::Options;
use crate::process::Process;
use crate::server::Server;
use crate::target::{Build, Target};

/// Numbers the MySQL databases of this process.
static DATABASES: AtomicUsize = AtomicUsize::new(1);

/// A folder, a database and the programs that use it.
pub(crate) struct Environment {
    pub(crate) target: Target,
    /// Which of two builds the server is, when two are compared.
    pub(crate) build: Option<Build>,
    pub(crate) users: Vec<FixtureUser>,
    /// The server that is measured.
    pub(crate) program: PathBuf,
    fixtures_program: PathBuf,
    folder: TempDir,
    /// Key that encrypts session cookies.
    secret_key: String,
    /// `DATABASE_URL`; none for targets without a database.
    database_url: Option<String>,
    raw_program: Option<PathBuf>,
    running_server: Option<SocketAddr>,
}

impl Environment {
    /// Creates a database with `users` members of the Lobby, unless the target has none.
    pub(crate) fn create(
        options: &Options,
        target: Target,
        build: Option<Build>,
        users: usize,
    ) -> Result<Self> {
        let folder = match &options.dir {
            Some(dir) => TempDir::with_prefix_in("teahouse-bench-", dir),
            None => TempDir::with_prefix("teahouse-bench-"),
        };
        let folder = folder.context("no temporary folder can be created")?;
        let database_url = match target {
            Target::Raw | Target::Other | Target::Bare => None,
            Target::Url => options.database_url.clone(),
            Target::Sqlite => {
                let path = folder.path().canonicalize()?.join("teahouse.db");
                Some(format!("sqlite://{}", path.display()))
            }
            Target::Mysql => Some(new_database_url(options)?),
        };
        let mut environment = Self {
            target,
            build,
            users: Vec::new(),
            program: options.program(build)?,
            fixtures_program: options.fixtures_program()?,
            folder,
            secret_key: format!("{}{}", Uuid::new_v4().simple(), Uuid::new_v4().simple()),
            database_url,
            raw_program: options.raw_program.clone(),
            running_server: options.url.as_deref().map(address_of).transpose()?,
        };
        if target.is_teahouse() {
            if target != Target::Url {
                environment.migrate()?;
            }
            environment.users = environment.fixtures()?.create_users(users)?;
        }
        Ok(environment)
    }

    /// The measured program creates its own tables.
    fn migrate(&self) -> Result<()> {
        let status = self
            .command(&self.program)
            .arg("migrate")
            .stdout(Stdio::null())
            .status()?;
        ensure!(status.success(), "the database cannot be migrated");
        Ok(())
    }

    /// Identify the server in a report.
    pub(crate) fn labels(&self) -> Vec<(&'static str, String)> {
        let build = self.build.map(|build| ("build", build.name().to_owned()));
        let target = ("target", self.target.name().to_owned());
        [Some(target), build].into_iter().flatten().collect()
    }

    /// Creates rooms of `size` members each, as many as there are users for. Returns their ids.
    pub(crate) fn create_rooms_of(&self, size: usize) -> Result<Vec<i64>> {
        let groups = self.users.chunks(size);
        let groups: Vec<Vec<i64>> = groups
            .map(|group| group.iter().map(|user| user.id).collect())
            .collect();
        self.fixtures()?.create_rooms(&groups)
    }

    /// Opens a connection to the database for fixtures and audits.
    pub(crate) fn fixtures(&self) -> Result<Fixtures> {
        Fixtures::start(self.command(&self.fixtures_program))
    }

    /// The server's working folder.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Starts the server with production settings, without throttling.
    pub(crate) fn serve(&self) -> Result<Server> {
        let itself = std::env::current_exe()?;
        match (self.target, &self.raw_program, self.running_server) {
            (Target::Raw, ..) => Server::start(self.command(&itself).arg("raw"), self.folder()),
            (Target::Bare, ..) => Server::start(self.command(&itself).arg("bare"), self.folder()),
            (Target::Other, Some(program), _) => Server::start_other(program, self.folder()),
            (Target::Url, _, Some(address)) => Ok(Server::running(address)),
            _ => Server::start(self.command(&self.program).arg("serve"), self.folder()),
        }
    }

    /// Starts the page baseline on the same database; `page` is the body of its responses.
    pub(crate) fn serve_page_baseline(&self, page: &[u8]) -> Result<Server> {
        std::fs::write(self.folder().join("page.html"), page)?;
        let mut command = self.command(&self.fixtures_program);
        Server::start(
            command.args(["fixtures", "--page", "page.html"]),
            self.folder(),
        )
    }

    fn command(&self, program: &Path) -> Command {
        let folder = self.folder();
        let mut command = Command::new(program);
        command
            .current_dir(folder)
            .stdin(Stdio::null())
            .env("TEAHOUSE_ENV", "production")
            .env("DATA_DIR", folder)
            .env("HOST", "127.0.0.1")
            .env("PORT", "0")
            .env("PUBLIC_ORIGIN", "http://bench.invalid")
            .env("TEAHOUSE__DATA__SECRET_KEY", &self.secret_key)
            .env("TEAHOUSE__THROTTLE__ENABLED", "false")
            .env("TEAHOUSE__SOCKET__TOTAL", "100000");
        if let Some(url) = &self.database_url {
            command.env("DATABASE_URL", url);
        }
        command
    }

    /// CPU time of the database's own process so far; zero on SQLite.
    pub(crate) fn database_cpu(&self) -> Duration {
        let process = self.database_process();
        process.map_or(Duration::ZERO, Process::cpu)
    }

    /// The database's own process; none on SQLite.
    pub(crate) fn database_process(&self) -> Option<Process> {
        let url = Url::parse(self.database_url.as_deref()?).ok()?;
        (url.scheme() == "mysql")
            .then(|| Process::listening_on(url.port().unwrap_or(3306)))
            .flatten()
    }

    /// Returns the header that authenticates a user: a session cookie, or a bearer token where the key that encrypts
    /// cookies is unknown.
    pub(crate) fn auth_header(&self, user: usize) -> String {
        let key = &self.users[user].key;
        if self.target == Target::Url {
            return format!("Authorization: Bearer {key}");
        }
        let mut jar = CookieJar::new();
        jar.private_mut(&Key::derive_from(self.secret_key.as_bytes()))
            .add(Cookie::new("teahouse", key.clone()));
        let mut cookies = jar.delta().map(|cookie| cookie.encoded().to_string());
        format!("Cookie: {}", cookies.next().unwrap_or_default())
    }

    /// Returns the request that opens a user's socket. A broadcaster has one path for each room.
    pub(crate) fn upgrade_request(&self, user: usize, room_id: i64) -> Vec<u8> {
        match self.target {
            Target::Raw | Target::Other => upgrade_request(&format!("/ws/{room_id}"), None),
            Target::Bare => upgrade_request("/ws", None),
            _ => upgrade_request("/ws", Some(&self.auth_header(user))),
        }
    }
}

impl Drop for Environment {
    fn drop(&mut self) {
        if self.target == Target::Mysql {
            let _ = self
                .fixtures()
                .and_then(|mut fixtures| fixtures.drop_database());
        }
    }
}

fn address_of(url: &str) -> Result<SocketAddr> {
    let url = Url::parse(url).ok().filter(|url| url.scheme() == "http");
    let addresses = url.and_then(|url| url.socket_addrs(|| None).ok());
    addresses
        .and_then(|addresses| addresses.into_iter().find(SocketAddr::is_ipv4))
        .context("--url must be like http://127.0.0.1:8080")
}

/// Returns the URL of a database that does not exist yet on the given server.
fn new_database_url(options: &Options) -> Result<String> {
    let given = options.database_url.as_deref().unwrap_or_default();
    let mut url = Url::parse(given)
        .ok()
        .filter(|url| url.scheme() == "mysql")
        .context("--database-url must be mysql://user:password@host:port")?;
    let number = DATABASES.fetch_add(1, Ordering::Relaxed);
    url.set_path(&format!("teahouse_bench_{}_{number}", std::process::id()));
    Ok(url.to_string())
}
