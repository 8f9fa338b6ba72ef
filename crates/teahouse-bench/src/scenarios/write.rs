//! `write`: users who post each in a room of their own, so that storing is most of the work; and one user alone, beside
//! the same transactions without a server.

use anyhow::Result;

use super::Servers;
use crate::environment::Environment;
use crate::load::LoadPlan;
use crate::measurement::measure;
use crate::metrics::{Metrics, histogram, microseconds};
use crate::options::Options;
use crate::payloads::CONTENT;
use crate::report::Report;
use crate::target::Target;

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

pub(super) fn run(options: &Options) -> Result<Report> {
    let mut report = Report::new("write", COLUMNS);
    let (_, seconds) = options.effort();
    let numbers = options.posters_or(&POSTERS);
    let most = numbers.iter().copied().max().unwrap_or(1);
    let one_room_each = |environment: &Environment| environment.create_rooms_of(1);
    let servers = Servers::create(options, &Target::TEAHOUSE, most, one_room_each)?;
    for posters in numbers {
        let labels = [("posters", posters.to_string())];
        servers.measure(&mut report, &labels, |environment, rooms| {
            let plan = LoadPlan {
                target: environment.target,
                rooms: rooms[..posters].to_vec(),
                posters: (0..posters).collect(),
            };
            let mut metrics = measure(environment, &plan, seconds)?;
            if posters == 1 && environment.build.is_none() {
                measure_baseline(environment, rooms[0], seconds, &mut metrics)?;
            }
            Ok(metrics)
        })?;
    }
    report.set_ratios_in_case("x_bare", "ack_p50_ms", "bare_p50_ms");
    Ok(report)
}

/// Measures the server's own statements on the same database, one transaction per message.
fn measure_baseline(
    environment: &Environment,
    room_id: i64,
    seconds: f64,
    metrics: &mut Metrics,
) -> Result<()> {
    let user_id = environment.users[0].id;
    let mut times = histogram()?;
    let mut fixtures = environment.fixtures()?;
    for time in fixtures.time_writes(user_id, room_id, CONTENT, seconds)? {
        times.saturating_record(microseconds(time));
    }
    metrics.set_latency("bare", &times);
    Ok(())
}
