//! `teahouse chat`: a terminal client, for people on a server and for scripts. It speaks the socket's protocol
//! (docs/protocol.md) like any other client, and knows nothing of the server's inside.
//!
//! `link` keeps a connection up; `book` knows what is known of each room; `outbox` holds what is not acknowledged;
//! `session` puts them together; `hearing` is its part that reads frames, `typing` the one that reads lines.

mod api;
mod book;
mod commands;
mod frames;
mod hearing;
mod link;
mod outbox;
mod screen;
mod session;
mod typing;
mod voice;

use std::io::{BufRead, IsTerminal, Write};

use tokio::sync::mpsc::{self, Receiver};

use self::api::Api;
pub use self::api::agent;
use self::link::Address;
use self::session::Session;
use self::voice::Voice;
use crate::error::{Error, Result};
use crate::views::locale::Locale;

/// Lines that are read ahead.
const LINES: usize = 16;

/// What the command line and the environment say.
#[derive(Default)]
pub struct Options {
    /// The server, as a browser would address it.
    pub url: String,
    /// Who signs in; asked for when there is a terminal.
    pub phone: Option<String>,
    /// Asked for when there is a terminal.
    pub password: Option<String>,
    /// Instead of phone number and password.
    pub token: Option<String>,
    /// The country (ISO 3166-1 alpha-2) of a number without `+`.
    pub region: Option<String>,
    /// The room to begin in, by name or id.
    pub room: Option<String>,
    /// With `say`: to whom directly, by username or phone number.
    pub to: Option<String>,
    /// Say this, and end when it is stored.
    pub say: Option<String>,
    /// Frames instead of sentences.
    pub json: bool,
    /// The language, as in `LANG`.
    pub language: String,
}

/// Talks until its person has enough, or the input ends and everything said is stored.
///
/// # Errors
/// `Unavailable` with a sentence for the person.
pub fn run(mut options: Options) -> Result<()> {
    let tag = options.language.replace('_', "-");
    let voice = Voice(Locale::negotiate(tag.split('.').take(1)));
    let api = Api::new(&options.url, voice)?;
    if options.token.is_none() {
        ask_who(&mut options, voice)?;
    }
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(Error::internal)?;
    let outcome = runtime.block_on(talk(options, api, voice));
    // A request that nobody waits for any more does not hold us up.
    runtime.shutdown_background();
    outcome
}

/// Fills in what is missing to sign in.
fn ask_who(options: &mut Options, voice: Voice) -> Result<()> {
    if options.phone.is_none() {
        if !std::io::stdin().is_terminal() {
            return Err(voice.fault("chat-need-phone", &[]));
        }
        let mut phone = String::new();
        eprint!("{}", voice.say("chat-ask-phone", &[]));
        let _ = std::io::stderr().flush();
        let read = std::io::stdin().lock().read_line(&mut phone);
        read.map_err(Error::internal)?;
        options.phone = Some(phone.trim().to_owned());
    }
    if options.password.is_none() {
        let typed = rpassword::prompt_password(voice.say("chat-ask-password", &[]));
        options.password = Some(typed.map_err(|_| voice.fault("chat-need-password", &[]))?);
    }
    Ok(())
}

async fn talk(mut options: Options, mut api: Api, voice: Voice) -> Result<()> {
    let token = match options.token.take() {
        Some(token) => token,
        None => {
            let phone = options.phone.take().unwrap_or_default();
            let password = options.password.take().unwrap_or_default();
            let region = options.region.take().unwrap_or_default();
            api.sign_in(phone, password, region).await?
        }
    };
    let address = Address {
        url: api.socket_url(),
        token: token.clone(),
        language: voice.tag(),
    };
    api.use_token(token);
    let lines = match options.say {
        Some(_) => mpsc::channel(1).1,
        None => read_lines(),
    };
    let session = Session::new(api, voice, &options);
    session.run(link::open(address), lines).await
}

/// Standard input, line by line. A thread of its own waits for it, and ends with the program.
fn read_lines() -> Receiver<String> {
    let (tell, lines) = mpsc::channel(LINES);
    std::thread::spawn(move || {
        let mut input = std::io::stdin().lock();
        let mut line = Vec::new();
        while input
            .read_until(b'\n', &mut line)
            .is_ok_and(|read| read > 0)
        {
            let text = String::from_utf8_lossy(&line).into_owned();
            if tell.blocking_send(text).is_err() {
                return;
            }
            line.clear();
        }
    });
    lines
}
