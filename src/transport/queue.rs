//! The connections of one address at one worker that have not shown a session, oldest first.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::{Rc, Weak};

use super::line::Line;

/// See the module's description.
#[derive(Default)]
pub(super) struct Queue(RefCell<VecDeque<Weak<Line>>>);

impl Queue {
    /// One more has come.
    pub(super) fn push(&self, line: &Rc<Line>) {
        self.0.borrow_mut().push_back(Rc::downgrade(line));
    }

    /// Forgets those that are gone or signed in; whether any is left.
    pub(super) fn tidy(&self) -> bool {
        let is_stranger = |line: &Weak<Line>| line.upgrade().is_some_and(|line| line.is_stranger());
        let mut lines = self.0.borrow_mut();
        lines.retain(is_stranger);
        !lines.is_empty()
    }

    /// Makes room for as long as there are too many.
    pub(super) fn trim(&self) {
        while self.is_crowded() && self.make_room() {}
    }

    fn is_crowded(&self) -> bool {
        let lines = self.0.borrow();
        let mut strangers = lines.iter().filter_map(Weak::upgrade);
        let stranger = strangers.find(|line| line.is_stranger());
        stranger.is_some_and(|line| line.is_one_too_many())
    }

    /// Ends the oldest of which nothing is being answered; whether there was one.
    pub(super) fn make_room(&self) -> bool {
        let oldest = self.take_oldest();
        if let Some(line) = &oldest {
            line.make_room();
        }
        oldest.is_some()
    }

    fn take_oldest(&self) -> Option<Rc<Line>> {
        let mut lines = self.0.borrow_mut();
        let at = lines.iter().position(|line| {
            let line = line.upgrade();
            line.is_some_and(|line| line.is_stranger() && line.is_waiting())
        })?;
        lines.remove(at)?.upgrade()
    }
}
