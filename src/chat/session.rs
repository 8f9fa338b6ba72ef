//! A person's or a script's stay: what they type, what comes, and when to do what.

use std::collections::{BTreeSet, VecDeque};
use std::io::IsTerminal;
use std::time::Duration;

use serde_json::Value;
use tokio::sync::mpsc::{Receiver, Sender};
use tokio::time::{Instant, sleep_until, timeout};

use super::Options;
use super::api::Api;
use super::book::Book;
use super::frames::Present;
use super::link::{End, Event};
use super::outbox::Outbox;
use super::screen::Screen;
use super::voice::Voice;
use crate::error::{Error, Result};

/// `--say` gives up after so long.
const SAY_PATIENCE: Duration = Duration::from_secs(60);
/// What is still to be sent at the end has so long.
const GOODBYE: Duration = Duration::from_secs(1);
/// Messages that come together are announced, and marked as read, together.
pub(super) const TOGETHER: Duration = Duration::from_millis(250);

/// Who is in the current room.
pub(super) enum Here {
    People(Vec<Present>),
    Count(u64),
}

/// See the module's description.
pub(super) struct Session {
    pub(super) api: Api,
    pub(super) book: Book,
    pub(super) outbox: Outbox,
    pub(super) screen: Screen,
    /// Where to begin.
    pub(super) start: Option<String>,
    /// The room that is talked in; empty until the first `hello`.
    pub(super) current: String,
    /// A room that is being entered.
    pub(super) entering: Option<String>,
    pub(super) here: Option<Here>,
    /// With `--say`: what, and to whom.
    pub(super) one_shot: Option<(Option<String>, String)>,
    pub(super) is_one_shot: bool,
    /// The terminal shows what is typed.
    pub(super) is_echoed: bool,
    pub(super) own: VecDeque<String>,
    pub(super) link: Option<Sender<String>>,
    /// Rooms with something to announce.
    pub(super) rung: BTreeSet<String>,
    /// When to announce, and to mark as read.
    pub(super) settle_at: Option<Instant>,
    /// When to try again what was refused for now.
    pub(super) retry_at: Option<Instant>,
    give_up_at: Option<Instant>,
    is_input_over: bool,
    /// A line of a script was no frame: the program ends with a failure.
    pub(super) has_refused_lines: bool,
}

impl Session {
    /// Ready to run.
    pub(super) fn new(api: Api, voice: Voice, options: &Options) -> Self {
        let is_one_shot = options.say.is_some();
        Self {
            api,
            book: Book::default(),
            outbox: Outbox::default(),
            screen: Screen {
                voice,
                is_json: options.json,
                is_quiet: is_one_shot,
                is_closed: false,
            },
            start: options.room.clone(),
            current: String::new(),
            entering: None,
            here: None,
            one_shot: options.say.clone().map(|text| (options.to.clone(), text)),
            is_one_shot,
            is_echoed: std::io::stdin().is_terminal() && std::io::stdout().is_terminal(),
            own: VecDeque::new(),
            link: None,
            rung: BTreeSet::new(),
            settle_at: None,
            retry_at: None,
            give_up_at: is_one_shot.then(|| Instant::now() + SAY_PATIENCE),
            is_input_over: is_one_shot,
            has_refused_lines: false,
        }
    }

    /// Until `/quit`, or until the input ends and all is said.
    pub(super) async fn run(
        mut self,
        mut events: Receiver<Event>,
        mut lines: Receiver<String>,
    ) -> Result<()> {
        let interrupt = tokio::signal::ctrl_c();
        tokio::pin!(interrupt);
        loop {
            let due = [self.settle_at, self.retry_at, self.give_up_at];
            let due = due.into_iter().flatten().min();
            let clock = async {
                match due {
                    Some(due) => sleep_until(due).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                event = events.recv() => match event {
                    Some(event) => self.event(event).await?,
                    None => return self.leave(events).await,
                },
                line = lines.recv(), if self.takes_lines() => match line {
                    Some(line) => {
                        if !self.obey(&line).await? {
                            return self.leave(events).await;
                        }
                    }
                    None => self.is_input_over = true,
                },
                () = clock => self.tick().await?,
                _ = &mut interrupt => return self.leave(events).await,
            }
            if let Some(link) = &self.link
                && let Some(frame) = self.outbox.next()
            {
                let _ = link.send(frame).await;
            }
            if self.screen.is_closed || self.is_done() {
                return self.leave(events).await;
            }
        }
    }

    /// What is said goes where it was meant to: not before a room is entered.
    fn takes_lines(&self) -> bool {
        let is_somewhere = !self.current.is_empty() && self.entering.is_none();
        is_somewhere && !self.is_input_over && self.outbox.has_room()
    }

    fn is_done(&self) -> bool {
        let has_begun = !self.current.is_empty() && self.one_shot.is_none();
        self.is_input_over && has_begun && self.entering.is_none() && self.outbox.is_empty()
    }

    /// The end: what was shown is read, and goodbye is said. A failure when something said may be lost.
    async fn leave(mut self, mut events: Receiver<Event>) -> Result<()> {
        self.mark_read().await;
        self.link = None;
        let goodbye = async { while events.recv().await.is_some() {} };
        let _ = timeout(GOODBYE, goodbye).await;
        match self.outbox.is_empty() {
            true if self.has_refused_lines => Err(self.fault("chat-lines-refused")),
            true => Ok(()),
            false => Err(self.fault("chat-unconfirmed")),
        }
    }

    pub(super) fn fault(&self, id: &str) -> Error {
        self.screen.voice.fault(id, &[])
    }

    async fn event(&mut self, event: Event) -> Result<()> {
        match event {
            Event::Up(link) => self.link = Some(link),
            Event::Frame(frame) => self.hear(frame).await?,
            Event::Down => {
                self.link = None;
                self.here = None;
                self.book.lost();
                self.outbox.again();
                self.screen.say("chat-lost", &[]);
                if !self.is_one_shot {
                    self.screen.frame(r#"{"type":"offline"}"#);
                }
            }
            Event::End(End::SignedOut) => return Err(self.fault("chat-signed-out")),
            Event::End(End::Refused(status)) => return Err(self.api.unexpected(status)),
            Event::End(End::Unreachable(cause)) => return Err(self.api.unreachable(&cause)),
        }
        Ok(())
    }

    /// Sends a frame, when there is a connection.
    pub(super) async fn send(&self, frame: &Value) -> bool {
        match &self.link {
            Some(link) => link.send(frame.to_string()).await.is_ok(),
            None => false,
        }
    }

    async fn tick(&mut self) -> Result<()> {
        let now = Instant::now();
        let is_due = |at: Option<Instant>| at.is_some_and(|at| at <= now);
        if is_due(self.give_up_at) {
            return Err(self.fault("chat-unconfirmed"));
        }
        if is_due(self.retry_at) {
            self.retry_at = None;
            self.outbox.again();
            for (room_id, ver) in self.book.unanswered() {
                self.sync(&room_id, ver).await;
            }
        }
        if is_due(self.settle_at) {
            self.settle_at = None;
            self.announce();
            self.mark_read().await;
        }
        Ok(())
    }
}
