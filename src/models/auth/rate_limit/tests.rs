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
        open_at: OPEN_SINCE_EPOCH,
    }
}

/// Returns the state after an attempt, which must be allowed.
fn attempt(state: State, rule: &Rule, at: NaiveDateTime) -> State {
    state.after_attempt(rule, at).expect("open")
}

/// Returns the seconds to wait before the next attempt.
fn wait(state: State, rule: &Rule, at: NaiveDateTime) -> i64 {
    let wait = state.after_attempt(rule, at).err();
    wait.unwrap_or_default().num_seconds()
}

#[test]
fn clock_that_lags_does_not_block_an_allowed_attempt() {
    let start = now();
    let behind = start - TimeDelta::milliseconds(2);
    for rule in [rule(None), rule(Some(10))] {
        let counted = attempt(attempt(fresh(start), &rule, start), &rule, behind);
        assert_eq!(counted.tries, 2);
        attempt(counted.without_last_attempt(), &rule, behind);
    }
}

#[test]
fn bucket_is_full_until_its_window_ends() {
    let (start, rule) = (now(), rule(None));
    let at = |second| start + TimeDelta::seconds(second);
    let seconds = 0..3;
    let full = seconds.fold(fresh(start), |state, second| {
        attempt(state, &rule, at(second))
    });
    assert_eq!(wait(full, &rule, at(10)), 90);
    assert_eq!(attempt(full, &rule, at(100)).tries, 1);
}

#[test]
fn undone_attempt_leaves_earlier_attempts_counted() {
    let (start, rule) = (now(), rule(Some(10)));
    let mut state = fresh(start);
    for _ in 0..10 {
        state = attempt(state, &rule, start).without_last_attempt();
    }
    assert_eq!(state.tries, 0);
    state = attempt(attempt(state, &rule, start), &rule, start);
    state = attempt(state, &rule, start).without_last_attempt();
    assert_eq!(state.tries, 2);
    state = attempt(state, &rule, start);
    assert_eq!(
        wait(state, &rule, start),
        10,
        "two attempts were left counted"
    );
}

#[test]
fn backoff_doubles_up_to_the_window_and_resets_after_it() {
    let rule = rule(Some(10));
    let mut at = now();
    let mut state = fresh(at);
    for expected in [0, 0, 10, 20, 40, 80, 100, 100] {
        state = attempt(state, &rule, at);
        assert_eq!(wait(state, &rule, at), expected);
        at += TimeDelta::seconds(expected);
    }
    assert_eq!(attempt(state, &rule, at + TimeDelta::seconds(101)).tries, 1);
}
