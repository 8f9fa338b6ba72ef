//! `write`: people who post each in a room of their own, so that storing is all there is to do; and one person alone,
//! beside a bare transaction of the same statements.

use std::time::{Duration, Instant};

use super::choir::Plan;
use super::figures::{Figures, histogram, microseconds};
use super::options::{Options, Target};
use super::phrases::CONTENT;
use super::report::Report;
use super::stage::Stage;
use super::talk::talk;
use super::{in_turn, progress};
use crate::error::{Error, Result};
use crate::models::database::{Database, Limits};
use crate::models::realtime_store::{MessageLog, draft};
use crate::models::rehearsal;
use crate::models::values::client_id::ClientId;
use crate::models::values::content::Content;
use crate::realtime::store::{Log, WriteCommand};

const POSTERS: [usize; 2] = [64, 1];
const COLUMNS: &[&str] = &[
    "posts_per_second",
    "ack_p50_ms",
    "ack_p99_ms",
    "ack_max_ms",
    "bare_p50_ms",
    "x_bare",
    "server_us_per_post",
    "database_us_per_post",
    "generator_cores",
    "rows",
    "rows_missing",
    "lost",
    "doubled",
];

/// Measures.
///
/// # Errors
/// `Unavailable` when a server does not serve.
pub(super) fn run(options: &Options) -> Result<Report> {
    let mut report = Report::new("write", COLUMNS);
    let (runs, seconds) = options.effort();
    let all = options.posters_or(&POSTERS);
    let most = all.iter().copied().max().unwrap_or(1);
    let targets = options.targets(&Target::HOUSES).into_iter();
    let stages: Vec<Stage> = targets
        .map(|target| Stage::open(options, target, most))
        .collect::<Result<_>>()?;
    let mut rooms = Vec::new();
    for stage in &stages {
        let alone: Vec<Vec<i64>> = stage.people.iter().map(|person| vec![person.id]).collect();
        rooms.push(rehearsal::rooms(&mut stage.conn()?, &alone)?);
    }
    for posters in all {
        let mut at = 0;
        in_turn(runs, &stages, |stage, run| {
            let name = stage.target.name();
            progress(&format!("write: {name} with {posters} posters, run {run}"));
            let own = &rooms[at % stages.len()];
            at += 1;
            let plan = Plan {
                target: stage.target,
                rooms: own[..posters].to_vec(),
                posters: (0..posters).collect(),
            };
            let mut figures = talk(stage, &plan, seconds)?;
            if posters == 1 {
                bare(stage, own[0], seconds, &mut figures)?;
            }
            let labels = [
                ("target", name.to_owned()),
                ("posters", posters.to_string()),
            ];
            report.add(&labels, figures);
            Ok(())
        })?;
    }
    for case in &mut report.cases {
        let pair = (
            case.figures.get("ack_p50_ms"),
            case.figures.get("bare_p50_ms"),
        );
        if let (Some(ack), Some(bare)) = pair {
            case.figures.set("x_bare", ack / bare);
        }
    }
    Ok(report)
}

/// The same statements on the same database, a transaction for each message, and no server between.
fn bare(stage: &Stage, room_id: i64, seconds: f64, figures: &mut Figures) -> Result<()> {
    let Some(url) = stage.url() else {
        return Ok(());
    };
    let limits = Limits {
        pool_size: 1,
        queue_size: 1,
        deadline: Duration::from_secs(5),
    };
    let log = MessageLog::new(Database::open(url.clone(), limits)?);
    let content = Content::parse(CONTENT).map_err(|_| Error::internal("not a message"))?;
    let mut times = histogram()?;
    let begin = Instant::now();
    while begin.elapsed().as_secs_f64() < seconds {
        let post = draft(stage.people[0].id, room_id, ClientId::random(), &content);
        let start = Instant::now();
        let verdicts = log.append(&[WriteCommand::Post(post)])?;
        times.saturating_record(microseconds(start.elapsed()));
        if !verdicts.iter().all(Result::is_ok) {
            return Err(Error::Unavailable("a bare transaction was refused".into()));
        }
    }
    figures.latency("bare", &times);
    Ok(())
}
