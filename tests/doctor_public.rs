//! `teahouse doctor` connects through the public address and reports faults of the proxy.

use crate::support::nginx::{public_origin, substitute};
use crate::support::{DoctorReport, Nginx, Person, Teahouse, words};
use std::process::Command;
use tempfile::TempDir;

/// A server with a public address, and the settings of a command on the same machine.
struct Site {
    server: Teahouse,
    origin: String,
}

impl Site {
    async fn open() -> Self {
        let origin = public_origin();
        let server = Teahouse::with(&[
            ("PUBLIC_ORIGIN", &origin),
            ("TEAHOUSE__SERVER__TRUSTED_PROXIES", "127.0.0.1"),
        ]);
        Self { server, origin }
    }

    fn nginx(&self, change: impl Fn(&str) -> String) -> Nginx {
        Nginx::at(&self.origin, &[self.server.host()], change)
    }

    fn examine(&self) -> DoctorReport {
        self.examine_with(&[])
    }

    fn examine_with(&self, more: &[(&str, &str)]) -> DoctorReport {
        let port = self.server.host().rsplit(':').next().expect("a port");
        let folder = self.server.folder();
        let mut settings = vec![
            ("DATABASE_URL", self.server.database().url.as_str()),
            ("DATA_DIR", folder.to_str().expect("text")),
            ("PORT", port),
            ("PUBLIC_ORIGIN", &self.origin),
            ("TEAHOUSE__SERVER__TRUSTED_PROXIES", "127.0.0.1"),
        ];
        settings.extend(more);
        DoctorReport::of(&settings, folder)
    }

    fn sessions(&self) -> i64 {
        self.server.count("sessions")
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
async fn shipped_nginx_file_passes_and_the_probe_leaves_nothing() {
    let site = Site::open().await;
    let nginx = site.nginx(str::to_owned);
    // Before the first registration, and after.
    let report = site.examine();
    report.expect_ok(&["program", "public address", "websocket"]);
    Person::register(&site.server, "Ming").await;
    let before = site.sessions();
    let report = site.examine();
    report.expect_ok(&PUBLIC);
    report.expect_ok(&[
        "database",
        "client library",
        "migrations",
        "durability",
        "characters",
        "secret key",
        "settings",
    ]);
    if site.server.database().is_mysql() {
        report.expect_ok(&["isolation", "packets", "connections", "clock", "time zone"]);
    } else {
        report.expect_ok(&["journal"]);
    }
    assert!(report.is_healthy);
    assert_eq!(site.sessions(), before, "its sessions are deleted");
    drop(nginx);
    // Without --json the output is a table.
    let table = site.server.command(&["doctor"]);
    let lines: Vec<_> = table.stdout.lines().collect();
    let is_found = lines.iter().any(|line| line.starts_with("ok    database "));
    assert!(is_found, "{table:?}");
    let is_shown = lines.last().is_some_and(|line| line.contains(" ok, "));
    assert!(is_shown, "{table:?}");
}

#[tokio::test]
async fn each_proxy_fault_is_reported_with_the_line_that_fixes_it() {
    let site = Site::open().await;
    let without = |line: &'static str| move |conf: &str| substitute(conf, line, "");
    Person::register(&site.server, "Ming").await;
    let before = site.sessions();
    for line in [
        "proxy_set_header Upgrade $teahouse_upgrade;",
        "proxy_set_header Connection $teahouse_connection;",
    ] {
        let _nginx = site.nginx(without(line));
        let report = site.examine();
        let mend = "proxy_http_version 1.1; proxy_set_header Upgrade $http_upgrade;";
        report.expect("websocket", "fail", mend);
        report.expect_ok(&["public address", "visitors"]);
    }
    {
        let _nginx = site.nginx(without("proxy_set_header X-Forwarded-For $remote_addr;"));
        let report = site.examine();
        let mend = "proxy_set_header X-Forwarded-For $remote_addr;";
        report.expect("visitors", "fail", mend);
        report.expect_ok(&["websocket", "event stream"]);
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
        report.expect_ok(&["websocket", "visitors"]);
    }
    {
        let change = "server_tokens off; add_header X-Content-Type-Options sniff always;";
        let _nginx = site.nginx(|conf| substitute(conf, "server_tokens off;", change));
        site.examine()
            .expect("public address", "fail", "add_header");
    }
    {
        let change = "server_tokens off; return 301 https://tea.example$request_uri;";
        let _nginx = site.nginx(|conf| substitute(conf, "server_tokens off;", change));
        let mend = "PUBLIC_ORIGIN=https://tea.example";
        site.examine().expect("public address", "fail", mend);
    }
    assert_eq!(site.sessions(), before, "its sessions are deleted");
    let report = site.examine();
    report.expect("public address", "fail", "proxy");
    report.expect_ok(&["program"]);
}

#[tokio::test]
async fn stopped_server_is_not_a_fault_of_the_installation() {
    let mut site = Site::open().await;
    site.server.kill();
    let report = site.examine();
    report.expect("program", "warn", "start it");
    assert!(report.is_healthy);
    // Neither is a server that never ran: the check creates nothing.
    let folder = TempDir::new().expect("a folder");
    let data = folder.path().join("data");
    let report = DoctorReport::of(
        &[("DATA_DIR", data.to_str().expect("text")), ("PORT", "1")],
        folder.path(),
    );
    report.expect("database", "warn", "when it starts");
    assert!(report.is_healthy && !data.exists());
    // Nor one without tables, which it creates at its first start.
    site.server.restart();
    assert!(
        site.server
            .command(&["migrate", "--revert-all"])
            .status
            .success()
    );
    site.examine()
        .expect("migrations", "warn", "teahouse migrate");
}

#[tokio::test]
async fn doctor_using_another_database_than_the_server_is_reported() {
    let site = Site::open().await;
    let other = Teahouse::start();
    let _nginx = site.nginx(str::to_owned);
    Person::register(&site.server, "Ming").await;
    Person::register(&other, "Ana").await;
    let report = site.examine_with(&[("DATABASE_URL", &other.database().url)]);
    report.expect("websocket", "fail", "the same DATABASE_URL");
    assert!(!report.is_healthy);
}

#[tokio::test]
async fn https_passes_and_an_untrusted_certificate_is_reported() {
    let folder = TempDir::new().expect("a folder");
    let file = |name: &str| folder.path().join(name).to_str().expect("text").to_owned();
    let (certificate, key) = (file("certificate.pem"), file("key.pem"));
    let made = Command::new("openssl")
        .args(words(
            "req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost",
        ))
        .args(words("-addext subjectAltName=DNS:localhost"))
        .args(words("-addext basicConstraints=critical,CA:FALSE"))
        .args(["-out", &certificate, "-keyout", &key])
        .output();
    let is_success = made.is_ok_and(|made| made.status.success());
    assert!(is_success, "openssl creates a certificate");
    let plain = public_origin();
    let address = plain.trim_start_matches("http://");
    let origin = plain.replace("http://127.0.0.1", "https://localhost");
    let server = Teahouse::with(&[
        ("PUBLIC_ORIGIN", &origin),
        ("TEAHOUSE__SERVER__TRUSTED_PROXIES", "127.0.0.1"),
    ]);
    Person::register(&server, "Ming").await;
    // The shipped file has the lines for https as comments.
    let _nginx = Nginx::at(&plain, &[server.host()], |conf| {
        let conf = substitute(conf, &format!("    listen {address};\n"), "");
        let live = "/etc/letsencrypt/live/chat.example.org";
        [
            (
                "# listen 443 ssl http2;".to_owned(),
                format!("listen {address} ssl http2;"),
            ),
            (
                format!("# ssl_certificate     {live}/fullchain.pem"),
                format!("ssl_certificate {certificate}"),
            ),
            (
                format!("# ssl_certificate_key {live}/privkey.pem"),
                format!("ssl_certificate_key {key}"),
            ),
            ("# ssl_protocols".to_owned(), "ssl_protocols".to_owned()),
        ]
        .iter()
        .fold(conf, |conf, (from, to)| substitute(&conf, from, to))
    });
    let site = Site { server, origin };
    let report = site.examine_with(&[("SSL_CERT_FILE", &certificate)]);
    report.expect_ok(&PUBLIC);
    let report = site.examine();
    report.expect("public address", "fail", "certificate");
    let report = site.examine_with(&[
        ("SSL_CERT_FILE", &certificate),
        ("TEAHOUSE__SERVER__TRUSTED_PROXIES", ""),
    ]);
    report.expect("settings", "warn", "TRUSTED_PROXIES=127.0.0.1");
}
