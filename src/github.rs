//! GitHub, which knows who somebody is: the web application flow of its OAuth apps, with PKCE.

use std::sync::Arc;
use std::time::{Duration, Instant};

use oauth2::basic::{BasicClient, BasicErrorResponseType};
use oauth2::{
    AuthType, AuthUrl, AuthorizationCode, ClientId, ClientSecret, CsrfToken, EndpointNotSet,
    EndpointSet, HttpRequest, HttpResponse, PkceCodeChallenge, PkceCodeVerifier, RedirectUrl,
    RequestTokenError, TokenResponse, TokenUrl,
};
use serde::Deserialize;
use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;
use ureq::Agent;
use ureq::http::{Request, Response, StatusCode, header};

use crate::error::outage::GITHUB;
use crate::error::{Error, Result};
use crate::upstream::{agent, answer};

/// So many people's questions are under way at the same time; the next one is told to come back.
const AT_ONCE: usize = 16;
/// What GitHub calls a code that is wrong, too old, or was used before.
const BAD_CODE: &str = "bad_verification_code";
/// The form of its answers.
const API_VERSION: &str = "2022-11-28";
/// The most characters of a name there.
const LOGIN_CHARS: usize = 100;

type Client = BasicClient<EndpointSet, EndpointNotSet, EndpointNotSet, EndpointNotSet, EndpointSet>;

/// Somebody, as GitHub knows them.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Account {
    /// Their number, which never changes.
    pub id: i64,
    /// Their name, which may.
    pub login: String,
}

/// Where GitHub is.
#[derive(Debug, Clone)]
pub struct Addresses {
    /// Where people are asked.
    pub authorize: String,
    /// Where a code becomes a token.
    pub token: String,
    /// Where a token says whose it is.
    pub user: String,
}

/// Asks GitHub. Cheap to clone.
#[derive(Clone)]
pub struct GitHub {
    agent: Agent,
    client: Client,
    user_url: String,
    timeout: Duration,
    permits: Arc<Semaphore>,
}

/// There was no answer; the sentence names nobody and no secret.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct Silent(String);

impl GitHub {
    /// As the OAuth app with this id and secret. Everything that is asked for one person takes `timeout` at most.
    ///
    /// # Errors
    /// `Unavailable` when an address is none.
    pub fn new(id: &str, secret: &str, addresses: Addresses, timeout: Duration) -> Result<Self> {
        let wrong = |error| Error::Unavailable(format!("the addresses of GitHub: {error}"));
        let client = BasicClient::new(ClientId::new(id.to_owned()))
            .set_client_secret(ClientSecret::new(secret.to_owned()))
            .set_auth_type(AuthType::RequestBody)
            .set_auth_uri(AuthUrl::new(addresses.authorize).map_err(wrong)?)
            .set_token_uri(TokenUrl::new(addresses.token).map_err(wrong)?);
        Ok(Self {
            agent: agent(timeout),
            client,
            user_url: addresses.user,
            timeout,
            permits: Arc::new(Semaphore::new(AT_ONCE)),
        })
    }

    /// A new secret for one visit to GitHub: 43 characters that go into an address as they are. Only whoever has it can use
    /// the code that somebody brings back.
    pub fn verifier() -> String {
        let (_, verifier) = PkceCodeChallenge::new_random_sha256();
        verifier.into_secret()
    }

    /// Where a person is asked who they are. They come back to `callback` with `state` and a code. No scope: what everybody
    /// may know of them is enough.
    ///
    /// # Errors
    /// `Internal` when `callback` is no address.
    pub fn address(&self, callback: &str, verifier: &str, state: &str) -> Result<String> {
        let verifier = PkceCodeVerifier::new(verifier.to_owned());
        let state = state.to_owned();
        let (url, _) = self
            .coming_back_to(callback)?
            .authorize_url(|| CsrfToken::new(state))
            .set_pkce_challenge(PkceCodeChallenge::from_code_verifier_sha256(&verifier))
            .url();
        Ok(url.into())
    }

    /// Whose code this is.
    ///
    /// # Errors
    /// `BadRequest` when GitHub takes it no more; `GitHubDown` when there is no answer in time, or none that makes sense.
    pub async fn whose(&self, code: String, callback: &str, verifier: String) -> Result<Account> {
        let Ok(permit) = self.permits.clone().try_acquire_owned() else {
            return Err(Error::GitHubDown("too many are being asked about".into()));
        };
        let (github, client) = (self.clone(), self.coming_back_to(callback)?);
        let asked = spawn_blocking(move || {
            let _permit = permit;
            github.ask(&client, code, verifier)
        });
        let account = asked.await.map_err(Error::internal)?;
        GITHUB.record(&account);
        account
    }

    fn coming_back_to(&self, callback: &str) -> Result<Client> {
        let callback = RedirectUrl::new(callback.to_owned()).map_err(Error::internal)?;
        Ok(self.client.clone().set_redirect_uri(callback))
    }

    /// Blocks, but not for long.
    fn ask(&self, client: &Client, code: String, verifier: String) -> Result<Account> {
        let deadline = Instant::now() + self.timeout;
        let token = client
            .exchange_code(AuthorizationCode::new(code))
            .set_pkce_verifier(PkceCodeVerifier::new(verifier))
            .request(&|request| self.send(request, deadline))
            .map_err(|error| match error {
                RequestTokenError::ServerResponse(said) => match said.error() {
                    BasicErrorResponseType::Extension(name) if name == BAD_CODE => {
                        Error::BadRequest("error-github-code".into())
                    }
                    other => Error::GitHubDown(refusal(other.as_ref())),
                },
                RequestTokenError::Request(Silent(what)) => Error::GitHubDown(what),
                // What it said instead may be anything.
                RequestTokenError::Parse(..) | RequestTokenError::Other(_) => {
                    Error::GitHubDown("what it said makes no sense".into())
                }
            })?;
        self.owner(token.access_token().secret(), deadline)
    }

    fn owner(&self, token: &str, deadline: Instant) -> Result<Account> {
        let request = Request::get(&self.user_url)
            .header(header::ACCEPT, "application/vnd.github+json")
            .header(header::AUTHORIZATION, format!("Bearer {token}"))
            .header("x-github-api-version", API_VERSION)
            .body(Vec::new())
            .map_err(Error::internal)?;
        let answer = self.send(request, deadline);
        let answer = answer.map_err(|Silent(what)| Error::GitHubDown(what))?;
        if answer.status() != StatusCode::OK {
            let status = answer.status().as_u16();
            return Err(Error::GitHubDown(format!(
                "asked whose a token is, it answered {status}"
            )));
        }
        let account: Option<Account> = serde_json::from_slice(answer.body()).ok();
        let is_somebody = |account: &Account| {
            account.id > 0 && (1..=LOGIN_CHARS).contains(&account.login.chars().count())
        };
        let nobody = || Error::GitHubDown("it did not say whose a token is".into());
        account.filter(is_somebody).ok_or_else(nobody)
    }

    fn send(&self, request: HttpRequest, deadline: Instant) -> Result<HttpResponse, Silent> {
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(Silent("it did not answer in time".into()));
        }
        let request = self.agent.configure_request(request);
        let request = request.timeout_global(Some(left)).build();
        let (status, text) =
            answer("it", self.agent.run(request)).map_err(|error| match error {
                Error::Unavailable(what) => Silent(what),
                other => Silent(other.to_string()),
            })?;
        let status = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_GATEWAY);
        let mut response = Response::new(text.into_bytes());
        *response.status_mut() = honest(status, response.body());
        Ok(response)
    }
}

/// A refusal's name, where it is one: mostly the operator's mistake, which they find in the log.
fn refusal(name: &str) -> String {
    let is_name = name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    let name = if is_name { name } else { "for no known reason" };
    format!("it gave no token: {name}")
}

/// GitHub says what went wrong with a code as if all was well; the protocol has it as 400.
fn honest(status: StatusCode, body: &[u8]) -> StatusCode {
    #[derive(Deserialize)]
    struct Failure {
        #[serde(rename = "error")]
        _error: String,
    }
    let is_failure = serde_json::from_slice::<Failure>(body).is_ok();
    match status {
        StatusCode::OK if is_failure => StatusCode::BAD_REQUEST,
        _ => status,
    }
}
