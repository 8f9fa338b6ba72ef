//! The command line.

use std::io::IsTerminal;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use teahouse::app::client_faults::ClientFaults;
use teahouse::commands::{self, user};
use teahouse::config::{LogFormat, Settings};
use teahouse::error::{Error, Result};
use teahouse::models::connection::DbConn;
use teahouse::{app, bench, doctor, routes};
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
    Chat(teahouse_client::Options),
    Bench(bench::Options),
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
        Command::Chat(options) => {
            teahouse_client::run(options).map_err(|error| Error::Unavailable(error.to_string()))
        }
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
