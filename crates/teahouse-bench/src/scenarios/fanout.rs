//! `fanout`: all sockets are in one room, and a few of their users post.

use anyhow::Result;

use super::{Servers, nothing};
use crate::LOBBY;
use crate::load::LoadPlan;
use crate::measurement::measure;
use crate::options::Options;
use crate::report::Report;
use crate::target::Target;

const SOCKETS: [usize; 3] = [100, 1_000, 10_000];
const POSTERS: [usize; 2] = [4, 32];
const COLUMNS: &[&str] = &[
    "posts_per_second",
    "deliveries_per_second",
    "ack_p50_ms",
    "ack_p99_ms",
    "delivery_p99_ms",
    "server_us",
    "x_raw",
    "server_without_store_us",
    "x_raw_without_store",
    "database_us",
    "generator_us",
    "generator_cores",
    "rows",
    "lost",
    "doubled",
];

pub(super) fn run(options: &Options) -> Result<Report> {
    let mut report = Report::new("fanout", COLUMNS);
    let (_, seconds) = options.effort();
    let sockets = options.sockets_or(&SOCKETS);
    let users = sockets.iter().copied().max().unwrap_or(0);
    let servers = Servers::create(options, &Target::DELIVERING, users, nothing)?;
    for sockets in sockets {
        for posters in options.posters_or(&POSTERS) {
            let labels = [
                ("sockets", sockets.to_string()),
                ("posters", posters.to_string()),
            ];
            servers.measure(&mut report, &labels, |environment, ()| {
                let plan = LoadPlan::one_room(environment.target, LOBBY, sockets, posters);
                measure(environment, &plan, seconds)
            })?;
        }
    }
    let baseline = Target::Raw.name();
    report.set_ratios("server_us", baseline, "x_raw");
    report.set_ratios("server_without_store_us", baseline, "x_raw_without_store");
    Ok(report)
}
