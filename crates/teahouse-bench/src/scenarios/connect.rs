//! `connect`: many users connect and stay. Measures CPU time and memory per connection, also after a burst of messages,
//! and whether half as many again can connect.

use std::time::{Duration, Instant};

use anyhow::Result;

use super::{Servers, nothing};
use crate::LOBBY;
use crate::environment::Environment;
use crate::epoll_client::EpollClient;
use crate::load::LoadPlan;
use crate::measurement::measure_connected;
use crate::metrics::Metrics;
use crate::options::Options;
use crate::report::Report;
use crate::server::Server;
use crate::socket::NoopHandler;
use crate::target::Target;

const SOCKETS: [usize; 1] = [10_000];
const QUICK: usize = 500;
const TARGETS: [Target; 5] = [
    Target::Raw,
    Target::Bare,
    Target::Sqlite,
    Target::Mysql,
    Target::Url,
];
/// Posters of the burst.
const POSTERS: usize = 32;
/// Idle time before memory is read.
const IDLE: Duration = Duration::from_secs(2);
/// Failures of all bursts together.
const FAILURES: [&str; 5] = ["lost", "doubled", "refused", "closed", "rows_missing"];
const COLUMNS: &[&str] = &[
    "connect_us",
    "connect_with_database_us",
    "per_second",
    "kib_idle",
    "x_bare",
    "kib_after_burst",
    "burst_posts",
    "sockets_at_most",
    "kib_at_most",
    "lost",
    "doubled",
];

pub(super) fn run(options: &Options) -> Result<Report> {
    let mut report = Report::new("connect", COLUMNS);
    let (_, seconds) = options.effort();
    let default = if options.quick { &[QUICK] } else { &SOCKETS };
    for sockets in options.sockets_or(default) {
        let most = sockets + sockets / 2;
        let servers = Servers::create(options, &TARGETS, most, nothing)?;
        let labels = [("sockets", sockets.to_string())];
        servers.measure(&mut report, &labels, |environment, ()| {
            measure(environment, sockets, most, seconds)
        })?;
    }
    report.set_ratios("kib_idle", Target::Bare.name(), "x_bare");
    Ok(report)
}

fn measure(
    environment: &Environment,
    sockets: usize,
    most: usize,
    seconds: f64,
) -> Result<Metrics> {
    let mut metrics = Metrics::default();
    let target = environment.target;
    let server = environment.serve()?;
    let mut client = EpollClient::new(server.address, target.is_teahouse())?;
    client.idle(IDLE)?;
    let empty = server.process.resident();
    let kib_per_socket = |server: &Server, sockets: usize| {
        server.process.resident().saturating_sub(empty) as f64 / 1024.0 / sockets as f64
    };
    let requests: Vec<Vec<u8>> = (0..most)
        .map(|user| environment.upgrade_request(user, LOBBY))
        .collect();
    measure_connecting(
        environment,
        &server,
        &mut client,
        &requests[..sockets],
        &mut metrics,
    )?;
    metrics.set("kib_idle", kib_per_socket(&server, sockets));
    let burst = |client: &mut EpollClient, sockets: usize, seconds: f64| {
        let plan = LoadPlan::one_room(target, LOBBY, sockets, POSTERS);
        measure_connected(environment, &server, client, &plan, seconds)
    };
    if target.is_teahouse() {
        let burst = burst(&mut client, sockets, seconds)?;
        client.idle(IDLE)?;
        metrics.set("kib_after_burst", kib_per_socket(&server, sockets));
        metrics.set("burst_posts", burst.get("posts").unwrap_or(0.0));
        metrics.add(&burst, &FAILURES);
    }
    client.connect(&requests[sockets..], &mut NoopHandler)?;
    client.idle(IDLE)?;
    let connected = client.sockets.len() - client.closed();
    metrics.set("sockets_at_most", connected as f64);
    metrics.set("kib_at_most", kib_per_socket(&server, most));
    if target.is_teahouse() {
        metrics.add(&burst(&mut client, most, 0.5)?, &FAILURES);
    }
    client.disconnect();
    server.stop()?;
    Ok(metrics)
}

/// Connects all sockets. Sets the CPU time of each and their number per second.
fn measure_connecting(
    environment: &Environment,
    server: &Server,
    client: &mut EpollClient,
    requests: &[Vec<u8>],
    metrics: &mut Metrics,
) -> Result<()> {
    let cpu_times = || (server.process.cpu(), environment.database_cpu());
    let sockets = requests.len() as f64;
    let (before, begin) = (cpu_times(), Instant::now());
    client.connect(requests, &mut NoopHandler)?;
    metrics.set("per_second", sockets / begin.elapsed().as_secs_f64());
    client.idle(IDLE)?;
    let after = cpu_times();
    let (server, database) = (after.0 - before.0, after.1 - before.1);
    let per_socket = |time: Duration| time.as_secs_f64() * 1e6 / sockets;
    metrics.set("connect_us", per_socket(server));
    metrics.set("connect_with_database_us", per_socket(server + database));
    Ok(())
}
