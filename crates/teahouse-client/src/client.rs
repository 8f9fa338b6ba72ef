//! The client's state and event loop.

use std::collections::{BTreeSet, VecDeque};
use std::io::IsTerminal;
use std::time::Duration;

use serde_json::Value;
use tokio::sync::mpsc::{Receiver, Sender};
use tokio::time::{Instant, sleep_until, timeout};

use crate::api::Api;
use crate::connection::{Event, Failure};
use crate::error::{Error, Result};
use crate::frames::OnlineUser;
use crate::locale::Locale;
use crate::options::Options;
use crate::outbox::Outbox;
use crate::output::Output;
use crate::room_state::RoomTable;

/// How long `--say` waits for its acknowledgement.
const SAY_TIMEOUT: Duration = Duration::from_secs(60);
/// How long the last frames may take at the end.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(1);
/// Messages that arrive within this time are announced, and marked as read, at once.
const NOTIFY_DELAY: Duration = Duration::from_millis(250);

/// Who is online in the current room.
pub(crate) enum Presence {
    Users(Vec<OnlineUser>),
    /// Large rooms have only a count.
    Count(u64),
}

/// A client that runs. Handlers are in `server_frames` and `input`.
pub(crate) struct Client {
    pub(crate) api: Api,
    pub(crate) rooms: RoomTable,
    pub(crate) outbox: Outbox,
    pub(crate) output: Output,
    /// `--room`
    pub(crate) first_room: Option<String>,
    /// The id of the room that messages go to; empty until the first `hello`.
    pub(crate) current: String,
    /// The room that was joined, until its `room` frame arrives.
    pub(crate) joining: Option<String>,
    pub(crate) presence: Option<Presence>,
    /// `--to` and `--say`, until the message is queued.
    pub(crate) one_shot: Option<(Option<String>, String)>,
    pub(crate) is_one_shot: bool,
    /// The terminal echoes what is typed, so own messages are not shown again.
    pub(crate) is_echoing: bool,
    /// `clientId`s of the latest own messages.
    pub(crate) own_messages: VecDeque<String>,
    pub(crate) connection: Option<Sender<String>>,
    /// Ids of other rooms with new messages that are not announced yet.
    pub(crate) unannounced: BTreeSet<String>,
    /// When to announce rooms and to mark the current one as read.
    notify_at: Option<Instant>,
    /// When to repeat what the server refused temporarily.
    pub(crate) retry_at: Option<Instant>,
    give_up_at: Option<Instant>,
    is_input_closed: bool,
    /// A script's line was invalid: the exit code is 1.
    pub(crate) has_invalid_lines: bool,
}

impl Client {
    pub(crate) fn new(api: Api, locale: &'static Locale, options: &Options) -> Self {
        let is_one_shot = options.say.is_some();
        Self {
            api,
            rooms: RoomTable::default(),
            outbox: Outbox::default(),
            output: Output {
                locale,
                is_json: options.json,
                is_quiet: is_one_shot,
                is_closed: false,
            },
            first_room: options.room.clone(),
            current: String::new(),
            joining: None,
            presence: None,
            one_shot: options.say.clone().map(|text| (options.to.clone(), text)),
            is_one_shot,
            is_echoing: std::io::stdin().is_terminal() && std::io::stdout().is_terminal(),
            own_messages: VecDeque::new(),
            connection: None,
            unannounced: BTreeSet::new(),
            notify_at: None,
            retry_at: None,
            give_up_at: is_one_shot.then(|| Instant::now() + SAY_TIMEOUT),
            is_input_closed: is_one_shot,
            has_invalid_lines: false,
        }
    }

    /// Runs until `/quit`, Ctrl-C, or the end of the input once every message is acknowledged.
    pub(crate) async fn run(
        mut self,
        mut events: Receiver<Event>,
        mut lines: Receiver<String>,
    ) -> Result<()> {
        let interrupt = tokio::signal::ctrl_c();
        tokio::pin!(interrupt);
        loop {
            let timers = [self.notify_at, self.retry_at, self.give_up_at];
            let next = timers.into_iter().flatten().min();
            let timer = async {
                match next {
                    Some(next) => sleep_until(next).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                event = events.recv() => match event {
                    Some(event) => self.handle_event(event).await?,
                    None => return self.end(events).await,
                },
                line = lines.recv(), if self.accepts_input() => match line {
                    Some(line) => {
                        if !self.handle_line(&line).await? {
                            return self.end(events).await;
                        }
                    }
                    None => self.is_input_closed = true,
                },
                () = timer => self.handle_timers().await?,
                _ = &mut interrupt => return self.end(events).await,
            }
            if let Some(connection) = &self.connection
                && let Some(frame) = self.outbox.next()
            {
                let _ = connection.send(frame).await;
            }
            if self.output.is_closed || self.is_done() {
                return self.end(events).await;
            }
        }
    }

    /// Whether a line may be read: not while a room is being joined, since the line is meant for that room.
    fn accepts_input(&self) -> bool {
        let has_room = !self.current.is_empty() && self.joining.is_none();
        has_room && !self.is_input_closed && self.outbox.has_room()
    }

    fn is_done(&self) -> bool {
        let has_started = !self.current.is_empty() && self.one_shot.is_none();
        self.is_input_closed && has_started && self.joining.is_none() && self.outbox.is_empty()
    }

    /// Marks the current room as read and closes the connection. Fails when a message may be lost or a line was invalid.
    async fn end(mut self, mut events: Receiver<Event>) -> Result<()> {
        self.mark_read().await;
        self.connection = None;
        let closed = async { while events.recv().await.is_some() {} };
        let _ = timeout(CLOSE_TIMEOUT, closed).await;
        match self.outbox.is_empty() {
            true if self.has_invalid_lines => Err(self.error("chat-lines-refused")),
            true => Ok(()),
            false => Err(self.error("chat-unconfirmed")),
        }
    }

    fn error(&self, id: &str) -> Error {
        self.output.locale.error(id, &[])
    }

    async fn handle_event(&mut self, event: Event) -> Result<()> {
        match event {
            Event::Connected(connection) => self.connection = Some(connection),
            Event::Frame(frame) => self.handle_frame(frame).await?,
            Event::Disconnected => {
                self.connection = None;
                self.presence = None;
                self.rooms.disconnected();
                self.outbox.retry();
                self.output.notice("chat-lost", &[]);
                if !self.is_one_shot {
                    self.output.frame(r#"{"type":"offline"}"#);
                }
            }
            Event::Failed(failure) => {
                return Err(match failure {
                    Failure::SignedOut => self.error("chat-signed-out"),
                    Failure::UnexpectedStatus(status) => self.api.unexpected(status),
                    Failure::Unreachable(cause) => self.api.unreachable(&cause),
                });
            }
        }
        Ok(())
    }

    /// Sends a frame. Returns `false` without a connection.
    pub(crate) async fn send(&self, frame: &Value) -> bool {
        match &self.connection {
            Some(connection) => connection.send(frame.to_string()).await.is_ok(),
            None => false,
        }
    }

    /// Announces rooms and marks the current one as read, after a moment.
    pub(crate) fn notify_soon(&mut self) {
        self.notify_at
            .get_or_insert_with(|| Instant::now() + NOTIFY_DELAY);
    }

    async fn handle_timers(&mut self) -> Result<()> {
        let now = Instant::now();
        let is_due = |at: Option<Instant>| at.is_some_and(|at| at <= now);
        if is_due(self.give_up_at) {
            return Err(self.error("chat-unconfirmed"));
        }
        if is_due(self.retry_at) {
            self.retry_at = None;
            self.outbox.retry();
            for (room_id, ver) in self.rooms.unfinished_syncs() {
                self.sync(&room_id, ver).await;
            }
        }
        if is_due(self.notify_at) {
            self.notify_at = None;
            self.announce_rooms();
            self.mark_read().await;
        }
        Ok(())
    }
}
