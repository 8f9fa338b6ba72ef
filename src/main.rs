//! The command line.

use std::io::IsTerminal;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};
use teahouse::app::client_faults::ClientFaults;
use teahouse::commands::backup::{self, BackupArguments, RestoreArguments};
use teahouse::commands::{self, user};
use teahouse::config::{LogFormat, Settings};
use teahouse::error::{Error, Result};
use teahouse::models::connection::DbConn;
use teahouse::{app, bench, chat, doctor, routes};
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

/// Teahouse (茶馆): a multi-room chat server.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand)]
enum Command {
    /// Serve until told to stop (the default)
    Serve,
    /// Bring the database's tables up to date
    Migrate {
        /// Take every migration back instead: all tables and what is in them are gone
        #[arg(long)]
        revert_all: bool,
    },
    /// Copy the database into one file, while servers go on
    Backup(BackupArguments),
    /// Restore a backup into an empty database, or check it
    Restore(RestoreArguments),
    /// List every route: method and path
    Routes,
    /// Check the installation, and say what mends it
    Doctor {
        /// For programs: a JSON array
        #[arg(long)]
        json: bool,
    },
    /// Say who may come in, and as what
    #[command(subcommand)]
    User(user::Command),
    /// Talk in a terminal, or from a script
    Chat(ChatArguments),
    Bench(bench::Options),
}

#[derive(Args)]
struct ChatArguments {
    /// The server, as a browser would address it
    #[arg(long, default_value = "http://localhost:8080")]
    url: String,
    /// Who you are; the password is asked for, or taken from TEAHOUSE_PASSWORD
    #[arg(long, allow_hyphen_values = true)]
    phone: Option<String>,
    /// The country of a phone number without `+`, such as CN
    #[arg(long)]
    region: Option<String>,
    /// Sign in with this instead (POST /api/login gives one); other users of this machine can see arguments
    #[arg(
        long,
        env = "TEAHOUSE_TOKEN",
        hide_env_values = true,
        allow_hyphen_values = true
    )]
    token: Option<String>,
    /// The room to begin in, by name or number [default: the Lobby]
    #[arg(long, allow_hyphen_values = true)]
    room: Option<String>,
    /// Say this and end when it is stored
    #[arg(long, value_name = "TEXT", allow_hyphen_values = true)]
    say: Option<String>,
    /// With --say: to whom directly, by username or phone number
    #[arg(
        long,
        requires = "say",
        conflicts_with = "room",
        allow_hyphen_values = true,
        value_name = "USERNAME|PHONE"
    )]
    to: Option<String>,
    /// For scripts: JSON frames (docs/protocol.md), one per line, both ways
    #[arg(long)]
    json: bool,
}

impl ChatArguments {
    fn options(self) -> chat::Options {
        let set = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
        let languages = ["LC_ALL", "LC_MESSAGES", "LANG"];
        chat::Options {
            url: self.url,
            phone: self.phone,
            password: set("TEAHOUSE_PASSWORD"),
            token: self.token.filter(|token| !token.is_empty()),
            region: self.region,
            room: self.room,
            to: self.to,
            say: self.say,
            json: self.json,
            language: languages.into_iter().find_map(set).unwrap_or_default(),
        }
    }
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match run(arguments.command.unwrap_or(Command::Serve)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(Error::Unavailable(sentence)) => fail(&sentence),
        Err(error) => fail(&error.to_string()),
    }
}

fn fail(sentence: &str) -> ExitCode {
    // One line, whatever a library's message looks like.
    let sentence: Vec<&str> = sentence.split_whitespace().collect();
    eprintln!("teahouse: {}", sentence.join(" "));
    ExitCode::FAILURE
}

fn run(command: Command) -> Result<()> {
    match command {
        Command::Serve => actix_web::rt::System::new().block_on(app::serve(settings()?)),
        Command::Migrate { revert_all } => migrate(&settings()?, revert_all),
        Command::Backup(arguments) => {
            backup::back_up(&app::meant_database(&settings()?)?, &arguments)
        }
        Command::Restore(arguments) => match arguments.to_check() {
            Some(file) => backup::check(file),
            None => backup::restore(&app::database_url(&settings()?)?, &arguments),
        },
        Command::User(command) => {
            let settings = settings()?;
            let url = app::database_url(&settings)?;
            let mut conn = DbConn::open_migrated(&url)?;
            user::run(&mut conn, command, &settings.accounts.region)
        }
        Command::Routes => {
            let all = routes::PUBLIC
                .iter()
                .chain(routes::PAGES)
                .chain(routes::API);
            let line =
                |(method, path): &(&str, &str)| format!("{method} {}\n", path.replace(":.*", ""));
            commands::print(&all.map(line).collect::<String>())
        }
        Command::Doctor { json } => doctor::run(json),
        // A client needs no server's settings.
        Command::Chat(arguments) => chat::run(arguments.options()),
        Command::Bench(options) => bench::run(&options),
    }
}

/// What the server's commands begin with: settings and log.
fn settings() -> Result<Settings> {
    let settings = Settings::load().map_err(Error::Unavailable)?;
    start_log(&settings)?;
    Ok(settings)
}

fn migrate(settings: &Settings, revert_all: bool) -> Result<()> {
    let mut conn = DbConn::open_or_create(&app::database_url(settings)?)?;
    conn.require_sound_library()?;
    conn.require_utf8mb4()?;
    commands::print(&match revert_all {
        true => format!("{} migrations taken back\n", conn.revert_all_migrations()?),
        false => format!("{} migrations run\n", conn.migrate()?),
    })
}

/// Log lines go to standard error.
fn start_log(settings: &Settings) -> Result<()> {
    let filter: Targets = (settings.log.filter.parse())
        .map_err(|error| Error::Unavailable(format!("log.filter cannot be read: {error}")))?;
    let is_read_by_eyes = std::io::stderr().is_terminal();
    let log = tracing_subscriber::fmt()
        .with_max_level(LevelFilter::TRACE)
        .with_ansi(is_read_by_eyes)
        .with_writer(std::io::stderr);
    match settings.log.format {
        LogFormat::Human => log.finish().with(filter).with(ClientFaults).init(),
        LogFormat::Json => {
            let log = log.json().flatten_event(true);
            log.finish().with(filter).with(ClientFaults).init();
        }
    }
    Ok(())
}
