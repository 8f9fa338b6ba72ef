//! `reconnect`: thousands are cut off at once, come back at once and catch up, while some go on talking.

use std::time::{Duration, Instant};

use super::figures::{Figures, histogram, microseconds};
use super::follower::Followers;
use super::options::{Options, Target};
use super::peer::Deaf;
use super::report::Report;
use super::stage::Stage;
use super::swarm::Swarm;
use super::talk::STRAGGLERS;
use super::talkers::Talkers;
use super::{in_turn, progress};
use crate::error::Result;
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
    "unanswered",
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
    swarm.arrive_while(others, &mut followers, || company.turn())?;
    while followers.complete() < sockets && cut_at.elapsed() < PATIENCE {
        let wait = company.turn()?;
        swarm.turn(&mut followers, wait)?;
    }
    let back = cut_at.elapsed();
    let cost = server.process.cpu().saturating_sub(before);
    let complete = followers.complete();
    hear_the_rest(&mut company, &mut swarm, &mut followers)?;
    let mut figures = Figures::default();
    figures.set("back_seconds", back.as_secs_f64());
    figures.set("complete", complete as f64);
    figures.set("incomplete", (sockets - complete) as f64);
    figures.set(
        "server_us_per_person",
        cost.as_secs_f64() * 1e6 / sockets as f64,
    );
    figures.set("lost", followers.missing(company.talkers.seq) as f64);
    figures.set("doubled", followers.doubled as f64);
    figures.set("closed", followers.closed as f64);
    figures.set("unanswered", company.talkers.waiting() as f64);
    figures.set("refused", company.talkers.refused as f64);
    tell_waits(&company.talkers, cut_at, cut_at + back, &mut figures)?;
    swarm.cut();
    company.swarm.cut();
    server.stop()?;
    Ok(figures)
}

/// What was said last must come to everybody: it is waited for as long as anything does, and so long after.
fn hear_the_rest(
    company: &mut Company,
    swarm: &mut Swarm,
    followers: &mut Followers,
) -> Result<()> {
    let mut heard_at = Instant::now();
    while heard_at.elapsed() < STRAGGLERS
        && (company.talkers.waiting() > 0 || followers.missing(company.talkers.seq) > 0)
    {
        let heard = company.swarm.turn(&mut company.talkers, Duration::ZERO)?;
        if swarm.turn(followers, WAIT)? || heard {
            heard_at = Instant::now();
        }
    }
    Ok(())
}

/// How long messages waited: those that were sent while people came back, and those before.
fn tell_waits(
    talkers: &Talkers,
    from: Instant,
    until: Instant,
    figures: &mut Figures,
) -> Result<()> {
    let (mut calm, mut busy) = (histogram()?, histogram()?);
    for (since, waited) in &talkers.waits {
        if *since < from && *since + *waited < from {
            calm.saturating_record(microseconds(*waited));
        } else if *since <= until {
            busy.saturating_record(microseconds(*waited));
        }
    }
    figures.latency("ack", &busy);
    figures.latency("calm", &calm);
    Ok(())
}
