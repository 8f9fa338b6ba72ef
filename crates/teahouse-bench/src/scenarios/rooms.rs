//! `rooms`: a hundred rooms of ten members, all of whom post.

use anyhow::Result;

use super::Servers;
use crate::environment::Environment;
use crate::load::LoadPlan;
use crate::measurement::measure;
use crate::options::Options;
use crate::report::Report;
use crate::target::Target;

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
    let (_, seconds) = options.effort();
    let rooms = if options.quick { QUICK_ROOMS } else { ROOMS };
    let servers = Servers::create(
        options,
        &Target::DELIVERING,
        rooms * MEMBERS,
        |environment| plan(environment, rooms),
    )?;
    let labels = [("rooms", rooms.to_string())];
    servers.measure(&mut report, &labels, |environment, plan| {
        measure(environment, plan, seconds)
    })?;
    report.set_ratios("server_us", Target::Raw.name(), "x_raw");
    Ok(report)
}

fn plan(environment: &Environment, rooms: usize) -> Result<LoadPlan> {
    let ids: Vec<i64> = match environment.target.is_broadcaster() {
        true => (1..).take(rooms).collect(),
        false => environment.create_rooms_of(MEMBERS)?,
    };
    let users = rooms * MEMBERS;
    Ok(LoadPlan {
        target: environment.target,
        rooms: (0..users).map(|n| ids[n / MEMBERS]).collect(),
        posters: (0..users).collect(),
    })
}
