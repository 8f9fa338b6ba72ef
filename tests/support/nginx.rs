//! nginx with the shipped configuration, in front of the server.

use super::{Person, Teahouse};
use std::net::TcpListener;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;

const SHIPPED: &str = include_str!("../../deploy/nginx.conf");

/// A running nginx. Dropping it kills it.
pub struct Nginx {
    /// `http://127.0.0.1:<port>`
    pub url: String,
    child: Child,
    _folder: TempDir,
}

/// Returns a URL with an unused port, for servers that need the public origin before nginx starts.
pub fn public_origin() -> String {
    // Below the ephemeral port range.
    let free = (0..1000)
        .map(|_| 20_000 + rand::random::<u16>() % 12_000)
        .find(|port| TcpListener::bind(("127.0.0.1", *port)).is_ok());
    format!("http://127.0.0.1:{}", free.expect("a free port"))
}

/// Replaces a text that occurs exactly once.
pub fn substitute(text: &str, from: &str, to: &str) -> String {
    assert_eq!(text.matches(from).count(), 1, "{from}");
    text.replacen(from, to, 1)
}

impl Nginx {
    /// Starts nginx at this URL in front of one or two servers, with the shipped file modified by `modify`.
    pub fn at(url: &str, programs: &[&str], modify: impl Fn(&str) -> String) -> Self {
        let address = url.trim_start_matches("http://");
        let site = substitute(SHIPPED, "listen 80;", &format!("listen {address};"));
        let mut site = substitute(&site, "127.0.0.1:8080", programs[0]);
        if let Some(second) = programs.get(1) {
            site = substitute(
                &site,
                "# server 127.0.0.1:8081",
                &format!("server {second}"),
            );
        }
        let folder = TempDir::new().expect("a folder");
        std::fs::write(folder.path().join("teahouse.conf"), modify(&site)).expect("written");
        std::fs::write(folder.path().join("nginx.conf"), main_config()).expect("written");
        let child = Command::new("nginx")
            .env("PATH", "/usr/local/sbin:/usr/sbin:/sbin:/usr/bin:/bin")
            .arg("-p")
            .arg(folder.path())
            .args(["-e", "error.log", "-c", "nginx.conf"])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("nginx starts; bin/test installs it");
        let mut nginx = Self {
            url: url.to_owned(),
            child,
            _folder: folder,
        };
        nginx.wait(address);
        nginx
    }

    fn wait(&mut self, address: &str) {
        let deadline = Instant::now() + Duration::from_secs(20);
        while std::net::TcpStream::connect(address).is_err() {
            let ended = self.child.try_wait().expect("a child of ours");
            if ended.is_some() || Instant::now() > deadline {
                let log = self._folder.path().join("error.log");
                panic!(
                    "nginx does not serve: {}",
                    std::fs::read_to_string(log).unwrap_or_default()
                );
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Returns a visitor who connects through nginx.
    pub fn visitor(&self, server: &Teahouse) -> Person {
        let mut visitor = Person::visitor(server);
        visitor.url.clone_from(&self.url);
        visitor
    }

    /// Registers a user through nginx.
    pub async fn register(&self, server: &Teahouse, name: &str) -> Person {
        let mut person = self.visitor(server);
        name.clone_into(&mut person.name);
        assert_eq!(person.submit_registration(name).await.status(), 303);
        person
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A minimal main configuration file: one process, and all its files in the folder.
fn main_config() -> String {
    let folders = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"];
    let folders = folders.map(|name| format!("    {name}_temp_path {name};\n"));
    format!(
        "daemon off;\nmaster_process off;\npid nginx.pid;\nworker_rlimit_nofile 4096;\n\
         events {{ worker_connections 2048; }}\nhttp {{\n    access_log off;\n{}    include teahouse.conf;\n}}\n",
        folders.concat()
    )
}
