//! Windows, backoff and undone attempts.

use super::*;

fn rule(backoff: Option<i64>) -> Rule {
    Rule {
        attempts: 3,
        window: TimeDelta::seconds(100),
        backoff: backoff.map(TimeDelta::seconds),
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
fn slow_clock_does_not_close_an_open_bucket() {
    let start = now();
    let behind = start - TimeDelta::milliseconds(2);
    for rule in [rule(None), rule(Some(10))] {
        let counted = fresh(start).after_attempt(&rule, start).expect("open");
        let counted = counted.after_attempt(&rule, behind).expect("still open");
        assert_eq!(counted.tries, 2);
        assert!(
            counted
                .without_last_attempt()
                .after_attempt(&rule, behind)
                .is_ok()
        );
    }
}

#[test]
fn bucket_is_full_until_its_window_ends() {
    let (start, rule) = (now(), rule(None));
    let mut state = fresh(start);
    for second in 0..3 {
        state = state
            .after_attempt(&rule, start + TimeDelta::seconds(second))
            .expect("open");
    }
    let wait = state
        .after_attempt(&rule, start + TimeDelta::seconds(10))
        .expect_err("full");
    assert_eq!(wait.num_seconds(), 90);
    let state = state
        .after_attempt(&rule, start + TimeDelta::seconds(100))
        .expect("open again");
    assert_eq!(state.tries, 1);
}

#[test]
fn undone_attempt_leaves_earlier_attempts_counted() {
    let (start, rule) = (now(), rule(Some(10)));
    let mut state = fresh(start);
    for _ in 0..10 {
        state = state
            .after_attempt(&rule, start)
            .expect("open")
            .without_last_attempt();
    }
    assert_eq!(state.tries, 0);
    state = state.after_attempt(&rule, start).expect("first");
    state = state.after_attempt(&rule, start).expect("second");
    state = state
        .after_attempt(&rule, start)
        .expect("third")
        .without_last_attempt();
    assert_eq!(state.tries, 2);
    state = state.after_attempt(&rule, start).expect("third again");
    assert!(
        state.after_attempt(&rule, start).is_err(),
        "two attempts were left counted"
    );
}

#[test]
fn backoff_doubles_up_to_the_window_and_resets_after_it() {
    let rule = rule(Some(10));
    let mut at = now();
    let mut state = fresh(at);
    let mut waits = Vec::new();
    for _ in 0..8 {
        state = state.after_attempt(&rule, at).expect("open");
        let wait = state
            .after_attempt(&rule, at)
            .err()
            .map_or(0, |wait| wait.num_seconds());
        waits.push(wait);
        at += TimeDelta::seconds(wait);
    }
    assert_eq!(waits, [0, 0, 10, 20, 40, 80, 100, 100]);
    let later = state
        .after_attempt(&rule, at + TimeDelta::seconds(101))
        .expect("open");
    assert_eq!(later.tries, 1);
}
