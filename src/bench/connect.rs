//! `connect`: many people come in and stay. What that costs, how much memory they need, also after a burst of
//! messages, and whether half as many again still find a place.

use std::time::Duration;

use super::child::Server;
use super::choir::Plan;
use super::figures::Figures;
use super::options::{Options, Target};
use super::peer::Deaf;
use super::report::Report;
use super::stage::Stage;
use super::swarm::Swarm;
use super::talk::{converse, rest};
use super::{in_turn, progress};
use crate::error::Result;
use crate::models::room::LOBBY;

const SOCKETS: [usize; 1] = [10_000];
const QUICK: usize = 500;
const TARGETS: [Target; 5] = [
    Target::Raw,
    Target::Bare,
    Target::Sqlite,
    Target::Mysql,
    Target::Url,
];
/// Who posts in the burst.
const POSTERS: usize = 32;
/// Memory is looked at when nothing has happened for so long.
const CALM: Duration = Duration::from_secs(2);
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

/// Measures.
///
/// # Errors
/// `Unavailable` when a server does not serve, or does not take everybody.
pub(super) fn run(options: &Options) -> Result<Report> {
    let mut report = Report::new("connect", COLUMNS);
    let (runs, seconds) = options.effort();
    let usual = if options.quick { &[QUICK] } else { &SOCKETS };
    for sockets in options.sockets_or(usual) {
        let most = sockets + sockets / 2;
        let targets = options.targets(&TARGETS).into_iter();
        let stages: Vec<Stage> = targets
            .map(|target| Stage::open(options, target, most))
            .collect::<Result<_>>()?;
        in_turn(runs, &stages, |stage, run| {
            let name = stage.target.name();
            progress(&format!(
                "connect: {name} with {sockets} sockets, run {run}"
            ));
            let labels = [
                ("target", name.to_owned()),
                ("sockets", sockets.to_string()),
            ];
            report.add(&labels, measure(stage, sockets, most, seconds)?);
            Ok(())
        })?;
    }
    report.compare("kib_idle", Target::Bare.name(), "x_bare");
    Ok(report)
}

fn measure(stage: &Stage, sockets: usize, most: usize, seconds: f64) -> Result<Figures> {
    let mut figures = Figures::default();
    let server = stage.serve()?;
    let mut swarm = Swarm::new(server.address, stage.target.is_house())?;
    rest(&mut swarm, CALM)?;
    let empty = server.process.resident();
    let kib = |server: &Server, sockets: usize| {
        server.process.resident().saturating_sub(empty) as f64 / 1024.0 / sockets as f64
    };
    let requests: Vec<Vec<u8>> = (0..most).map(|n| stage.upgrade(n, LOBBY)).collect();
    let cpu = || {
        let database = stage
            .database()
            .map_or(Duration::ZERO, |process| process.cpu());
        (server.process.cpu(), database)
    };
    let (before, begin) = (cpu(), std::time::Instant::now());
    swarm.arrive(&requests[..sockets], &mut Deaf)?;
    figures.set("per_second", sockets as f64 / begin.elapsed().as_secs_f64());
    rest(&mut swarm, CALM)?;
    let after = cpu();
    let per_person = |time: Duration| time.as_secs_f64() * 1e6 / sockets as f64;
    let (own, database) = (after.0 - before.0, after.1 - before.1);
    figures.set("connect_us", per_person(own));
    figures.set("connect_with_database_us", per_person(own + database));
    figures.set("kib_idle", kib(&server, sockets));
    if stage.target.is_house() {
        let burst = converse(
            stage,
            &server,
            &mut swarm,
            &plan(stage.target, sockets),
            seconds,
        )?;
        rest(&mut swarm, CALM)?;
        figures.set("kib_after_burst", kib(&server, sockets));
        figures.set("burst_posts", burst.get("posts").unwrap_or(0.0));
        figures.add(
            &burst,
            &["lost", "doubled", "refused", "closed", "rows_missing"],
        );
    }
    swarm.arrive(&requests[sockets..], &mut Deaf)?;
    rest(&mut swarm, CALM)?;
    figures.set("sockets_at_most", (swarm.peers.len() - swarm.gone()) as f64);
    figures.set("kib_at_most", kib(&server, most));
    if stage.target.is_house() {
        let last = converse(stage, &server, &mut swarm, &plan(stage.target, most), 0.5)?;
        figures.add(
            &last,
            &["lost", "doubled", "refused", "closed", "rows_missing"],
        );
    }
    swarm.cut();
    server.stop()?;
    Ok(figures)
}

fn plan(target: Target, sockets: usize) -> Plan {
    let posters = POSTERS.min(sockets);
    Plan {
        target,
        rooms: vec![LOBBY; sockets],
        posters: (0..posters).map(|n| n * sockets / posters).collect(),
    }
}
