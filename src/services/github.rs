//! GitHub sign-in: the OAuth web application flow with PKCE.

use std::sync::Arc;
use std::time::{Duration, Instant};

use oauth2::basic::{BasicClient, BasicRequestTokenError};
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
use crate::services::http_client;

/// Further requests fail at once with `GitHubDown`.
const MAX_CONCURRENT: usize = 16;
/// GitHub's error code for an authorization code that is wrong, expired or already used.
const BAD_CODE: &str = "bad_verification_code";
const API_VERSION: &str = "2022-11-28";
const LOGIN_MAX_CHARS: usize = 100;

type Client = BasicClient<EndpointSet, EndpointNotSet, EndpointNotSet, EndpointNotSet, EndpointSet>;

/// A GitHub user.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct GithubUser {
    /// Stable id.
    pub id: i64,
    /// Login name, which the user can change.
    pub login: String,
}

/// URLs of GitHub's endpoints.
#[derive(Debug, Clone)]
pub struct GithubEndpoints {
    /// Page where the user authorizes the app.
    pub authorize: String,
    /// Exchanges an authorization code for a token.
    pub token: String,
    /// Returns the user of a token.
    pub user: String,
}

/// A client of GitHub's OAuth and user API. Cheap to clone.
#[derive(Clone)]
pub struct GithubClient {
    agent: Agent,
    client: Client,
    user_url: String,
    timeout: Duration,
    permits: Arc<Semaphore>,
}

impl GithubClient {
    /// Creates a client of the OAuth app with this id and secret. `timeout` limits all requests of one sign-in together.
    ///
    /// # Errors
    /// `Unavailable` when an endpoint is not a URL.
    pub fn new(
        id: &str,
        secret: &str,
        endpoints: GithubEndpoints,
        timeout: Duration,
    ) -> Result<Self> {
        let invalid = |error| Error::Unavailable(format!("invalid GitHub endpoint: {error}"));
        let client = BasicClient::new(ClientId::new(id.to_owned()))
            .set_client_secret(ClientSecret::new(secret.to_owned()))
            .set_auth_type(AuthType::RequestBody)
            .set_auth_uri(AuthUrl::new(endpoints.authorize).map_err(invalid)?)
            .set_token_uri(TokenUrl::new(endpoints.token).map_err(invalid)?);
        Ok(Self {
            agent: http_client::build(timeout),
            client,
            user_url: endpoints.user,
            timeout,
            permits: Arc::new(Semaphore::new(MAX_CONCURRENT)),
        })
    }

    /// Returns a new PKCE code verifier, 43 URL-safe characters. An authorization code is only valid together with it.
    pub fn new_verifier() -> String {
        let (_, verifier) = PkceCodeChallenge::new_random_sha256();
        verifier.into_secret()
    }

    /// Returns the URL where the user authorizes the app. GitHub redirects to `callback` with `state` and a code. Requests
    /// no scope, because only the public profile is needed.
    ///
    /// # Errors
    /// `Internal` when `callback` is not a URL.
    pub fn authorize_url(&self, callback: &str, verifier: &str, state: &str) -> Result<String> {
        let verifier = PkceCodeVerifier::new(verifier.to_owned());
        let state = state.to_owned();
        let (url, _) = self
            .client_with_callback(callback)?
            .authorize_url(|| CsrfToken::new(state))
            .set_pkce_challenge(PkceCodeChallenge::from_code_verifier_sha256(&verifier))
            .url();
        Ok(url.into())
    }

    /// Exchanges an authorization code for a token and returns its user.
    ///
    /// # Errors
    /// `BadRequest` when GitHub rejects the code; `GitHubDown` when a response is late or unexpected.
    pub async fn fetch_user(
        &self,
        code: String,
        callback: &str,
        verifier: String,
    ) -> Result<GithubUser> {
        let Ok(permit) = self.permits.clone().try_acquire_owned() else {
            return Err(Error::GitHubDown("too many concurrent sign-ins".into()));
        };
        let (github, client) = (self.clone(), self.client_with_callback(callback)?);
        let fetched = spawn_blocking(move || {
            let _permit = permit;
            github.exchange_code(&client, code, verifier)
        });
        let user = fetched.await.map_err(Error::internal)?;
        GITHUB.record(&user);
        user
    }

    fn client_with_callback(&self, callback: &str) -> Result<Client> {
        let callback = RedirectUrl::new(callback.to_owned()).map_err(Error::internal)?;
        Ok(self.client.clone().set_redirect_uri(callback))
    }

    /// Blocks for at most `self.timeout`.
    fn exchange_code(&self, client: &Client, code: String, verifier: String) -> Result<GithubUser> {
        let deadline = Instant::now() + self.timeout;
        let token = client
            .exchange_code(AuthorizationCode::new(code))
            .set_pkce_verifier(PkceCodeVerifier::new(verifier))
            .request(&|request| self.send(request, deadline))
            .map_err(token_error)?;
        self.token_user(token.access_token().secret(), deadline)
    }

    fn token_user(&self, token: &str, deadline: Instant) -> Result<GithubUser> {
        let request = Request::get(&self.user_url)
            .header(header::ACCEPT, "application/vnd.github+json")
            .header(header::AUTHORIZATION, format!("Bearer {token}"))
            .header("x-github-api-version", API_VERSION)
            .body(Vec::new())
            .map_err(Error::internal)?;
        let response = self.send(request, deadline)?;
        if response.status() != StatusCode::OK {
            let status = response.status().as_u16();
            let cause = format!("the user endpoint returned status {status}");
            return Err(Error::GitHubDown(cause));
        }
        let user: Option<GithubUser> = serde_json::from_slice(response.body()).ok();
        let is_valid = |user: &GithubUser| {
            user.id > 0 && (1..=LOGIN_MAX_CHARS).contains(&user.login.chars().count())
        };
        let invalid = || Error::GitHubDown("invalid user response".into());
        user.filter(is_valid).ok_or_else(invalid)
    }

    fn send(&self, request: HttpRequest, deadline: Instant) -> Result<HttpResponse> {
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(Error::GitHubDown("the request timed out".into()));
        }
        let request = self.agent.configure_request(request);
        let request = request.timeout_global(Some(left)).build();
        let read = http_client::read_response("the API", self.agent.run(request));
        let (status, text) = read.map_err(Error::GitHubDown)?;
        let mut response = Response::new(text.into_bytes());
        *response.status_mut() = corrected_status(status, response.body());
        Ok(response)
    }
}

/// Keeps GitHub's error code, which mostly points to a wrong setting. Other text of the response may contain a token.
fn token_error(error: BasicRequestTokenError<Error>) -> Error {
    let response = match error {
        RequestTokenError::ServerResponse(response) => response,
        RequestTokenError::Request(error) => return error,
        _ => return Error::GitHubDown("invalid token response".into()),
    };
    let code = response.error().as_ref();
    if code == BAD_CODE {
        return Error::BadRequest("error-github-code".into());
    }
    let is_code = code.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    let code = if is_code { code } else { "unknown error" };
    Error::GitHubDown(format!("token request rejected: {code}"))
}

/// Turns GitHub's 200 with an `error` field into the 400 of RFC 6749, which the `oauth2` crate expects.
fn corrected_status(status: StatusCode, body: &[u8]) -> StatusCode {
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
