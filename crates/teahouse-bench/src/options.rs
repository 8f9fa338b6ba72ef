//! Command-line options.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use clap::{Parser, ValueEnum};

/// Measures Teahouse on this machine, and audits what it stored.
///
/// Each server is a process of its own, on a database of its own that is removed afterwards: a temporary SQLite file, and
/// with --database-url also a database on that server. `raw`, the yardstick, is a broadcaster of one thread that checks
/// and stores nothing. docs/performance.md describes the method.
#[derive(Debug, Clone, Parser)]
#[command(version)]
pub(crate) struct Options {
    /// What to measure [default: everything]
    #[arg(value_enum)]
    pub(crate) scenarios: Vec<Scenario>,
    /// The server to measure [default: `teahouse` in the folder of teahouse-bench]
    #[arg(long, value_name = "PATH")]
    pub(crate) program: Option<PathBuf>,
    /// The build whose `teahouse fixtures` fills and audits databases, if --program has no such command [default:
    /// --program]
    #[arg(long, value_name = "PATH")]
    pub(crate) fixtures_program: Option<PathBuf>,
    /// A MySQL or MariaDB server on which databases may be created: mysql://user:password@127.0.0.1:3306
    #[arg(long, env = "TEAHOUSE_BENCH_DATABASE_URL", hide_env_values = true)]
    pub(crate) database_url: Option<String>,
    /// Measures a running Teahouse without throttling, such as http://127.0.0.1:8080; --database-url is then its own
    /// database, of any kind, to which users and rooms are added and left
    #[arg(long, requires = "database_url")]
    pub(crate) url: Option<String>,
    /// Runs of each measurement, of which the medians are shown; targets alternate
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) runs: u32,
    /// Seconds of posting in each run
    #[arg(long, default_value_t = 3.0)]
    pub(crate) seconds: f64,
    /// One short run of each: shows that it works, and little else
    #[arg(long)]
    pub(crate) quick: bool,
    /// Numbers of sockets, one after another [default: depends on the scenario]
    #[arg(long, value_delimiter = ',')]
    pub(crate) sockets: Vec<usize>,
    /// Numbers of posting users, one after another
    #[arg(long, value_delimiter = ',')]
    pub(crate) posters: Vec<usize>,
    /// Measures only these servers
    #[arg(long, value_enum, value_delimiter = ',')]
    pub(crate) targets: Vec<Target>,
    /// Also writes all figures to this file as JSON
    #[arg(long, value_name = "FILE")]
    pub(crate) json: Option<PathBuf>,
    /// Fails when a ratio is more than 20 % worse than in this file, which an earlier --json wrote
    #[arg(long, value_name = "FILE")]
    pub(crate) against: Option<PathBuf>,
    /// Where temporary folders with databases and logs are created; should be on a real disk
    #[arg(long)]
    pub(crate) dir: Option<PathBuf>,
    /// Another broadcaster to compare with; its argument is the port to listen on
    #[arg(long, hide = true)]
    pub(crate) raw_program: Option<PathBuf>,
}

/// What is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Scenario {
    /// Many sockets in one room; a few users post as fast as they are acknowledged
    Fanout,
    /// 64 users post, each in a room of their own; then one alone
    Write,
    /// 100 rooms of 10 members, all of whom post
    Rooms,
    /// Many users connect: time and memory for each connection
    Connect,
    /// Room pages, cached and not, with a long history and with many rooms; an unchanged list; a post by form
    Pages,
    /// All sockets are cut at once and reconnect while a few users keep posting
    Reconnect,
    /// Start-up time, idle memory and size of the program
    Start,
    /// Serves as the broadcaster
    #[value(hide = true)]
    Raw,
    /// Serves as the baseline of the web framework
    #[value(hide = true)]
    Bare,
}

/// The server that is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Target {
    /// The broadcaster
    Raw,
    /// Another broadcaster
    #[value(hide = true)]
    Other,
    /// The web framework alone
    Bare,
    /// Teahouse on SQLite
    Sqlite,
    /// Teahouse on the given database server
    Mysql,
    /// The Teahouse at --url
    #[value(hide = true)]
    Url,
}

impl Target {
    /// Targets that deliver messages.
    pub(crate) const DELIVERING: [Self; 5] =
        [Self::Raw, Self::Other, Self::Sqlite, Self::Mysql, Self::Url];
    /// Targets that are Teahouse.
    pub(crate) const TEAHOUSE: [Self; 3] = [Self::Sqlite, Self::Mysql, Self::Url];

    /// Whether it is a broadcaster.
    pub(crate) fn is_broadcaster(self) -> bool {
        matches!(self, Self::Raw | Self::Other)
    }

    /// Whether it is Teahouse.
    pub(crate) fn is_teahouse(self) -> bool {
        matches!(self, Self::Sqlite | Self::Mysql | Self::Url)
    }

    /// Name in tables and in JSON.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Raw => "raw",
            Self::Other => "other",
            Self::Bare => "bare",
            Self::Sqlite => "sqlite",
            Self::Mysql => "mysql",
            Self::Url => "url",
        }
    }
}

impl Options {
    /// Returns the requested ones of `all` that can be measured.
    pub(crate) fn targets(&self, all: &[Target]) -> Vec<Target> {
        let has_database_server = self
            .database_url
            .as_ref()
            .is_some_and(|url| !url.is_empty());
        let is_available = |target: &Target| match target {
            Target::Raw | Target::Bare => true,
            Target::Other => self.raw_program.is_some(),
            Target::Sqlite => self.url.is_none(),
            Target::Mysql => has_database_server && self.url.is_none(),
            Target::Url => self.url.is_some(),
        };
        let is_requested = |target: &Target| {
            is_available(target) && (self.targets.is_empty() || self.targets.contains(target))
        };
        all.iter().copied().filter(is_requested).collect()
    }

    /// Returns `--sockets`, or a scenario's default numbers.
    pub(crate) fn sockets_or(&self, default: &[usize]) -> Vec<usize> {
        match (self.sockets.is_empty(), self.quick) {
            (false, _) => self.sockets.clone(),
            (true, true) => default.iter().take(2).copied().collect(),
            (true, false) => default.to_vec(),
        }
    }

    /// Returns `--posters`, or a scenario's default numbers.
    pub(crate) fn posters_or(&self, default: &[usize]) -> Vec<usize> {
        match self.posters.is_empty() {
            true => default.to_vec(),
            false => self.posters.clone(),
        }
    }

    /// Returns the number of runs, and the seconds of each.
    pub(crate) fn effort(&self) -> (u32, f64) {
        match self.quick {
            true => (1, self.seconds.min(1.0)),
            false => (self.runs, self.seconds),
        }
    }

    /// Returns the absolute path of the server that is measured.
    pub(crate) fn program(&self) -> Result<PathBuf> {
        match &self.program {
            Some(path) => existing(path),
            None => existing(&std::env::current_exe()?.with_file_name("teahouse"))
                .context("build the server first with the same profile, or give --program"),
        }
    }

    /// Returns the absolute path of the build that provides `teahouse fixtures`.
    pub(crate) fn fixtures_program(&self) -> Result<PathBuf> {
        match &self.fixtures_program {
            Some(path) => existing(path),
            None => self.program(),
        }
    }
}

/// Servers run in a folder of their own, where a relative path would not be found.
fn existing(path: &Path) -> Result<PathBuf> {
    let found = path.canonicalize();
    found.with_context(|| format!("{} cannot be started", path.display()))
}
