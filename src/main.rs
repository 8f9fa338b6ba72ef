//! The command-line interface.

use std::io::IsTerminal;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use teahouse::app::client_errors::LowerClientErrors;
use teahouse::app::page_baseline;
use teahouse::commands::backup::{self, BackupArguments, RestoreArguments};
use teahouse::commands::{self, fixtures, user};
use teahouse::config::{LogFormat, Settings};
use teahouse::error::{Error, Result};
use teahouse::models::database::connection::DbConn;
use teahouse::{app, doctor, routes};
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
    /// Run the server (default)
    Serve,
    /// Run pending database migrations
    Migrate {
        /// Revert all migrations instead: drops every table and its data
        #[arg(long)]
        revert_all: bool,
    },
    /// Copy the database into one file, while servers go on
    Backup(BackupArguments),
    /// Restore a backup into an empty database, or check it
    Restore(RestoreArguments),
    /// List all routes: method and path
    Routes,
    /// Check the installation and suggest fixes
    Doctor {
        /// Print a JSON array
        #[arg(long)]
        json: bool,
    },
    /// Manage user accounts
    #[command(subcommand)]
    User(user::Command),
    /// Chat in a terminal or from a script
    Chat(teahouse_client::Options),
    /// Fill a database for a load test and audit it; used by teahouse-bench
    #[command(hide = true)]
    Fixtures(fixtures::Options),
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
    // Joins lines: some libraries' messages have several.
    let sentence: Vec<&str> = sentence.split_whitespace().collect();
    eprintln!("teahouse: {}", sentence.join(" "));
    ExitCode::FAILURE
}

fn run(command: Command) -> Result<()> {
    match command {
        Command::Serve => actix_web::rt::System::new().block_on(app::serve(settings()?)),
        Command::Migrate { revert_all } => migrate(&settings()?, revert_all),
        Command::Backup(arguments) => {
            backup::back_up(&app::configured_database_url(&settings()?)?, &arguments)
        }
        Command::Restore(arguments) => match arguments.file_to_check() {
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
            let line =
                |(method, path): &(&str, &str)| format!("{method} {}\n", path.replace(":.*", ""));
            commands::print(&routes::all().map(line).collect::<String>())
        }
        Command::Doctor { json } => doctor::run(json),
        // Runs without the server's settings.
        Command::Chat(options) => {
            teahouse_client::run(options).map_err(|error| Error::Unavailable(error.to_string()))
        }
        Command::Fixtures(options) => match &options.page {
            Some(page) => page_baseline::serve(&options.database_url, page),
            None => fixtures::run(&options),
        },
    }
}

/// Loads the settings and starts logging.
fn settings() -> Result<Settings> {
    let settings = Settings::load().map_err(Error::Unavailable)?;
    start_log(&settings)?;
    Ok(settings)
}

fn migrate(settings: &Settings, revert_all: bool) -> Result<()> {
    let mut conn = DbConn::open_or_create(&app::database_url(settings)?)?;
    conn.require_working_client_library()?;
    conn.require_utf8mb4()?;
    let (count, done) = match revert_all {
        true => (conn.revert_all_migrations()?, "reverted"),
        false => (conn.migrate()?, "run"),
    };
    let plural = if count == 1 { "" } else { "s" };
    commands::print(&format!("{count} migration{plural} {done}\n"))
}

/// Starts logging to standard error.
fn start_log(settings: &Settings) -> Result<()> {
    let filter: Targets = (settings.log.filter.parse())
        .map_err(|error| Error::Unavailable(format!("log.filter is invalid: {error}")))?;
    let is_terminal = std::io::stderr().is_terminal();
    let log = tracing_subscriber::fmt()
        .with_max_level(LevelFilter::TRACE)
        .with_ansi(is_terminal)
        .with_writer(std::io::stderr);
    match settings.log.format {
        LogFormat::Human => log.finish().with(filter).with(LowerClientErrors).init(),
        LogFormat::Json => {
            let log = log.json().flatten_event(true);
            log.finish().with(filter).with(LowerClientErrors).init();
        }
    }
    Ok(())
}
