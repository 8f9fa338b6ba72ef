//! `rooms`: a hundred rooms of ten members, all of whom post.

use anyhow::Result;

use super::{alternate, environments};
use crate::environment::Environment;
use crate::load::LoadPlan;
use crate::measurement::measure;
use crate::options::{Options, Target};
use crate::progress;
use crate::report::Report;

const ROOMS: usize = 100;
const QUICK_ROOMS: usize = 10;
const MEMBERS: usize = 10;
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

pub(super) fn run(options: &Options) -> Result<Report> {
    let mut report = Report::new("rooms", COLUMNS);
    let (runs, seconds) = options.effort();
    let rooms = if options.quick { QUICK_ROOMS } else { ROOMS };
    let environments = environments(options, &Target::DELIVERING, rooms * MEMBERS)?;
    let plans = environments
        .iter()
        .map(|environment| plan(environment, rooms));
    let plans: Vec<LoadPlan> = plans.collect::<Result<_>>()?;
    let mut at = 0;
    alternate(runs, &environments, |environment, run| {
        let name = environment.target.name();
        progress(&format!("rooms: {name}, run {run}"));
        let plan = &plans[at % plans.len()];
        at += 1;
        let labels = [("target", name.to_owned()), ("rooms", rooms.to_string())];
        report.add(&labels, measure(environment, plan, seconds)?);
        Ok(())
    })?;
    report.compare("server_us", Target::Raw.name(), "x_raw");
    Ok(report)
}

fn plan(environment: &Environment, rooms: usize) -> Result<LoadPlan> {
    let ids: Vec<i64> = match environment.target {
        target if target.is_broadcaster() => (1..).take(rooms).collect(),
        _ => {
            let groups = environment.users.chunks(MEMBERS);
            let ids = groups.map(|group| group.iter().map(|user| user.id).collect());
            environment
                .fixtures()?
                .create_rooms(&ids.collect::<Vec<_>>())?
        }
    };
    let users = rooms * MEMBERS;
    Ok(LoadPlan {
        target: environment.target,
        rooms: (0..users).map(|n| ids[n / MEMBERS]).collect(),
        posters: (0..users).collect(),
    })
}
