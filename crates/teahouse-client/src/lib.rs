//! The terminal client (`teahouse chat`), for users and for scripts. It knows a server only by its protocol
//! (docs/protocol.md).
//!
//! `connection` keeps a WebSocket open, `room_state` tracks how much of each room has been received, `outbox` holds
//! messages without acknowledgement. `client` connects them in one event loop; its handlers are in `server_frames`
//! (frames from the server) and `input` (lines from standard input).

mod api;
mod client;
mod command;
mod connection;
mod error;
mod frames;
mod input;
mod locale;
mod options;
mod outbox;
mod output;
mod room_state;
mod server_frames;

use std::io::{BufRead, IsTerminal, Write};

use tokio::sync::mpsc::{self, Receiver};

use self::api::Api;
use self::client::Client;
use self::connection::Endpoint;
pub use self::error::{Error, Result};
use self::locale::Locale;
pub use self::options::Options;

/// Input lines that are read ahead.
const INPUT_QUEUE_CAPACITY: usize = 16;

/// Runs the client until the user quits, or until the input ends and every message is acknowledged.
///
/// # Errors
/// When it cannot sign in or connect, and when a message was refused or may be lost.
pub fn run(mut options: Options) -> Result<()> {
    let language = ["LC_ALL", "LC_MESSAGES", "LANG"].into_iter().find_map(env);
    let locale = Locale::from_name(&language.unwrap_or_default());
    let mut api = Api::new(&options.url, locale)?;
    let token = match options.token.take().filter(|token| !token.is_empty()) {
        Some(token) => token,
        None => sign_in(&mut options, &api, locale)?,
    };
    let endpoint = Endpoint {
        url: api.socket_url(),
        token: token.clone(),
        language: locale.tag,
    };
    api.set_token(token);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(Error::internal)?;
    let outcome = runtime.block_on(async {
        let lines = match options.say {
            Some(_) => mpsc::channel(1).1,
            None => read_stdin(),
        };
        let client = Client::new(api, locale, &options);
        client.run(connection::open(endpoint), lines).await
    });
    // Requests that are still running in other threads must not delay the exit.
    runtime.shutdown_background();
    outcome
}

/// Returns the value of an environment variable unless it is empty.
fn env(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// Asks on the terminal for credentials that are not given, and returns a token for them.
fn sign_in(options: &mut Options, api: &Api, locale: &Locale) -> Result<String> {
    let phone = match options.phone.take() {
        Some(phone) => phone,
        None => ask_for_phone(locale)?,
    };
    let password = match env("TEAHOUSE_PASSWORD") {
        Some(password) => password,
        None => rpassword::prompt_password(locale.translate("chat-ask-password", &[]))
            .map_err(|_| locale.error("chat-need-password", &[]))?,
    };
    api.sign_in(&phone, &password, options.region.as_deref().unwrap_or(""))
}

fn ask_for_phone(locale: &Locale) -> Result<String> {
    if !std::io::stdin().is_terminal() {
        return Err(locale.error("chat-need-phone", &[]));
    }
    eprint!("{}", locale.translate("chat-ask-phone", &[]));
    let _ = std::io::stderr().flush();
    let mut phone = String::new();
    let read = std::io::stdin().lock().read_line(&mut phone);
    read.map_err(Error::internal)?;
    Ok(phone.trim().to_owned())
}

/// Reads lines from standard input in a thread, which may block until the process exits. Invalid UTF-8 is replaced.
fn read_stdin() -> Receiver<String> {
    let (sender, lines) = mpsc::channel(INPUT_QUEUE_CAPACITY);
    std::thread::spawn(move || {
        let mut input = std::io::stdin().lock();
        let mut line = Vec::new();
        while input
            .read_until(b'\n', &mut line)
            .is_ok_and(|read| read > 0)
        {
            let text = String::from_utf8_lossy(&line).into_owned();
            if sender.blocking_send(text).is_err() {
                return;
            }
            line.clear();
        }
    });
    lines
}
