//! Command-line options.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::target::{Build, Target};

const EXAMPLES: &str = "\
Examples:
  teahouse-bench                               all scenarios on SQLite; takes about an hour
  teahouse-bench --quick                       one short run of each, to see that they work
  teahouse-bench fanout --sockets 1000 --posters 4 --seconds 10
  teahouse-bench write rooms --database-url mysql://root:secret@127.0.0.1:3306
  teahouse-bench compare ../before/target/release/teahouse";

const EXAMPLES_OF_COMPARE: &str = "\
Examples:
  teahouse-bench compare ../before/target/release/teahouse
  teahouse-bench compare ../before/target/release/teahouse pages --runs 9 --json ratios.json";

/// Load test for the Teahouse server on this machine.
///
/// Starts the server as a child process on a new, temporary database with generated users, loads it from this process,
/// and prints one table per scenario: throughput, latency, and CPU time per message or request. Then it checks that each
/// acknowledged message was stored and delivered exactly once; a line that begins with `!` reports a failure.
///
/// Servers are measured in turn: `sqlite` and, with --database-url, `mysql` are Teahouse on these databases; `raw` is a
/// minimal broadcaster that neither checks nor stores messages, as the practical limit; `bare` is the web framework alone.
///
/// Use a release build on an otherwise idle machine. docs/performance.md explains the method and the columns.
#[derive(Debug, Parser)]
#[command(version, args_conflicts_with_subcommands = true, after_help = EXAMPLES)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
    #[command(flatten)]
    pub(crate) options: Options,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Measures another build of the server and this one in turn, and prints their ratios
    ///
    /// By default it runs `fanout` with 1,000 and 10,000 sockets, `write` and `pages`, which takes about 20 minutes. Each
    /// line of the result is a median over all runs: before, after, after ÷ before, and the smallest and the largest
    /// ratio of one run.
    #[command(after_help = EXAMPLES_OF_COMPARE)]
    Compare {
        /// The `teahouse` program of the other build
        #[arg(value_name = "BEFORE")]
        before: PathBuf,
        #[command(flatten)]
        options: Box<Options>,
    },
    /// Serves as the broadcaster
    #[command(hide = true)]
    Raw,
    /// Serves as the baseline of the web framework
    #[command(hide = true)]
    Bare,
}

#[derive(Debug, Clone, Args)]
pub(crate) struct Options {
    /// What to measure [default: all; with `compare`: fanout, write and pages]
    #[arg(value_enum, value_name = "SCENARIO")]
    pub(crate) scenarios: Vec<Scenario>,
    /// Runs of each measurement; the tables show medians
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) runs: u32,
    /// Duration of one run
    #[arg(long, default_value_t = 3.0)]
    pub(crate) seconds: f64,
    /// One short run of each measurement, with fewer sockets and messages: shows that it works, not how fast
    #[arg(long)]
    pub(crate) quick: bool,
    /// Numbers of sockets to measure with, such as 100,1000 [default: depends on the scenario]
    #[arg(long, value_name = "N", value_delimiter = ',')]
    pub(crate) sockets: Vec<usize>,
    /// Numbers of users who post at once, such as 4,32 [default: depends on the scenario]
    #[arg(long, value_name = "N", value_delimiter = ',')]
    pub(crate) posters: Vec<usize>,
    /// Servers to measure [default: all that the scenario compares]
    #[arg(long, value_enum, value_name = "TARGET", value_delimiter = ',')]
    pub(crate) targets: Vec<Target>,
    /// Also writes all results, with every single run, to this file as JSON
    #[arg(long, value_name = "FILE", help_heading = "Results")]
    pub(crate) json: Option<PathBuf>,
    /// Fails if a ratio to `raw` or `bare` is more than 20 % worse than in this file of an earlier --json
    #[arg(long, value_name = "FILE", help_heading = "Results")]
    pub(crate) against: Option<PathBuf>,
    /// The server to measure [default: `teahouse` beside this program]
    #[arg(long, value_name = "PATH", help_heading = "Environment")]
    pub(crate) program: Option<PathBuf>,
    /// The build that fills and audits databases, when --program lacks `teahouse fixtures` [default: --program]
    #[arg(long, value_name = "PATH", help_heading = "Environment")]
    pub(crate) fixtures_program: Option<PathBuf>,
    /// A MySQL or MariaDB server to measure as well, whose user may create databases:
    /// mysql://user:password@127.0.0.1:3306
    #[arg(
        long,
        value_name = "URL",
        env = "TEAHOUSE_BENCH_DATABASE_URL",
        hide_env_values = true,
        help_heading = "Environment"
    )]
    pub(crate) database_url: Option<String>,
    /// Measures a running Teahouse instead, such as http://127.0.0.1:8080. It must run without throttling, and
    /// --database-url must be its own database; the generated users and rooms stay in it
    #[arg(long, requires = "database_url", help_heading = "Environment")]
    pub(crate) url: Option<String>,
    /// Folder for temporary databases and logs, which should be on a disk rather than in memory [default: TMPDIR]
    #[arg(long, help_heading = "Environment")]
    pub(crate) dir: Option<PathBuf>,
    /// Another broadcaster to compare with; its argument is the port to listen on
    #[arg(long, hide = true)]
    pub(crate) raw_program: Option<PathBuf>,
    /// The other build, when two are compared
    #[arg(skip)]
    pub(crate) before: Option<PathBuf>,
}

/// What is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Scenario {
    /// 100, 1,000 and 10,000 sockets in one room; 4 or 32 users post as fast as they are acknowledged
    Fanout,
    /// 10,000 users connect: CPU time and memory per connection
    Connect,
    /// 64 users post, each in their own room; then one user alone
    Write,
    /// 100 rooms of 10 members, all of whom post
    Rooms,
    /// HTTP requests: room pages (cached or not, short or long history, few or many rooms), an unchanged list, a post
    Pages,
    /// 5,000 sockets are cut at once and reconnect, while a few users keep posting
    Reconnect,
    /// Start-up time, idle memory and size of the program
    Start,
}

impl Options {
    /// Returns the options of a comparison with another build.
    ///
    /// # Errors
    /// When a running server is to be measured.
    pub(crate) fn comparing(mut self, before: PathBuf) -> Result<Self> {
        ensure!(
            self.url.is_none(),
            "compare starts both servers itself: leave out --url"
        );
        if self.scenarios.is_empty() {
            self.scenarios = vec![Scenario::Fanout, Scenario::Write, Scenario::Pages];
        }
        if self.sockets.is_empty() && !self.quick {
            self.sockets = vec![1_000, 10_000];
        }
        self.before = Some(before);
        Ok(self)
    }

    /// Returns the requested ones of `all` that can be measured.
    pub(crate) fn targets(&self, all: &[Target]) -> Vec<Target> {
        let has_database_server = self
            .database_url
            .as_ref()
            .is_some_and(|url| !url.is_empty());
        let is_available = |target: &Target| match target {
            Target::Raw | Target::Bare => self.before.is_none(),
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

    /// Returns the builds to measure; `None` is the only one.
    pub(crate) fn builds(&self) -> Vec<Option<Build>> {
        match self.before {
            Some(_) => vec![Some(Build::Before), Some(Build::After)],
            None => vec![None],
        }
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
    pub(crate) fn program(&self, build: Option<Build>) -> Result<PathBuf> {
        match (&self.before, &self.program) {
            (Some(path), _) if build == Some(Build::Before) => existing(path),
            (_, Some(path)) => existing(path),
            _ => existing(&std::env::current_exe()?.with_file_name("teahouse"))
                .context("build the server first with the same profile, or give --program"),
        }
    }

    /// Returns the absolute path of the build that provides `teahouse fixtures`.
    pub(crate) fn fixtures_program(&self) -> Result<PathBuf> {
        match &self.fixtures_program {
            Some(path) => existing(path),
            None => self.program(None),
        }
    }
}

/// Servers run in a folder of their own, where a relative path would not be found.
fn existing(path: &Path) -> Result<PathBuf> {
    let found = path.canonicalize();
    found.with_context(|| format!("{} cannot be started", path.display()))
}
