//! `rooms`: a hundred rooms of ten people, and everybody posts.

use super::choir::Plan;
use super::options::{Options, Target};
use super::report::Report;
use super::stage::Stage;
use super::talk::talk;
use super::{in_turn, progress};
use crate::error::Result;
use crate::models::rehearsal;

const ROOMS: usize = 100;
const QUICK_ROOMS: usize = 10;
const PEOPLE: usize = 10;
const COLUMNS: &[&str] = &[
    "posts_per_second",
    "deliveries_per_second",
    "ack_p50_ms",
    "ack_p99_ms",
    "delivery_p99_ms",
    "server_us",
    "x_raw",
    "server_us_per_post",
    "database_us_per_post",
    "generator_us",
    "generator_cores",
    "rows",
    "lost",
    "doubled",
];

/// Measures.
///
/// # Errors
/// `Unavailable` when a server does not serve.
pub(super) fn run(options: &Options) -> Result<Report> {
    let mut report = Report::new("rooms", COLUMNS);
    let (runs, seconds) = options.effort();
    let rooms = if options.quick { QUICK_ROOMS } else { ROOMS };
    let people = rooms * PEOPLE;
    let targets = options.targets(&Target::TALKING).into_iter();
    let stages: Vec<Stage> = targets
        .map(|target| Stage::open(options, target, people))
        .collect::<Result<_>>()?;
    let mut plans = Vec::new();
    for stage in &stages {
        let ids: Vec<i64> = match stage.target {
            Target::Raw => (1..).take(rooms).collect(),
            _ => {
                let groups = stage.people.chunks(PEOPLE);
                let groups: Vec<Vec<i64>> = groups
                    .map(|group| group.iter().map(|person| person.id).collect())
                    .collect();
                rehearsal::rooms(&mut stage.conn()?, &groups)?
            }
        };
        plans.push(Plan {
            target: stage.target,
            rooms: (0..people).map(|n| ids[n / PEOPLE]).collect(),
            posters: (0..people).collect(),
        });
    }
    let mut at = 0;
    in_turn(runs, &stages, |stage, run| {
        let name = stage.target.name();
        progress(&format!("rooms: {name}, run {run}"));
        let plan = &plans[at % plans.len()];
        at += 1;
        let labels = [("target", name.to_owned()), ("rooms", rooms.to_string())];
        report.add(&labels, talk(stage, plan, seconds)?);
        Ok(())
    })?;
    report.compare("server_us", Target::Raw.name(), "x_raw");
    Ok(report)
}
