//! Chromium, controlled by chromedriver; each browser has its own profile.

use super::{TIMEOUT, Teahouse, eventually, long_tests, person::PASSWORD, until, words};
use serde_json::{Value, json};
use std::io::{BufRead, BufReader};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use tempfile::TempDir;
use thirtyfour::Capabilities;
use thirtyfour::prelude::*;

const AXE: &str = include_str!("axe/axe.min.js");

/// The configuration of a browser.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Profile {
    English,
    Chinese,
    WithoutScripts,
}

/// A window with a new profile. Dropping it ends Chromium.
pub struct Browser {
    // Dropped before the driver, which would wait for a response otherwise.
    _service: Service,
    pub driver: WebDriver,
    pub(super) url: String,
    pub(super) profile: Profile,
    service_url: String,
    _folder: TempDir,
}

/// chromedriver and its Chromium processes, in one process group.
struct Service(Child);

impl Drop for Service {
    fn drop(&mut self) {
        let group = self.0.id();
        let _ = Command::new("sh")
            .arg("-c")
            .arg(format!("kill -9 -{group}"))
            .stderr(Stdio::null())
            .status();
        let _ = self.0.wait();
    }
}

impl Browser {
    /// Opens an empty page with a new profile, as the focused window.
    pub async fn open(server: &Teahouse, profile: Profile) -> Self {
        // On a single-threaded runtime, dropping the driver blocks for two minutes.
        let flavor = tokio::runtime::Handle::current().runtime_flavor();
        assert_eq!(flavor, tokio::runtime::RuntimeFlavor::MultiThread);
        let folder = TempDir::new().expect("a folder");
        let (service, service_url) = start_service();
        let driver = WebDriver::new(&service_url, capabilities(profile, &folder))
            .await
            .expect("Chromium starts");
        let browser = Self {
            _service: service,
            driver,
            url: server.url.clone(),
            profile,
            service_url,
            _folder: folder,
        };
        browser.emulate_focus().await;
        browser
    }

    /// Restarts Chromium with the same profile.
    pub async fn restart(&mut self) {
        let wanted = capabilities(self.profile, &self._folder);
        let ended = self.driver.clone().quit().await;
        ended.expect("Chromium ends");
        let driver = WebDriver::new(&self.service_url, wanted).await;
        self.driver = driver.expect("Chromium starts");
    }

    pub async fn visit(&self, path: &str) {
        self.driver
            .goto(format!("{}{path}", self.url))
            .await
            .expect("the page loads");
    }

    /// Returns the path and query of the current page.
    pub async fn path(&self) -> String {
        let url = self.driver.current_url().await.expect("a URL");
        match url.query() {
            Some(query) => format!("{}?{query}", url.path()),
            None => url.path().to_owned(),
        }
    }

    pub async fn find(&self, selector: &str) -> WebElement {
        let found = self
            .driver
            .query(By::Css(selector))
            .wait(TIMEOUT, std::time::Duration::from_millis(20))
            .first()
            .await;
        match found {
            Ok(element) => element,
            Err(_) => panic!(
                "no {selector} at {}:\n{}",
                self.path().await,
                self.driver.source().await.unwrap_or_default()
            ),
        }
    }

    /// Types into a field that the page may be redrawing.
    pub async fn fill(&self, selector: &str, text: &str) {
        eventually(&format!("{selector} is filled"), || async {
            let field = self.find(selector).await;
            field.clear().await.ok()?;
            field.send_keys(text).await.ok()
        })
        .await;
    }

    pub async fn click(&self, selector: &str) {
        self.find(selector).await.click().await.expect("clicked");
    }

    /// Registers with the form and waits for the Lobby.
    pub async fn register(&self, phone: &str, username: &str) {
        self.visit("/register").await;
        self.fill("#phone", phone).await;
        self.fill("#username", username).await;
        self.fill("#password", PASSWORD).await;
        self.click("#register button[type=submit]").await;
        self.find("#composer-content").await;
    }

    /// Registers in a window of a new profile and waits for the socket.
    pub async fn registered(server: &Teahouse, profile: Profile, phone: &str, name: &str) -> Self {
        let browser = Self::open(server, profile).await;
        browser.register(phone, name).await;
        browser.wait_until_connected().await;
        browser
    }

    /// Reloads the page and waits for the socket.
    pub async fn reload(&self) {
        self.driver.refresh().await.expect("reloaded");
        self.wait_until_connected().await;
    }

    /// Waits until the socket is connected.
    pub async fn wait_until_connected(&self) {
        self.find("[data-controller~=room][data-connection=online]")
            .await;
    }

    /// Types a message and sends it with Enter.
    pub async fn say(&self, text: &str) {
        let field = self.find("#composer-content").await;
        // WebDriver cannot type characters outside the BMP; they are inserted as an emoji panel does.
        let script =
            "arguments[0].focus(); document.execCommand('insertText', false, arguments[1])";
        let element = field.to_json().expect("an element");
        self.driver
            .execute(script, vec![element, json!(text)])
            .await
            .expect("typed");
        field.send_keys(Key::Enter + "").await.expect("sent");
    }

    /// Presses a key in an element.
    pub async fn press(&self, selector: &str, key: Key) {
        let pressed = self.find(selector).await.send_keys(key + "").await;
        pressed.expect("pressed");
    }

    /// Waits for a stored message with this content.
    pub async fn wait_for_message(&self, text: &str) {
        let what = format!("{text:?} is shown");
        until(&what, async || {
            self.texts().await.iter().any(|shown| shown == text)
        })
        .await;
    }

    /// Returns the contents of the stored messages in page order.
    pub async fn texts(&self) -> Vec<String> {
        let script = "return [...document.querySelectorAll('#messages [data-seq][data-state=stored] .message-body')].map(e => e.innerText.trim())";
        self.script(script)
            .await
            .as_array()
            .into_iter()
            .flatten()
            .map(|text| text.as_str().unwrap_or_default().to_owned())
            .collect()
    }

    /// Returns the result of a script; works with the page's scripts disabled.
    pub async fn script(&self, script: &str) -> Value {
        self.driver
            .execute(script, vec![])
            .await
            .expect("the script runs")
            .json()
            .clone()
    }

    /// Waits until a script returns a truthy value.
    pub async fn wait_until(&self, what: &str, script: &str) -> Value {
        eventually(what, || async {
            let value = self.script(script).await;
            (value != json!(false) && !value.is_null()).then_some(value)
        })
        .await
    }

    /// Sets the window's size in CSS pixels and the preferred color scheme.
    pub async fn resize(&self, width: u32, height: u32, scheme: &str) {
        let metrics =
            json!({"width": width, "height": height, "deviceScaleFactor": 1, "mobile": false});
        let override_size = "Emulation.setDeviceMetricsOverride";
        self.cdp(override_size, metrics).await;
        let features = json!({"features": [{"name": "prefers-color-scheme", "value": scheme}]});
        self.cdp("Emulation.setEmulatedMedia", features).await;
    }

    pub async fn cdp(&self, method: &str, params: Value) -> Value {
        self.driver
            .cdp()
            .send_raw(method, params)
            .await
            .expect(method)
    }

    /// Returns the console's warnings and errors since the last call.
    pub async fn console_errors(&self) -> Vec<String> {
        let session = self.driver.session_id().to_string();
        let url = format!("{}/session/{session}/se/log", self.service_url);
        let (_, response) = super::person::read(
            reqwest::Client::new()
                .post(url)
                .json(&json!({"type": "browser"})),
        )
        .await;
        let entries = response["value"]
            .as_array()
            .unwrap_or_else(|| panic!("no log: {response}"));
        let serious = |entry: &&Value| entry["level"] == "SEVERE" || entry["level"] == "WARNING";
        // Error responses such as 422, and a stopped server, are expected.
        entries
            .iter()
            .filter(serious)
            .filter(|entry| entry["source"] != "network")
            .map(|entry| entry["message"].to_string())
            .collect()
    }

    /// Checks accessibility and page width in each size and color scheme.
    pub async fn check_accessibility(&self, what: &str) {
        for (width, height, scheme) in combinations() {
            self.resize(width, height, scheme).await;
            let label = format!("{what}, {width}, {scheme}");
            let found = self.axe().await;
            assert!(found.is_empty(), "{label}: {found:#?}");
            let wide = "return document.documentElement.scrollWidth - window.innerWidth";
            let wide = self.script(wide).await;
            assert!(wide.as_i64() <= Some(0), "{label}: {wide} pixels too wide");
            if let Some(folder) = std::env::var_os("TEAHOUSE_TEST_PICTURES") {
                let name = label.replace([' ', ',', '/', '?'], "-");
                let path = Path::new(&folder).join(format!("{name}.png"));
                self.driver.screenshot(&path).await.expect("a picture");
            }
        }
        self.resize(1280, 800, "light").await;
    }

    /// Runs axe-core and returns its violations, one line each.
    async fn axe(&self) -> Vec<String> {
        // Colors in transition would be measured in between.
        self.wait_until(
            "no animation is running",
            "return document.getAnimations().every(a => a.playState !== 'running')",
        )
        .await;
        // CDP's evaluation is not restricted by the page's CSP.
        if self.script("return typeof axe").await == "undefined" {
            self.cdp("Runtime.evaluate", json!({"expression": AXE}))
                .await;
        }
        let run = "axe.run({resultTypes: ['violations']}).then(r => JSON.stringify(r.violations.map(v => v.id + ': ' + v.nodes.map(n => n.target + ' ' + n.failureSummary).join('; '))))";
        let response = self
            .cdp(
                "Runtime.evaluate",
                json!({"expression": run, "awaitPromise": true}),
            )
            .await;
        let text = response["result"]["value"]
            .as_str()
            .unwrap_or_else(|| panic!("axe did not run: {response}"));
        serde_json::from_str(text).expect("a list")
    }
}

/// Width, height and color scheme. Two combinations suffice; the long tests use all four.
fn combinations() -> Vec<(u32, u32, &'static str)> {
    let mut combinations = vec![(1280, 800, "light"), (390, 844, "dark")];
    if long_tests() {
        combinations.extend([(1280, 800, "dark"), (390, 844, "light")]);
    }
    combinations
}

/// Chromium's headless shell, used where it is installed.
const SHELL: &str = "/usr/bin/chromium-headless-shell";

fn capabilities(profile: Profile, folder: &TempDir) -> Capabilities {
    let mut wanted = DesiredCapabilities::chrome();
    let is_chinese = profile == Profile::Chinese;
    let is_scriptless = profile == Profile::WithoutScripts;
    let language = if is_chinese { "zh-CN" } else { "en-US" };
    let sandbox = if is_root() { "--no-sandbox" } else { "" };
    let args = format!(
        "--headless=new --disable-gpu --disable-dev-shm-usage --disable-quic --disable-sync \
         --disable-background-networking --disable-component-update --no-first-run \
         --window-size=1280,900 --lang={language} --accept-lang={language} --user-data-dir={} {sandbox}",
        folder.path().display()
    );
    for arg in words(&args) {
        wanted.add_arg(arg).expect("an argument");
    }
    // The headless shell starts much faster, but has no content settings.
    let is_shell = !is_scriptless && Path::new(SHELL).exists();
    if is_shell {
        wanted.set_binary(SHELL).expect("a program");
    }
    let scripts = if is_scriptless { 2 } else { 1 };
    let prefs = json!({
        "intl.accept_languages": language,
        "profile.managed_default_content_settings.javascript": scripts,
    });
    wanted
        .add_experimental_option("prefs", prefs)
        .expect("an option");
    let mut wanted = Capabilities::from(wanted);
    if is_shell {
        wanted
            .set("browserName", "chrome-headless-shell")
            .expect("a name");
    }
    wanted
        .set("goog:loggingPrefs", json!({"browser": "ALL"}))
        .expect("an option");
    wanted
}

/// Returns whether the tests run as root, where Chromium's sandbox does not work.
fn is_root() -> bool {
    std::fs::metadata("/proc/self")
        .is_ok_and(|file| std::os::unix::fs::MetadataExt::uid(&file) == 0)
}

/// chromedriver's port may be taken between its choice and its second bind; then another process tries.
fn start_service() -> (Service, String) {
    let mut tries = (0..5).filter_map(|_| try_to_start_service());
    tries.next().expect("chromedriver prints its port")
}

fn try_to_start_service() -> Option<(Service, String)> {
    let mut child = Command::new("chromedriver")
        .arg("--port=0")
        .process_group(0)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("chromedriver is installed (bin/test does it)");
    let mut lines = BufReader::new(child.stdout.take().expect("piped")).lines();
    let service = Service(child);
    let port = lines.by_ref().map_while(Result::ok).find_map(|line| {
        line.split_once("successfully on port ")
            .map(|(_, port)| port.trim_end_matches('.').to_owned())
    })?;
    // Keeps reading, so that chromedriver never blocks on a full pipe.
    std::thread::spawn(move || lines.for_each(drop));
    Some((service, format!("http://127.0.0.1:{port}")))
}
