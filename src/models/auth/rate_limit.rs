//! How often something may be tried. It is counted in the database, so that it holds across restarts and servers.

use chrono::{DateTime, NaiveDateTime, TimeDelta};
use diesel::prelude::*;

use crate::error::{Error, Result};
use crate::models::database::connection::DbConn;
use crate::models::now;
use crate::models::schema::throttles;

/// How often, and what happens then.
#[derive(Debug, Clone, Copy)]
pub struct Rule {
    /// So many tries.
    pub tries: i32,
    /// Within this time.
    pub window: TimeDelta,
    /// How long the next try must wait then, twice as long after each further one, but no longer than the window.
    /// `None`: until the window ends.
    pub wait: Option<TimeDelta>,
}

/// One thing that is counted: the tries of somebody, from somewhere.
#[derive(Debug, Clone)]
pub struct Bucket {
    /// What is counted, hashed with the installation's secret.
    pub key_hash: String,
    /// How often it may be.
    pub rule: Rule,
}

/// When a bucket without a wait opened. It is no clock's present time: transactions that read their clocks in another order
/// than they lock the row, and servers whose clocks differ, must not see it in the future.
const ALWAYS_OPEN: NaiveDateTime = DateTime::UNIX_EPOCH.naive_utc();

/// What is known of a bucket.
#[derive(Debug, Clone, Copy, Queryable)]
struct State {
    tries: i32,
    ends_at: NaiveDateTime,
    open_at: NaiveDateTime,
}

impl State {
    /// One more try, or how long it must wait.
    fn taken(self, rule: &Rule, now: NaiveDateTime) -> Result<Self, TimeDelta> {
        if self.open_at > now {
            return Err(self.open_at - now);
        }
        let is_over = self.ends_at <= now;
        let tries = if is_over { 1 } else { self.tries + 1 };
        let ends_at = if is_over {
            now + rule.window
        } else {
            self.ends_at
        };
        let Some(wait) = rule.wait else {
            let is_full = tries >= rule.tries;
            let open_at = if is_full { ends_at } else { ALWAYS_OPEN };
            return Ok(Self {
                tries,
                ends_at,
                open_at,
            });
        };
        let doublings = u32::try_from(tries - rule.tries).ok().map(|n| n.min(16));
        let wait = doublings.map_or(TimeDelta::zero(), |n| (wait * (1 << n)).min(rule.window));
        // While somebody goes on, what they did before is not forgotten.
        let ends_at = if doublings.is_some() {
            now + wait + rule.window
        } else {
            ends_at
        };
        Ok(Self {
            tries,
            ends_at,
            open_at: doublings.map_or(ALWAYS_OPEN, |_| now + wait),
        })
    }

    /// Without the latest try. Its wait began with it, and the one before was over.
    fn undone(self) -> Self {
        Self {
            tries: (self.tries - 1).max(0),
            open_at: ALWAYS_OPEN,
            ..self
        }
    }
}

/// Counts a try in all of these, before it is known how it ends: so no more are under way than may be. Runs in a
/// transaction that writes.
///
/// # Errors
/// `RateLimited` when one of them is full: then nothing is counted.
pub fn take(conn: &mut DbConn, buckets: &[Bucket]) -> Result<()> {
    let now = now();
    let mut longest = TimeDelta::zero();
    let mut taken = Vec::new();
    for bucket in in_order(buckets) {
        match lock(conn, bucket, now)?.taken(&bucket.rule, now) {
            Ok(state) => taken.push((bucket, state)),
            Err(wait) => longest = longest.max(wait),
        }
    }
    if longest > TimeDelta::zero() {
        let seconds = longest.num_milliseconds().unsigned_abs().div_ceil(1000);
        return Err(Error::RateLimited { seconds });
    }
    for (bucket, state) in taken {
        set(conn, bucket, state)?;
    }
    Ok(())
}

/// Counts several tries one after the other, the same bucket perhaps more than once. Runs in a transaction that writes.
///
/// # Errors
/// `RateLimited` when one is full: the transaction must then be rolled back.
pub fn take_each(conn: &mut DbConn, buckets: &[Bucket]) -> Result<()> {
    buckets
        .iter()
        .try_for_each(|bucket| take(conn, std::slice::from_ref(bucket)))
}

/// The try was a good one and does not count. Where waits grow, those before are forgiven too. Runs in a transaction that
/// writes.
///
/// # Errors
/// `Unavailable` when the database does not answer.
pub fn give_back(conn: &mut DbConn, buckets: &[Bucket]) -> Result<()> {
    let now = now();
    for bucket in in_order(buckets) {
        if bucket.rule.wait.is_some() {
            diesel::delete(throttles::table.find(&bucket.key_hash)).execute(conn)?;
            continue;
        }
        let state = lock(conn, bucket, now)?;
        set(conn, bucket, state.undone())?;
    }
    Ok(())
}

/// The try never happened: unlike [`give_back`] this leaves those before it counted. Runs in a transaction that writes.
///
/// # Errors
/// `Unavailable` when the database does not answer.
pub fn undo(conn: &mut DbConn, buckets: &[Bucket]) -> Result<()> {
    let now = now();
    for bucket in in_order(buckets) {
        let state = lock(conn, bucket, now)?;
        set(conn, bucket, state.undone())?;
    }
    Ok(())
}

/// Always in the same order, or two could wait for each other.
fn in_order(buckets: &[Bucket]) -> Vec<&Bucket> {
    let mut all: Vec<&Bucket> = buckets.iter().collect();
    all.sort_by(|one, other| one.key_hash.cmp(&other.key_hash));
    all
}

/// Makes the row if there is none, and keeps others from it until the transaction ends.
fn lock(conn: &mut DbConn, bucket: &Bucket, now: NaiveDateTime) -> Result<State> {
    let key_hash = &bucket.key_hash;
    let empty = (
        throttles::key_hash.eq(key_hash),
        throttles::tries.eq(0),
        throttles::ends_at.eq(now),
        throttles::open_at.eq(ALWAYS_OPEN),
    );
    let insert = diesel::insert_into(throttles::table).values(empty);
    let same = throttles::key_hash.eq(key_hash);
    match conn {
        DbConn::Sqlite(conn) => insert.on_conflict_do_nothing().execute(conn)?,
        DbConn::Mysql(conn) => insert
            .on_conflict(diesel::dsl::DuplicatedKeys)
            .do_update()
            .set(same)
            .execute(conn)?,
    };
    Ok(throttles::table
        .find(key_hash)
        .select((throttles::tries, throttles::ends_at, throttles::open_at))
        .get_result(conn)?)
}

fn set(conn: &mut DbConn, bucket: &Bucket, state: State) -> Result<()> {
    diesel::update(throttles::table.find(&bucket.key_hash))
        .set((
            throttles::tries.eq(state.tries),
            throttles::ends_at.eq(state.ends_at),
            throttles::open_at.eq(state.open_at),
        ))
        .execute(conn)?;
    Ok(())
}

/// Forgets what counts no more; answers how many.
///
/// # Errors
/// `Unavailable` when the database does not answer.
pub fn forget_old(conn: &mut DbConn) -> Result<usize> {
    let now = now();
    let old = throttles::table
        .filter(throttles::ends_at.lt(now))
        .filter(throttles::open_at.lt(now));
    Ok(diesel::delete(old).execute(conn)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(wait: Option<i64>) -> Rule {
        Rule {
            tries: 3,
            window: TimeDelta::seconds(100),
            wait: wait.map(TimeDelta::seconds),
        }
    }

    fn fresh(now: NaiveDateTime) -> State {
        State {
            tries: 0,
            ends_at: now,
            open_at: ALWAYS_OPEN,
        }
    }

    #[test]
    fn clock_that_is_behind_does_not_close_an_open_bucket() {
        let start = now();
        let behind = start - TimeDelta::milliseconds(2);
        for rule in [rule(None), rule(Some(10))] {
            let counted = fresh(start).taken(&rule, start).expect("open");
            let counted = counted.taken(&rule, behind).expect("still open");
            assert_eq!(counted.tries, 2);
            assert!(counted.undone().taken(&rule, behind).is_ok());
        }
    }

    #[test]
    fn a_window_lets_so_many_through_and_opens_again_at_its_end() {
        let (start, rule) = (now(), rule(None));
        let mut state = fresh(start);
        for second in 0..3 {
            state = state
                .taken(&rule, start + TimeDelta::seconds(second))
                .expect("open");
        }
        let wait = state
            .taken(&rule, start + TimeDelta::seconds(10))
            .expect_err("full");
        assert_eq!(wait.num_seconds(), 90);
        let state = state
            .taken(&rule, start + TimeDelta::seconds(100))
            .expect("open again");
        assert_eq!(state.tries, 1);
    }

    #[test]
    fn undone_tries_never_close_a_bucket_and_forgive_no_other() {
        let (start, rule) = (now(), rule(Some(10)));
        let mut state = fresh(start);
        for _ in 0..10 {
            state = state.taken(&rule, start).expect("open").undone();
        }
        assert_eq!(state.tries, 0);
        state = state.taken(&rule, start).expect("first");
        state = state.taken(&rule, start).expect("second");
        state = state.taken(&rule, start).expect("third").undone();
        assert_eq!(state.tries, 2);
        state = state.taken(&rule, start).expect("third again");
        assert!(state.taken(&rule, start).is_err(), "two wrong ones before");
    }

    #[test]
    fn waits_grow_up_to_the_window_and_are_forgotten_after_it() {
        let rule = rule(Some(10));
        let mut at = now();
        let mut state = fresh(at);
        let mut waits = Vec::new();
        for _ in 0..8 {
            state = state.taken(&rule, at).expect("open");
            let wait = state
                .taken(&rule, at)
                .err()
                .map_or(0, |wait| wait.num_seconds());
            waits.push(wait);
            at += TimeDelta::seconds(wait);
        }
        assert_eq!(waits, [0, 0, 10, 20, 40, 80, 100, 100]);
        let later = state
            .taken(&rule, at + TimeDelta::seconds(101))
            .expect("open");
        assert_eq!(later.tries, 1);
    }
}
