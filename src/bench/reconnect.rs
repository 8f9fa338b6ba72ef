//! `reconnect`: thousands are cut off at once, come back at once and catch up, while some go on talking.

use std::time::{Duration, Instant};

use hdrhistogram::Histogram;

use super::follower::{Followers, Talkers};
use super::options::{Options, Target};
use super::report::{Figures, Report};
use super::stage::Stage;
use super::swarm::{Deaf, Swarm};
use super::{in_turn, progress};
use crate::error::{Error, Result};
use crate::models::rehearsal;
use crate::models::room::LOBBY;

const SOCKETS: [usize; 1] = [5_000];
const QUICK: usize = 200;
const TALKERS: usize = 4;
/// 20 messages a second.
const PACE: Duration = Duration::from_millis(50);
/// Nobody waits longer until everybody is back.
const PATIENCE: Duration = Duration::from_secs(60);
const WAIT: Duration = Duration::from_millis(2);
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
];

/// Measures.
///
/// # Errors
/// `Unavailable` when a server does not serve.
pub(super) fn run(options: &Options) -> Result<Report> {
    let mut report = Report::new("reconnect", COLUMNS);
    let (runs, _) = options.effort();
    let usual = if options.quick { &[QUICK] } else { &SOCKETS };
    for sockets in options.sockets_or(usual) {
        let targets = options.targets(&Target::HOUSES).into_iter();
        let stages: Vec<Stage> = targets
            .map(|target| Stage::open(options, target, sockets + TALKERS))
            .collect::<Result<_>>()?;
        in_turn(runs, &stages, |stage, run| {
            let name = stage.target.name();
            progress(&format!(
                "reconnect: {name} with {sockets} sockets, run {run}"
            ));
            let labels = [
                ("target", name.to_owned()),
                ("sockets", sockets.to_string()),
            ];
            report.add(&labels, measure(stage, sockets)?);
            Ok(())
        })?;
    }
    Ok(report)
}

/// Those who talk, with their sockets.
struct Company {
    swarm: Swarm,
    talkers: Talkers,
}

impl Company {
    fn turn(&mut self) -> Result<Duration> {
        self.talkers.speak(&mut self.swarm.peers);
        self.swarm.turn(&mut self.talkers, Duration::ZERO)?;
        Ok(WAIT)
    }
}

fn measure(stage: &Stage, sockets: usize) -> Result<Figures> {
    let server = stage.serve()?;
    let (_, ends) = rehearsal::ends(&mut stage.conn()?, &[LOBBY])?;
    let seq = ends.first().map_or(0, |(_, seq)| *seq);
    let requests: Vec<Vec<u8>> = (0..sockets + TALKERS)
        .map(|n| stage.upgrade(n, LOBBY))
        .collect();
    let (others, talking) = requests.split_at(sockets);
    let mut swarm = Swarm::new(server.address, true)?;
    let mut followers = Followers::new(sockets, seq);
    swarm.arrive(others, &mut followers)?;
    let mut company = Company {
        swarm: Swarm::new(server.address, true)?,
        talkers: Talkers::new(PACE, seq),
    };
    company.swarm.arrive(talking, &mut Deaf)?;
    company.talkers = Talkers::new(PACE, seq);
    let calm_until = Instant::now() + Duration::from_secs(2);
    while Instant::now() < calm_until {
        let wait = company.turn()?;
        swarm.turn(&mut followers, wait)?;
    }
    let (cut_at, before) = (Instant::now(), server.process.cpu());
    swarm.cut();
    followers.cut();
    followers.closed = 0;
    swarm.arrive_while(others, &mut followers, || company.turn())?;
    while followers.complete() < sockets && cut_at.elapsed() < PATIENCE {
        let wait = company.turn()?;
        swarm.turn(&mut followers, wait)?;
    }
    let back = cut_at.elapsed();
    let cost = server.process.cpu().saturating_sub(before);
    let complete = followers.complete();
    // What was said last must have come to everybody.
    while cut_at.elapsed() < back + Duration::from_secs(2)
        && !(company.talkers.is_settled() && followers.behind(company.talkers.seq) == 0)
    {
        company.swarm.turn(&mut company.talkers, Duration::ZERO)?;
        swarm.turn(&mut followers, WAIT)?;
    }
    let mut figures = Figures::default();
    figures.set("back_seconds", back.as_secs_f64());
    figures.set("complete", complete as f64);
    figures.set("incomplete", (sockets - complete) as f64);
    figures.set(
        "server_us_per_person",
        cost.as_secs_f64() * 1e6 / sockets as f64,
    );
    figures.set(
        "lost",
        (followers.lost + followers.behind(company.talkers.seq) as u64) as f64,
    );
    figures.set("doubled", followers.doubled as f64);
    figures.set("closed", followers.closed as f64);
    figures.set("refused", company.talkers.refused as f64);
    tell_waits(&company.talkers, cut_at, cut_at + back, &mut figures)?;
    swarm.cut();
    company.swarm.cut();
    server.stop()?;
    Ok(figures)
}

/// How long messages waited: those that were sent while people came back, and those before.
fn tell_waits(
    talkers: &Talkers,
    from: Instant,
    until: Instant,
    figures: &mut Figures,
) -> Result<()> {
    let histogram = || Histogram::<u64>::new(3).map_err(Error::internal);
    let (mut calm, mut busy) = (histogram()?, histogram()?);
    for (since, waited) in &talkers.waits {
        let microseconds = u64::try_from(waited.as_micros()).unwrap_or(u64::MAX);
        if *since < from && *since + *waited < from {
            calm.saturating_record(microseconds);
        } else if *since <= until {
            busy.saturating_record(microseconds);
        }
    }
    figures.latency("ack", &busy);
    figures.latency("calm", &calm);
    Ok(())
}
