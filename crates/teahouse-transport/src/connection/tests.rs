//! Time-outs of a connection, second by second.

use super::*;

const TIMEOUTS: Timeouts = Timeouts {
    request_head: 5,
    keep_alive: 15,
    stream_stall: 5,
    response_stall: 12,
    min_bytes_per_second: 1024,
    rate_window: 10,
    close_grace: 5,
};

fn connection() -> Rc<Connection> {
    Connection::new(Clock::default(), None)
}

fn advance(connection: &Connection, seconds: u32) {
    for _ in 0..seconds {
        connection.clock.set(connection.clock.get() + 1);
        connection.check_timeouts(&TIMEOUTS);
    }
}

#[test]
fn slow_heads_are_timed_out() {
    let new = connection();
    advance(&new, 6);
    assert_eq!(new.termination(), Some(Termination::RequestTimeout));
    let kept_alive = connection();
    kept_alive.begin_response();
    advance(&kept_alive, 100);
    kept_alive.end_response();
    advance(&kept_alive, 15);
    assert_eq!(kept_alive.termination(), None);
    kept_alive.record_read();
    advance(&kept_alive, 6);
    assert_eq!(kept_alive.termination(), Some(Termination::RequestTimeout));
}

#[test]
fn idle_connection_is_closed_after_keep_alive() {
    let connection = connection();
    connection.begin_response();
    connection.end_response();
    advance(&connection, 15);
    assert_eq!(connection.termination(), None);
    advance(&connection, 1);
    assert_eq!(connection.termination(), Some(Termination::Close));
}

#[test]
fn stalled_stream_is_notified_and_then_reset() {
    let connection = connection();
    let is_notified = Rc::new(Cell::new(false));
    let notify = is_notified.clone();
    connection.begin_response();
    connection.on_stall(move || notify.set(true));
    connection.record_blocked();
    advance(&connection, 5);
    assert!(!is_notified.get());
    advance(&connection, 1);
    assert!(is_notified.get());
    // Reading again does not revoke the deadline.
    for _ in 0..4 {
        connection.record_written(1);
        advance(&connection, 1);
    }
    assert_eq!(connection.termination(), None);
    advance(&connection, 1);
    assert_eq!(connection.termination(), Some(Termination::Reset));
}

#[test]
fn only_readers_below_the_minimum_rate_are_reset() {
    for (bytes, termination) in [(1, Some(Termination::Reset)), (4096, None)] {
        let connection = connection();
        connection.begin_response();
        connection.record_blocked();
        for _ in 0..30 {
            connection.record_written(bytes);
            advance(&connection, 1);
        }
        assert_eq!(connection.termination(), termination, "{bytes} bytes/s");
    }
}
