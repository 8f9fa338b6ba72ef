//! `teahouse doctor` goes in by the public address, and finds what is wrong with the way.

use crate::support::nginx::{public_origin, substitute};
use crate::support::{Nginx, Person, Report, Teahouse};
use std::process::Command;
use tempfile::TempDir;

/// A program at a public address of its own, and what a command on the same machine would be told.
struct Site {
    house: Teahouse,
    origin: String,
}

impl Site {
    async fn open() -> Self {
        let origin = public_origin();
        let house = Teahouse::with(&[
            ("PUBLIC_ORIGIN", &origin),
            ("TEAHOUSE__SERVER__TRUSTED_PROXIES", "127.0.0.1"),
        ]);
        Self { house, origin }
    }

    fn nginx(&self, spoil: impl Fn(&str) -> String) -> Nginx {
        Nginx::at(&self.origin, &[self.house.host()], spoil)
    }

    fn examine(&self) -> Report {
        self.examine_with(&[])
    }

    fn examine_with(&self, more: &[(&str, &str)]) -> Report {
        let port = self.house.host().rsplit(':').next().expect("a port");
        let folder = self.house.folder();
        let mut settings = vec![
            ("DATABASE_URL", self.house.database().url.as_str()),
            ("DATA_DIR", folder.to_str().expect("text")),
            ("PORT", port),
            ("PUBLIC_ORIGIN", &self.origin),
            ("TEAHOUSE__SERVER__TRUSTED_PROXIES", "127.0.0.1"),
        ];
        settings.extend(more);
        Report::of(&settings, folder)
    }

    fn sessions(&self) -> i64 {
        let count = "SELECT COUNT(*) AS value FROM sessions";
        self.house.database().number(count)
    }
}

const PUBLIC: [&str; 5] = [
    "program",
    "public address",
    "websocket",
    "event stream",
    "visitors",
];

#[tokio::test]
async fn behind_the_shipped_nginx_everything_is_fine_and_nothing_is_left_behind() {
    let site = Site::open().await;
    let nginx = site.nginx(str::to_owned);
    // Before anybody has registered, and after.
    let report = site.examine();
    report.is_fine(&["program", "public address", "websocket"]);
    Person::register(&site.house, "Ming").await;
    let before = site.sessions();
    let report = site.examine();
    report.is_fine(&PUBLIC);
    report.is_fine(&[
        "database",
        "client library",
        "migrations",
        "durability",
        "characters",
        "secret key",
        "settings",
    ]);
    if site.house.database().is_mysql() {
        report.is_fine(&["isolation", "packets", "connections", "clock", "time zone"]);
    } else {
        report.is_fine(&["journal"]);
    }
    assert!(report.is_healthy);
    assert_eq!(site.sessions(), before, "its sessions are gone");
    drop(nginx);
    // For people it is a table.
    let table = site.house.command(&["doctor"]);
    let lines: Vec<_> = table.stdout.lines().collect();
    assert!(
        lines.iter().any(|line| line.starts_with("ok    database ")),
        "{table:?}"
    );
    assert!(
        lines.last().is_some_and(|line| line.contains(" ok, ")),
        "{table:?}"
    );
}

#[tokio::test]
async fn each_fault_of_the_proxy_is_named_with_the_line_that_mends_it() {
    let site = Site::open().await;
    let without = |line: &'static str| move |conf: &str| substitute(conf, line, "");
    Person::register(&site.house, "Ming").await;
    let before = site.sessions();
    for line in [
        "proxy_set_header Upgrade $teahouse_upgrade;",
        "proxy_set_header Connection $teahouse_connection;",
    ] {
        let _nginx = site.nginx(without(line));
        let report = site.examine();
        report.expect(
            "websocket",
            "fail",
            "proxy_http_version 1.1; proxy_set_header Upgrade $http_upgrade;",
        );
        report.is_fine(&["public address", "visitors"]);
    }
    {
        let _nginx = site.nginx(without("proxy_set_header X-Forwarded-For $remote_addr;"));
        let report = site.examine();
        report.expect(
            "visitors",
            "fail",
            "proxy_set_header X-Forwarded-For $remote_addr;",
        );
        report.is_fine(&["websocket", "event stream"]);
    }
    {
        let _nginx = site.nginx(|conf| {
            let packed = "gzip on; gzip_types text/event-stream; gzip_proxied any;";
            let slow =
                format!("proxy_buffering on; proxy_ignore_headers X-Accel-Buffering; {packed}");
            substitute(conf, "proxy_buffering off;\n        gzip off;", &slow)
        });
        let report = site.examine();
        report.expect("event stream", "fail", "proxy_buffering off;");
        report.is_fine(&["websocket", "visitors"]);
    }
    {
        let spoil = "server_tokens off; add_header X-Content-Type-Options sniff always;";
        let _nginx = site.nginx(|conf| substitute(conf, "server_tokens off;", spoil));
        site.examine()
            .expect("public address", "fail", "add_header");
    }
    {
        let spoil = "server_tokens off; return 301 https://tea.example$request_uri;";
        let _nginx = site.nginx(|conf| substitute(conf, "server_tokens off;", spoil));
        site.examine().expect(
            "public address",
            "fail",
            "PUBLIC_ORIGIN=https://tea.example",
        );
    }
    assert_eq!(site.sessions(), before, "its sessions are gone");
    let report = site.examine();
    report.expect("public address", "fail", "proxy");
    report.is_fine(&["program"]);
}

#[tokio::test]
async fn a_program_that_does_not_run_is_no_fault_of_the_installation() {
    let mut site = Site::open().await;
    site.house.kill9();
    let report = site.examine();
    report.expect("program", "warn", "start it");
    assert!(report.is_healthy);
    // Neither is one that never ran: nothing is made by looking.
    let folder = TempDir::new().expect("a folder");
    let data = folder.path().join("data");
    let report = Report::of(
        &[("DATA_DIR", data.to_str().expect("text")), ("PORT", "1")],
        folder.path(),
    );
    report.expect("database", "warn", "when it starts");
    assert!(report.is_healthy && !data.exists());
    // Nor one without its tables, which it makes when it starts.
    site.house.start_again();
    assert!(
        site.house
            .command(&["migrate", "--revert-all"])
            .status
            .success()
    );
    site.examine()
        .expect("migrations", "warn", "teahouse migrate");
}

#[tokio::test]
async fn two_databases_that_are_mixed_up_are_noticed() {
    let site = Site::open().await;
    let other = Teahouse::start();
    let _nginx = site.nginx(str::to_owned);
    Person::register(&site.house, "Ming").await;
    Person::register(&other, "Ana").await;
    let report = site.examine_with(&[("DATABASE_URL", &other.database().url)]);
    report.expect("websocket", "fail", "the same DATABASE_URL");
    assert!(!report.is_healthy);
}

#[tokio::test]
async fn by_https_it_is_the_same_and_a_certificate_that_nobody_trusts_is_named() {
    let folder = TempDir::new().expect("a folder");
    let file = |name: &str| folder.path().join(name).to_str().expect("text").to_owned();
    let (certificate, key) = (file("certificate.pem"), file("key.pem"));
    let made = Command::new("openssl")
        .args([
            "req",
            "-x509",
            "-newkey",
            "rsa:2048",
            "-nodes",
            "-days",
            "2",
            "-subj",
            "/CN=localhost",
        ])
        .args([
            "-addext",
            "subjectAltName=DNS:localhost",
            "-addext",
            "basicConstraints=critical,CA:FALSE",
        ])
        .args(["-out", &certificate, "-keyout", &key])
        .output();
    assert!(
        made.is_ok_and(|made| made.status.success()),
        "openssl makes a certificate"
    );
    let plain = public_origin();
    let address = plain.trim_start_matches("http://");
    let origin = plain.replace("http://127.0.0.1", "https://localhost");
    let house = Teahouse::with(&[
        ("PUBLIC_ORIGIN", &origin),
        ("TEAHOUSE__SERVER__TRUSTED_PROXIES", "127.0.0.1"),
    ]);
    Person::register(&house, "Ming").await;
    // The lines for https that the shipped file has as comments.
    let _nginx = Nginx::at(&plain, &[house.host()], |conf| {
        let conf = substitute(conf, &format!("    listen {address};\n"), "");
        let conf = substitute(
            &conf,
            "# listen 443 ssl http2;",
            &format!("listen {address} ssl http2;"),
        );
        let conf = substitute(
            &conf,
            "# ssl_certificate     /etc/letsencrypt/live/chat.example.org/fullchain.pem",
            &format!("ssl_certificate {certificate}"),
        );
        let conf = substitute(
            &conf,
            "# ssl_certificate_key /etc/letsencrypt/live/chat.example.org/privkey.pem",
            &format!("ssl_certificate_key {key}"),
        );
        substitute(&conf, "# ssl_protocols", "ssl_protocols")
    });
    let site = Site { house, origin };
    let report = site.examine_with(&[("SSL_CERT_FILE", &certificate)]);
    report.is_fine(&PUBLIC);
    let report = site.examine();
    report.expect("public address", "fail", "certificate");
    let report = site.examine_with(&[
        ("SSL_CERT_FILE", &certificate),
        ("TEAHOUSE__SERVER__TRUSTED_PROXIES", ""),
    ]);
    report.expect("settings", "warn", "TRUSTED_PROXIES=127.0.0.1");
}
