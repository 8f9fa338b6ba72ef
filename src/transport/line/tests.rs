//! What a line makes of its peer, second by second.

use super::*;

const PATIENCE: Patience = Patience {
    head: 5,
    idle: 15,
    blocked: 5,
    stalled: 12,
    least: 1024,
    window: 10,
    farewell: 5,
};

fn pass(line: &Line, seconds: u32) {
    for _ in 0..seconds {
        line.clock.set(line.clock.get() + 1);
        line.check(&PATIENCE);
    }
}

#[test]
fn heads_and_pauses_end() {
    let line = Line::new(Clock::default(), None);
    pass(&line, 6);
    assert_eq!(line.ending(), Some(End::TimedOut));
    let line = Line::new(Clock::default(), None);
    line.serve();
    pass(&line, 100);
    line.rest();
    pass(&line, 15);
    assert_eq!(line.ending(), None);
    line.heard();
    pass(&line, 6);
    assert_eq!(line.ending(), Some(End::TimedOut));
}

#[test]
fn a_reader_who_takes_nothing_is_told_and_then_ended() {
    let line = Line::new(Clock::default(), None);
    let told = Rc::new(Cell::new(false));
    let tell = told.clone();
    line.serve();
    line.when_slow(move || tell.set(true));
    line.blocked();
    pass(&line, 5);
    assert!(!told.get());
    pass(&line, 1);
    assert!(told.get());
    // A byte now and then does not help any more.
    for _ in 0..4 {
        line.taken(1);
        pass(&line, 1);
    }
    assert_eq!(line.ending(), None);
    pass(&line, 1);
    assert_eq!(line.ending(), Some(End::Abort));
}

#[test]
fn a_trickle_is_not_enough_and_a_slow_line_is() {
    for (bytes, end) in [(1, Some(End::Abort)), (4096, None)] {
        let line = Line::new(Clock::default(), None);
        line.serve();
        line.blocked();
        for _ in 0..30 {
            line.taken(bytes);
            pass(&line, 1);
        }
        assert_eq!(line.ending(), end, "{bytes} bytes a second");
    }
}
