//! `reconnect`: thousands of connections are cut at once, reconnect at once and catch up, while a few users keep posting.

use std::time::{Duration, Instant};

use anyhow::Result;

use super::{Servers, nothing};
use crate::LOBBY;
use crate::environment::Environment;
use crate::epoll_client::EpollClient;
use crate::measurement::DRAIN_TIMEOUT;
use crate::metrics::{Metrics, histogram, microseconds};
use crate::options::Options;
use crate::posters::Posters;
use crate::reconnecting_clients::ReconnectingClients;
use crate::report::Report;
use crate::socket::NoopHandler;
use crate::target::Target;

const SOCKETS: [usize; 1] = [5_000];
const QUICK: usize = 200;
const POSTERS: usize = 4;
/// 20 messages per second.
const INTERVAL: Duration = Duration::from_millis(50);
/// Posting before the connections are cut.
const WARM_UP: Duration = Duration::from_secs(2);
/// Clients that are not synced after this time count as incomplete.
const TIMEOUT: Duration = Duration::from_secs(60);
const POLL: Duration = Duration::from_millis(2);
const COLUMNS: &[&str] = &[
    "back_seconds",
    "complete",
    "ack_p50_ms",
    "ack_p99_ms",
    "ack_max_ms",
    "calm_p99_ms",
    "server_us_per_person",
    "lost",
    "doubled",
    "refused",
    "unanswered",
];

pub(super) fn run(options: &Options) -> Result<Report> {
    let mut report = Report::new("reconnect", COLUMNS);
    let default = if options.quick { &[QUICK] } else { &SOCKETS };
    for sockets in options.sockets_or(default) {
        let servers = Servers::create(options, &Target::TEAHOUSE, sockets + POSTERS, nothing)?;
        let labels = [("sockets", sockets.to_string())];
        servers.measure(&mut report, &labels, |environment, ()| {
            measure(environment, sockets)
        })?;
    }
    Ok(report)
}

/// The posters with their connections.
struct PostingClient {
    client: EpollClient,
    posters: Posters,
}

impl PostingClient {
    /// Sends what is due and reads what arrived. Returns how long the caller may wait.
    fn poll(&mut self) -> Result<Duration> {
        self.posters.send_due(&mut self.client.sockets);
        self.client.poll(&mut self.posters, Duration::ZERO)?;
        Ok(POLL)
    }
}

fn measure(environment: &Environment, sockets: usize) -> Result<Metrics> {
    let server = environment.serve()?;
    let ends = environment.fixtures()?.log_ends(&[LOBBY])?;
    let seq = ends.rooms.first().map_or(0, |(_, seq)| *seq);
    let requests: Vec<Vec<u8>> = (0..sockets + POSTERS)
        .map(|user| environment.upgrade_request(user, LOBBY))
        .collect();
    let (others, posting_requests) = requests.split_at(sockets);
    let mut client = EpollClient::new(server.address, true)?;
    let mut clients = ReconnectingClients::new(sockets, seq);
    client.connect(others, &mut clients)?;
    let mut posting_client = EpollClient::new(server.address, true)?;
    posting_client.connect(posting_requests, &mut NoopHandler)?;
    let mut posting = PostingClient {
        client: posting_client,
        posters: Posters::new(INTERVAL, seq),
    };
    let warm_until = Instant::now() + WARM_UP;
    while Instant::now() < warm_until {
        let wait = posting.poll()?;
        client.poll(&mut clients, wait)?;
    }
    let (cut_at, before) = (Instant::now(), server.process.cpu());
    client.disconnect();
    clients.disconnect();
    client.connect_while(others, &mut clients, || posting.poll())?;
    while clients.synced() < sockets && cut_at.elapsed() < TIMEOUT {
        let wait = posting.poll()?;
        client.poll(&mut clients, wait)?;
    }
    let synced_after = cut_at.elapsed();
    let cpu = server.process.cpu().saturating_sub(before);
    let synced = clients.synced();
    drain(&mut posting, &mut client, &mut clients)?;
    let mut metrics = Metrics::default();
    metrics.set("back_seconds", synced_after.as_secs_f64());
    metrics.set("complete", synced as f64);
    metrics.set("incomplete", (sockets - synced) as f64);
    metrics.set(
        "server_us_per_person",
        cpu.as_secs_f64() * 1e6 / sockets as f64,
    );
    metrics.set("closed", clients.closed as f64);
    record_posters(&posting.posters, &clients, &mut metrics);
    record_ack_times(
        &posting.posters,
        cut_at,
        cut_at + synced_after,
        &mut metrics,
    )?;
    client.disconnect();
    posting.client.disconnect();
    server.stop()?;
    Ok(metrics)
}

/// Waits for outstanding acknowledgements and deliveries, until nothing has arrived for a while.
fn drain(
    posting: &mut PostingClient,
    client: &mut EpollClient,
    clients: &mut ReconnectingClients,
) -> Result<()> {
    let mut received_at = Instant::now();
    while received_at.elapsed() < DRAIN_TIMEOUT
        && (posting.posters.pending() > 0 || clients.missing(posting.posters.seq) > 0)
    {
        let received = posting.client.poll(&mut posting.posters, Duration::ZERO)?;
        if client.poll(clients, POLL)? || received {
            received_at = Instant::now();
        }
    }
    Ok(())
}

fn record_posters(posters: &Posters, clients: &ReconnectingClients, metrics: &mut Metrics) {
    metrics.set("lost", clients.missing(posters.seq) as f64);
    metrics.set("doubled", clients.duplicates as f64);
    metrics.set("unanswered", posters.pending() as f64);
    metrics.set("refused", posters.refused as f64);
}

/// Sets the latency of messages that were due while clients reconnected (`ack`), and before (`calm`).
fn record_ack_times(
    posters: &Posters,
    from: Instant,
    until: Instant,
    metrics: &mut Metrics,
) -> Result<()> {
    let (mut calm, mut busy) = (histogram()?, histogram()?);
    for (due, time) in &posters.waits {
        if *due < from && *due + *time < from {
            calm.saturating_record(microseconds(*time));
        } else if *due <= until {
            busy.saturating_record(microseconds(*time));
        }
    }
    metrics.set_latency("ack", &busy);
    metrics.set_latency("calm", &calm);
    Ok(())
}
