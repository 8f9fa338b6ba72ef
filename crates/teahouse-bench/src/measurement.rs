//! One measurement of posting users: throughput, latency, CPU time of each process, and the audit of deliveries and rows.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};

use crate::environment::Environment;
use crate::epoll_client::EpollClient;
use crate::fixtures::LogEnds;
use crate::load::{Load, LoadPlan};
use crate::metrics::Metrics;
use crate::process::own_cpu;
use crate::server::Server;
use crate::socket::NoopHandler;
use crate::target::Target;

/// Outstanding deliveries are awaited until nothing has arrived for this time.
pub(crate) const DRAIN_TIMEOUT: Duration = Duration::from_secs(5);
/// Between connecting and the measurement, so that the work of connecting is not counted.
const SETTLE_TIME: Duration = Duration::from_millis(300);
/// A generator that uses more of a core than this is the bottleneck.
const GENERATOR_LIMIT: f64 = 0.9;

/// Name of the server's thread that stores messages.
const WRITER_THREAD: &str = "writer";

/// Starts the server, connects all sockets, posts for `seconds` and audits.
pub(crate) fn measure(environment: &Environment, plan: &LoadPlan, seconds: f64) -> Result<Metrics> {
    let server = environment.serve()?;
    let mut client = EpollClient::new(server.address, environment.target.is_teahouse())?;
    let rooms = plan.rooms.iter().enumerate();
    let requests: Vec<Vec<u8>> = rooms
        .map(|(n, room_id)| environment.upgrade_request(n, *room_id))
        .collect();
    client.connect(&requests, &mut NoopHandler)?;
    client.idle(SETTLE_TIME)?;
    let metrics = measure_connected(environment, &server, &mut client, plan, seconds)?;
    client.disconnect();
    server.stop()?;
    Ok(metrics)
}

/// Posts for `seconds` over sockets that are connected, and audits.
pub(crate) fn measure_connected(
    environment: &Environment,
    server: &Server,
    client: &mut EpollClient,
    plan: &LoadPlan,
    seconds: f64,
) -> Result<Metrics> {
    let ends = match environment.target.is_teahouse() {
        false => LogEnds::default(),
        true => {
            let mut rooms = plan.rooms.clone();
            rooms.sort_unstable();
            rooms.dedup();
            environment.fixtures()?.log_ends(&rooms)?
        }
    };
    let mut load = Load::new(plan, &ends.rooms)?;
    let database = environment.database_process();
    let cpu_times = || CpuTimes {
        server: server.process.cpu(),
        writer: server.process.cpu_of_threads(Some(WRITER_THREAD)),
        database: database.map_or(Duration::ZERO, |process| process.cpu()),
        generator: own_cpu(),
    };
    let (before, begin, closed) = (cpu_times(), Instant::now(), client.closed());
    load.start(&mut client.sockets);
    while begin.elapsed().as_secs_f64() < seconds {
        client.poll(&mut load, Duration::from_millis(10))?;
    }
    let mut metrics = Metrics::default();
    let posting = begin.elapsed().as_secs_f64();
    metrics.set("posts_per_second", load.acknowledged() as f64 / posting);
    let ended = drain(client, &mut load)?;
    // Includes draining: a server may acknowledge before it delivers.
    let wall = ended - begin;
    metrics.set(
        "deliveries_per_second",
        load.received as f64 / wall.as_secs_f64(),
    );
    let used = cpu_times().since(&before);
    load.count_missing();
    if load.acknowledged() == 0 {
        let cause = load.first_error.as_deref().unwrap_or("no response");
        bail!("nothing was acknowledged: {cause}");
    }
    record_load(&load, &mut metrics);
    metrics.set("closed", (client.closed() - closed) as f64);
    used.record(&mut metrics, environment.target, &load, wall);
    if environment.target.is_teahouse() {
        audit(environment, &ends, &load, &mut metrics)?;
    }
    Ok(metrics)
}

/// Stops posting and waits for outstanding acknowledgements and deliveries. Returns when the last bytes arrived.
fn drain(client: &mut EpollClient, load: &mut Load) -> Result<Instant> {
    load.stop_posting();
    let mut received_at = Instant::now();
    while (load.acknowledged() < load.sent() || load.received < load.expected_deliveries())
        && received_at.elapsed() < DRAIN_TIMEOUT
    {
        if client.poll(load, Duration::from_millis(10))? {
            received_at = Instant::now();
        }
    }
    Ok(received_at)
}

fn record_load(load: &Load, metrics: &mut Metrics) {
    metrics.set_latency("ack", &load.ack_times);
    metrics.set_latency("delivery", &load.delivery_times);
    for (name, count) in [
        ("posts", load.acknowledged()),
        ("deliveries", load.received),
        ("lost", load.lost),
        ("doubled", load.duplicates),
        ("refused", load.refused),
        ("retried", load.retried),
    ] {
        metrics.set(name, count as f64);
    }
}

/// CPU time of each process.
struct CpuTimes {
    server: Duration,
    /// The server's thread that stores messages.
    writer: Duration,
    database: Duration,
    generator: Duration,
}

impl CpuTimes {
    fn since(&self, before: &Self) -> Self {
        Self {
            server: self.server.saturating_sub(before.server),
            writer: self.writer.saturating_sub(before.writer),
            database: self.database.saturating_sub(before.database),
            generator: self.generator.saturating_sub(before.generator),
        }
    }

    fn record(&self, metrics: &mut Metrics, target: Target, load: &Load, wall: Duration) {
        let (deliveries, posts) = (load.received, load.acknowledged());
        let cores = |time: Duration| time.as_secs_f64() / wall.as_secs_f64();
        // SQLite runs in the writer thread, whose time therefore counts as the database's.
        let (writer, database) = match target {
            Target::Raw | Target::Other | Target::Bare => (Duration::ZERO, Duration::ZERO),
            Target::Sqlite => (self.writer, self.writer),
            Target::Mysql | Target::Url => (self.writer, self.database),
        };
        let without_store = match target {
            Target::Sqlite => self.server.saturating_sub(writer),
            _ => self.server,
        };
        for (name, time, count) in [
            ("server_us", self.server, deliveries),
            ("server_without_store_us", without_store, deliveries),
            ("store_thread_us", writer, deliveries),
            ("database_us", database, deliveries),
            ("generator_us", self.generator, deliveries),
            ("server_us_per_post", self.server, posts),
            ("database_us_per_post", database, posts),
        ] {
            metrics.set(name, time.as_secs_f64() * 1e6 / count.max(1) as f64);
        }
        metrics.set("generator_cores", cores(self.generator));
        metrics.set("server_cores", cores(self.server));
        let is_held_up = cores(self.generator) > GENERATOR_LIMIT;
        metrics.set("generator_held_up", f64::from(u8::from(is_held_up)));
    }
}

/// Compares stored rows with acknowledged messages: each is stored once, and sequence numbers have no gaps.
fn audit(
    environment: &Environment,
    ends: &LogEnds,
    load: &Load,
    metrics: &mut Metrics,
) -> Result<()> {
    let rows = environment.fixtures()?.messages_after(ends.counter)?;
    let mut next_seq: BTreeMap<i64, i64> =
        ends.rooms.iter().map(|(id, seq)| (*id, seq + 1)).collect();
    let mut by_client_id: BTreeMap<&str, (i64, u64)> = BTreeMap::new();
    let mut gaps = 0_u64;
    for row in &rows {
        let expected = next_seq.entry(row.room_id).or_insert(1);
        gaps += u64::from(row.seq != *expected);
        *expected = row.seq + 1;
        let found = by_client_id.entry(&row.client_id);
        found.or_insert((row.room_id, 0)).1 += 1;
    }
    let messages = load.acknowledged_messages();
    let is_stored_once = |(room_id, client_id): &&(i64, String)| {
        by_client_id.get(client_id.as_str()) == Some(&(*room_id, 1))
    };
    let stored = messages.iter().filter(is_stored_once).count();
    metrics.set("rows", rows.len() as f64);
    metrics.set("rows_missing", (messages.len() - stored) as f64);
    metrics.set(
        "rows_beyond",
        rows.len().saturating_sub(messages.len()) as f64,
    );
    metrics.set("holes", gaps as f64);
    Ok(())
}
