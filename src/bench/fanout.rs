//! `fanout`: everybody is in one room, and some of them post.

use super::choir::Plan;
use super::options::{Options, Target};
use super::report::Report;
use super::stage::Stage;
use super::talk::talk;
use super::{in_turn, progress};
use crate::error::Result;
use crate::models::room::LOBBY;

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

/// Measures.
///
/// # Errors
/// `Unavailable` when a server does not serve.
pub(super) fn run(options: &Options) -> Result<Report> {
    let mut report = Report::new("fanout", COLUMNS);
    let (runs, seconds) = options.effort();
    let sockets = options.sockets_or(&SOCKETS);
    let people = sockets.iter().copied().max().unwrap_or(0);
    let stages = options
        .targets(&Target::TALKING)
        .into_iter()
        .map(|target| Stage::open(options, target, people));
    let stages: Vec<Stage> = stages.collect::<Result<_>>()?;
    for sockets in sockets {
        for posters in options.posters_or(&POSTERS) {
            in_turn(runs, &stages, |stage, run| {
                progress(&format!(
                    "fanout: {} with {sockets} sockets, {posters} posters, run {run}",
                    stage.target.name()
                ));
                let labels = [
                    ("target", stage.target.name().to_owned()),
                    ("sockets", sockets.to_string()),
                    ("posters", posters.to_string()),
                ];
                let figures = talk(stage, &plan(stage.target, sockets, posters), seconds)?;
                report.add(&labels, figures);
                Ok(())
            })?;
        }
    }
    report.compare("server_us", Target::Raw.name(), "x_raw");
    report.compare(
        "server_without_store_us",
        Target::Raw.name(),
        "x_raw_without_store",
    );
    Ok(report)
}

/// The posters are spread among those who listen.
fn plan(target: Target, sockets: usize, posters: usize) -> Plan {
    let posters = posters.min(sockets);
    Plan {
        target,
        rooms: vec![LOBBY; sockets],
        posters: (0..posters).map(|n| n * sockets / posters).collect(),
    }
}
