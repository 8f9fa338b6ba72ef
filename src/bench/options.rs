//! What can be asked of `teahouse bench`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

/// Measures Teahouse on this machine, and audits what it stored.
///
/// Each server is a process of its own, on a database of its own that is removed afterwards: a temporary SQLite file,
/// and with --database-url a database on that server. `raw` is what they are compared to: a broadcaster of one thread
/// that checks and stores nothing. docs/performance.md says how it is measured.
#[derive(Debug, Clone, Args)]
pub struct Options {
    /// What to measure [default: everything]
    #[arg(value_enum)]
    pub scenarios: Vec<Scenario>,
    /// A MySQL or MariaDB server on which databases may be made: mysql://user:password@127.0.0.1:3306
    #[arg(long, env = "TEAHOUSE_BENCH_DATABASE_URL", hide_env_values = true)]
    pub database_url: Option<String>,
    /// A running Teahouse without throttling instead, such as http://127.0.0.1:8080; --database-url is then its own
    /// database, any kind, into which people and rooms are put that stay there
    #[arg(long, requires = "database_url")]
    pub url: Option<String>,
    /// Each figure is the median of so many runs, which take turns
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..))]
    pub runs: u32,
    /// People post for so many seconds in each run
    #[arg(long, default_value_t = 3.0)]
    pub seconds: f64,
    /// One short run of each: shows that it works, and little else
    #[arg(long)]
    pub quick: bool,
    /// How many sockets, in turn [default: what the scenario is about]
    #[arg(long, value_delimiter = ',')]
    pub sockets: Vec<usize>,
    /// How many people post, in turn
    #[arg(long, value_delimiter = ',')]
    pub posters: Vec<usize>,
    /// Only these servers
    #[arg(long, value_enum, value_delimiter = ',')]
    pub targets: Vec<Target>,
    /// Writes everything here as JSON too
    #[arg(long, value_name = "FILE")]
    pub json: Option<PathBuf>,
    /// Fails when a ratio is more than 20 % worse than in this file, which --json wrote another time
    #[arg(long, value_name = "FILE")]
    pub against: Option<PathBuf>,
    /// Databases and logs go into a temporary folder in this one, which should be on a real disk
    #[arg(long)]
    pub dir: Option<PathBuf>,
    /// Another broadcaster to compare with: it gets a port as its argument
    #[arg(long, hide = true)]
    pub raw_program: Option<PathBuf>,
}

/// What is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Scenario {
    /// Many sockets in one room, some people post as fast as they are acknowledged
    Fanout,
    /// 64 people post, each in a room of their own; then one alone
    Write,
    /// 100 rooms of 10 people, everybody posts
    Rooms,
    /// Many people come in: what that takes, and how much memory they need
    Connect,
    /// A room's page, cached and not, with a long history and with many rooms; a list that did not change; a post
    Pages,
    /// Everybody is cut off at once and comes back, while some go on talking
    Reconnect,
    /// How long it takes to start, and how large the program is
    Start,
    /// The broadcaster itself
    #[value(hide = true)]
    Raw,
    /// The bare server itself
    #[value(hide = true)]
    Bare,
}

/// Which server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Target {
    /// The broadcaster
    Raw,
    /// Another broadcaster
    #[value(hide = true)]
    Other,
    /// The web framework alone
    Bare,
    /// Teahouse on SQLite
    Sqlite,
    /// Teahouse on the given server
    Mysql,
    /// The Teahouse at --url
    #[value(hide = true)]
    Url,
}

impl Target {
    /// Teahouse and the practical limit.
    pub(super) const TALKING: [Self; 5] =
        [Self::Raw, Self::Other, Self::Sqlite, Self::Mysql, Self::Url];
    /// Teahouse alone.
    pub(super) const HOUSES: [Self; 3] = [Self::Sqlite, Self::Mysql, Self::Url];

    /// Whether it only gives on what it hears.
    pub(super) fn is_raw(self) -> bool {
        matches!(self, Self::Raw | Self::Other)
    }

    /// Whether it is Teahouse.
    pub(super) fn is_house(self) -> bool {
        matches!(self, Self::Sqlite | Self::Mysql | Self::Url)
    }

    /// As it is called in tables.
    pub(super) fn name(self) -> &'static str {
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
    /// Those of these servers that are wanted and can be measured.
    pub(super) fn targets(&self, all: &[Target]) -> Vec<Target> {
        let has_server = self
            .database_url
            .as_ref()
            .is_some_and(|url| !url.is_empty());
        let is_there = |target: &Target| match target {
            Target::Raw | Target::Bare => true,
            Target::Other => self.raw_program.is_some(),
            Target::Sqlite => self.url.is_none(),
            Target::Mysql => has_server && self.url.is_none(),
            Target::Url => self.url.is_some(),
        };
        let is_wanted = |target: &Target| {
            is_there(target) && (self.targets.is_empty() || self.targets.contains(target))
        };
        all.iter().copied().filter(is_wanted).collect()
    }

    /// How many sockets in turn, when nothing else was asked for.
    pub(super) fn sockets_or(&self, usual: &[usize]) -> Vec<usize> {
        match (self.sockets.is_empty(), self.quick) {
            (false, _) => self.sockets.clone(),
            (true, true) => usual.iter().take(2).copied().collect(),
            (true, false) => usual.to_vec(),
        }
    }

    /// How many posters in turn, when nothing else was asked for.
    pub(super) fn posters_or(&self, usual: &[usize]) -> Vec<usize> {
        match self.posters.is_empty() {
            true => usual.to_vec(),
            false => self.posters.clone(),
        }
    }

    /// Runs and seconds, as asked for or short.
    pub(super) fn effort(&self) -> (u32, f64) {
        match self.quick {
            true => (1, self.seconds.min(1.0)),
            false => (self.runs, self.seconds),
        }
    }
}
