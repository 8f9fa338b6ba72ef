//! One measurement of people talking: who is there, for how long they post, what it cost, and whether all of it came
//! and was stored.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use super::child::Server;
use super::choir::{Choir, Plan};
use super::figures::Figures;
use super::options::Target;
use super::peer::Deaf;
use super::process::own_cpu;
use super::stage::Stage;
use super::swarm::Swarm;
use crate::error::{Error, Result};
use crate::models::rehearsal;

/// What is still on its way is waited for as long as something comes, and so long after.
pub(super) const STRAGGLERS: Duration = Duration::from_secs(5);
/// Before anything is counted, sockets stand still for a moment: what arriving left behind gets done.
const PAUSE: Duration = Duration::from_millis(300);
/// A generator that uses this much of a core holds the servers up.
const BUSY: f64 = 0.9;

/// The thread that stores messages.
pub(super) const WRITER: &str = "writer";

/// Starts the stage's server, lets people talk there for so many seconds, and audits.
///
/// # Errors
/// `Unavailable` when the server does not take everybody, or refuses what they say.
pub(super) fn talk(stage: &Stage, plan: &Plan, seconds: f64) -> Result<Figures> {
    let server = stage.serve()?;
    let mut swarm = Swarm::new(server.address, stage.target.is_house())?;
    let rooms = plan.rooms.iter().enumerate();
    let requests: Vec<Vec<u8>> = rooms
        .map(|(n, room_id)| stage.upgrade(n, *room_id))
        .collect();
    swarm.arrive(&requests, &mut Deaf)?;
    rest(&mut swarm, PAUSE)?;
    let figures = converse(stage, &server, &mut swarm, plan, seconds)?;
    swarm.cut();
    server.stop()?;
    Ok(figures)
}

/// Lets those who are there talk, and audits.
///
/// # Errors
/// `Unavailable` when nothing is acknowledged.
pub(super) fn converse(
    stage: &Stage,
    server: &Server,
    swarm: &mut Swarm,
    plan: &Plan,
    seconds: f64,
) -> Result<Figures> {
    let (counter, ends) = match stage.target.is_house() {
        false => (0, Vec::new()),
        true => {
            let mut rooms = plan.rooms.clone();
            rooms.sort_unstable();
            rooms.dedup();
            rehearsal::ends(&mut stage.conn()?, &rooms)?
        }
    };
    let mut choir = Choir::new(plan, &ends)?;
    let database = stage.database();
    let clock = || Costs {
        server: server.process.cpu(),
        store: server.process.cpu_of_threads(Some(WRITER)),
        database: database.map_or(Duration::ZERO, |process| process.cpu()),
        generator: own_cpu(),
    };
    let (before, begin, gone) = (clock(), Instant::now(), swarm.gone());
    choir.begin(&mut swarm.peers);
    while begin.elapsed().as_secs_f64() < seconds {
        swarm.turn(&mut choir, Duration::from_millis(10))?;
    }
    let mut figures = Figures::default();
    let posting = begin.elapsed().as_secs_f64();
    figures.set("posts_per_second", choir.acknowledged() as f64 / posting);
    let ended = fall_silent(swarm, &mut choir)?;
    // Whoever acknowledges before everybody has it is given the time that takes.
    let all = (ended - begin).as_secs_f64();
    figures.set("deliveries_per_second", choir.heard as f64 / all);
    let costs = clock().since(&before);
    choir.close();
    if choir.acknowledged() == 0 {
        let why = choir.refusal.unwrap_or_else(|| "no answer came".to_owned());
        return Err(Error::Unavailable(format!(
            "nothing was acknowledged: {why}"
        )));
    }
    tell(&choir, &mut figures);
    figures.set("closed", (swarm.gone() - gone) as f64);
    costs.tell(&mut figures, stage.target, &choir, ended - begin);
    if stage.target.is_house() {
        audit(stage, counter, &ends, &choir, &mut figures)?;
    }
    Ok(figures)
}

/// Hears the rest; answers when the last of it came.
fn fall_silent(swarm: &mut Swarm, choir: &mut Choir) -> Result<Instant> {
    choir.fall_silent();
    let mut heard_at = Instant::now();
    while (choir.acknowledged() < choir.sent() || choir.heard < choir.due())
        && heard_at.elapsed() < STRAGGLERS
    {
        if swarm.turn(choir, Duration::from_millis(10))? {
            heard_at = Instant::now();
        }
    }
    Ok(heard_at)
}

fn tell(choir: &Choir, figures: &mut Figures) {
    figures.set("posts", choir.acknowledged() as f64);
    figures.set("deliveries", choir.heard as f64);
    figures.latency("ack", &choir.acks);
    figures.latency("delivery", &choir.deliveries);
    figures.set("lost", choir.lost as f64);
    figures.set("doubled", choir.doubled as f64);
    figures.set("refused", choir.refused as f64);
    figures.set("retried", choir.retried as f64);
}

/// Lets whatever comes come.
pub(super) fn rest(swarm: &mut Swarm, time: Duration) -> Result<()> {
    let until = Instant::now() + time;
    while let Some(left) = until.checked_duration_since(Instant::now()) {
        swarm.turn(&mut Deaf, left)?;
    }
    Ok(())
}

/// CPU time, of each apart.
struct Costs {
    server: Duration,
    store: Duration,
    database: Duration,
    generator: Duration,
}

impl Costs {
    fn since(&self, before: &Self) -> Self {
        Self {
            server: self.server.saturating_sub(before.server),
            store: self.store.saturating_sub(before.store),
            database: self.database.saturating_sub(before.database),
            generator: self.generator.saturating_sub(before.generator),
        }
    }

    /// Microseconds per delivery are seconds per million of them.
    fn tell(&self, figures: &mut Figures, target: Target, choir: &Choir, wall: Duration) {
        let (heard, posts) = (choir.heard, choir.acknowledged());
        let per = |time: Duration, count: u64| time.as_secs_f64() * 1e6 / count.max(1) as f64;
        figures.set("server_us", per(self.server, heard));
        // SQLite works in the server's own thread, and its work is counted as the database's.
        let (store, database) = match target {
            Target::Raw | Target::Other | Target::Bare => (Duration::ZERO, Duration::ZERO),
            Target::Sqlite => (self.store, self.store),
            Target::Mysql | Target::Url => (self.store, self.database),
        };
        let own = match target {
            Target::Sqlite => self.server.saturating_sub(store),
            _ => self.server,
        };
        figures.set("server_without_store_us", per(own, heard));
        figures.set("store_thread_us", per(store, heard));
        figures.set("database_us", per(database, heard));
        figures.set("generator_us", per(self.generator, heard));
        figures.set("server_us_per_post", per(self.server, posts));
        figures.set("database_us_per_post", per(database, posts));
        let share = self.generator.as_secs_f64() / wall.as_secs_f64();
        figures.set("generator_cores", share);
        figures.set(
            "server_cores",
            self.server.as_secs_f64() / wall.as_secs_f64(),
        );
        figures.set("generator_held_up", f64::from(u8::from(share > BUSY)));
    }
}

/// Holds the rows against what was acknowledged: every message once, and the numbers of each room without a hole.
fn audit(
    stage: &Stage,
    counter: i64,
    ends: &[(i64, i64)],
    choir: &Choir,
    figures: &mut Figures,
) -> Result<()> {
    let rows = rehearsal::stored_after(&mut stage.conn()?, counter)?;
    let mut next: BTreeMap<i64, i64> = ends.iter().map(|(id, seq)| (*id, seq + 1)).collect();
    let mut rows_by_name: BTreeMap<&str, (i64, u64)> = BTreeMap::new();
    let mut holes = 0_u64;
    for row in &rows {
        let expected = next.entry(row.room_id).or_insert(1);
        holes += u64::from(row.seq != *expected);
        *expected = row.seq + 1;
        let found = rows_by_name
            .entry(&row.client_id)
            .or_insert((row.room_id, 0));
        found.1 += 1;
    }
    let names = choir.names();
    let is_right =
        |(room_id, name): &&(i64, String)| rows_by_name.get(name.as_str()) == Some(&(*room_id, 1));
    let right = names.iter().filter(is_right).count();
    figures.set("rows", rows.len() as f64);
    figures.set("rows_missing", (names.len() - right) as f64);
    figures.set("rows_beyond", rows.len().saturating_sub(names.len()) as f64);
    figures.set("holes", holes as f64);
    Ok(())
}
