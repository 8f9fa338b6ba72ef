//! SMS senders, against servers and a program that behave as the providers document.

use crate::support::{Person, SmsProvider, Teahouse, eventually, random_secret};
use base64::Engine;
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt;

const VERIFY: (&str, &str) = ("TEAHOUSE__VERIFICATION__ENABLED", "true");

/// A server that sends through a webhook.
fn webhook(url: &str) -> Teahouse {
    Teahouse::with(&[
        VERIFY,
        ("TEAHOUSE__SMS__SENDER", "webhook"),
        ("TEAHOUSE__SMS__WEBHOOK_URL", url),
        ("TEAHOUSE__SMS__WEBHOOK_SECRET", "a webhook's secret"),
    ])
}

/// Settings for Twilio at `url`, from this number or messaging service.
fn twilio<'a>(url: &'a str, from: &'a str) -> [(&'a str, &'a str); 6] {
    [
        VERIFY,
        ("TEAHOUSE__SMS__SENDER", "twilio"),
        ("TEAHOUSE__SMS__TWILIO_URL", url),
        ("TEAHOUSE__SMS__TWILIO_ACCOUNT", "AC0123456789"),
        ("TEAHOUSE__SMS__TWILIO_TOKEN", "twilio-canary-token"),
        ("TEAHOUSE__SMS__TWILIO_FROM", from),
    ]
}

/// The password of HTTP Basic authentication for [`twilio`].
fn twilio_credentials() -> String {
    base64::engine::general_purpose::STANDARD.encode("AC0123456789:twilio-canary-token")
}

/// A server that sends through Aliyun at `phones`.
fn aliyun(phones: &SmsProvider, sign_name: &str) -> Teahouse {
    Teahouse::with(&[
        VERIFY,
        ("TEAHOUSE__SMS__SENDER", "aliyun"),
        ("TEAHOUSE__SMS__ALIYUN_URL", &phones.url),
        ("TEAHOUSE__SMS__ALIYUN_KEY_ID", "LTAI0123"),
        ("TEAHOUSE__SMS__ALIYUN_KEY_SECRET", "aliyun-canary-secret"),
        ("TEAHOUSE__SMS__ALIYUN_SIGN_NAME", sign_name),
        ("TEAHOUSE__SMS__ALIYUN_CODE_TEMPLATE", "SMS_123456"),
    ])
}

/// Writes an executable shell script.
fn write_script(path: &std::path::Path, script: &str) {
    std::fs::write(path, script).expect("written");
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).expect("a mode");
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn hmac(key: &str, text: &str) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(key.as_bytes()).expect("any key");
    mac.update(text.as_bytes());
    hex(&mac.finalize().into_bytes())
}

/// Registers, which sends a code.
async fn ask(server: &Teahouse) -> Person {
    let ming = Person::visitor(server);
    assert_eq!(ming.submit_registration("Ming").await.status(), 303);
    ming
}

/// The fields of a form or query.
fn fields(text: &str) -> BTreeMap<String, String> {
    let fields = url::form_urlencoded::parse(text.as_bytes());
    fields.into_owned().collect()
}

#[tokio::test]
async fn webhook_request_is_signed_and_has_a_timestamp() {
    let phones = SmsProvider::responding(200, "");
    let server = webhook(&format!("{}/sms?x=1", phones.url));
    let ming = ask(&server).await;
    let asked = phones.nth(0).await;
    assert_eq!(asked.line, "POST /sms?x=1");
    assert_eq!(asked.headers["content-type"], "application/json");
    let timestamp = &asked.headers["x-teahouse-timestamp"];
    let age = chrono::Utc::now().timestamp() - timestamp.parse::<i64>().expect("seconds");
    assert!((0..30).contains(&age), "{age}");
    let signature = hmac("a webhook's secret", &format!("{timestamp}.{}", asked.body));
    let given = &asked.headers["x-teahouse-signature"];
    assert_eq!(*given, format!("sha256={signature}"));
    let message = phones.message(0).await;
    assert_eq!(message["number"], ming.phone.as_str());
    let sent_at = message["sentAt"].as_str();
    assert!(sent_at.is_some_and(|time| time.ends_with('Z')));
}

#[tokio::test]
async fn twilio_request_is_as_documented() {
    let phones = SmsProvider::responding(201, r#"{"sid":"SM1","status":"queued"}"#);
    let server = Teahouse::with(&twilio(&phones.url, "+15005550006"));
    let ming = ask(&server).await;
    let asked = phones.nth(0).await;
    let wanted = "POST /2010-04-01/Accounts/AC0123456789/Messages.json";
    assert_eq!(asked.line, wanted);
    let header = |name: &str| asked.headers[name].as_str();
    let found = header("authorization");
    assert_eq!(found, format!("Basic {}", twilio_credentials()));
    assert_eq!(header("content-type"), "application/x-www-form-urlencoded");
    let form = fields(&asked.body);
    assert_eq!((&form["To"], &*form["From"]), (&ming.phone, "+15005550006"));
    assert!(form["Body"].contains("Teahouse code"), "{form:?}");
    server.expect_in_log("SMS sent").await;
}

#[tokio::test]
async fn provider_error_is_logged_without_number_code_or_secret() {
    let refusal =
        r#"{"code":21211,"message":"The 'To' number +8613800100000 is not valid","status":400}"#;
    let phones = SmsProvider::responding(400, refusal);
    let mut settings = twilio(&phones.url, "MG0123456789").to_vec();
    settings.push(("TEAHOUSE__LOG__FILTER", "trace"));
    let server = Teahouse::with(&settings);
    let ming = ask(&server).await;
    let form = fields(&phones.nth(0).await.body);
    assert_eq!(form["MessagingServiceSid"], "MG0123456789");
    server.expect_in_log("error 21211").await;
    let log = server.log().join("\n");
    let credentials = twilio_credentials();
    for secret in [
        "13800100000",
        &ming.phone[3..],
        "twilio-canary-token",
        &credentials,
        &form["Body"][..6],
    ] {
        assert!(!log.contains(secret), "{secret}");
    }
}

#[tokio::test]
async fn aliyun_request_is_signed_as_documented() {
    let ok = r#"{"Code":"OK","Message":"OK","BizId":"1","RequestId":"2"}"#;
    let phones = SmsProvider::responding(200, ok);
    let server = aliyun(&phones, "茶馆 server");
    let ming = ask(&server).await;
    let asked = phones.nth(0).await;
    let target = asked.line.trim_start_matches("POST ");
    let (path, query) = target.split_once('?').expect("a query");
    assert_eq!(path, "/");
    let given = fields(query);
    assert_eq!(given["PhoneNumbers"], ming.phone[1..]);
    assert_eq!(given["SignName"], "茶馆 server");
    assert_eq!(given["TemplateCode"], "SMS_123456");
    let values: serde_json::Value = serde_json::from_str(&given["TemplateParam"]).expect("JSON");
    assert_eq!(values["code"].as_str().map(str::len), Some(6), "{values}");
    assert_eq!(asked.headers["x-acs-action"], "SendSms");
    assert_eq!(asked.headers["x-acs-version"], "2017-05-25");
    let empty = hex(&Sha256::digest(b""));
    assert_eq!(asked.headers["x-acs-content-sha256"], empty);
    let date = chrono::DateTime::parse_from_rfc3339(&asked.headers["x-acs-date"]).expect("a time");
    assert!((chrono::Utc::now() - date.to_utc()).num_seconds() < 30);
    // The signature, recomputed from the request.
    let names =
        "host;x-acs-action;x-acs-content-sha256;x-acs-date;x-acs-signature-nonce;x-acs-version";
    let line = |name: &str| format!("{name}:{}\n", asked.headers[name]);
    let lines: String = names.split(';').map(line).collect();
    let request = format!("POST\n/\n{query}\n{lines}\n{names}\n{empty}");
    let digest = hex(&Sha256::digest(request.as_bytes()));
    let text = format!("ACS3-HMAC-SHA256\n{digest}");
    let signature = hmac("aliyun-canary-secret", &text);
    let signed = format!("Credential=LTAI0123,SignedHeaders={names},Signature={signature}");
    let given = &asked.headers["authorization"];
    assert_eq!(*given, format!("ACS3-HMAC-SHA256 {signed}"));
    let mut sorted: Vec<&str> = query.split('&').collect();
    sorted.sort_unstable();
    assert_eq!(sorted.join("&"), query, "not sorted");
    server.expect_in_log("SMS sent").await;
}

#[tokio::test]
async fn aliyun_error_with_status_200_is_logged() {
    let error = r#"{"Code":"isv.BUSINESS_LIMIT_CONTROL","Message":"13800100000 too often"}"#;
    let phones = SmsProvider::responding(200, error);
    let server = aliyun(&phones, "茶馆");
    ask(&server).await;
    server.expect_in_log("isv.BUSINESS_LIMIT_CONTROL").await;
    assert!(!server.log().join("\n").contains("13800100000"));
}

#[tokio::test]
async fn command_reads_the_message_from_stdin_and_inherits_no_secrets() {
    let folder = tempfile::TempDir::new().expect("a folder");
    let (program, output) = (folder.path().join("send"), folder.path().join("sent"));
    let script = format!(
        "#!/bin/sh\n{{ cat; echo \"args: $#\"; env; }} > {output}.new\nmv {output}.new {output}\n",
        output = output.display()
    );
    write_script(&program, &script);
    let secret = random_secret();
    let server = Teahouse::with(&[
        VERIFY,
        ("TEAHOUSE__SMS__SENDER", "command"),
        ("TEAHOUSE__SMS__COMMAND", &program.display().to_string()),
        ("TEAHOUSE__DATA__SECRET_KEY", &secret),
    ]);
    let ming = ask(&server).await;
    let read = || async { std::fs::read_to_string(&output).ok() };
    let sent = eventually("the program ran", read).await;
    let lines: Vec<&str> = sent.lines().collect();
    assert_eq!(lines[0], ming.phone);
    assert_eq!(lines[1].len(), 6, "{sent}");
    assert!(lines[2].contains(lines[1]), "{sent}");
    assert!(sent.contains("args: 0") && !sent.contains(&secret) && !sent.contains("DATABASE_URL"));
}

#[tokio::test]
async fn slow_command_is_ended_and_does_not_delay_the_request() {
    let folder = tempfile::TempDir::new().expect("a folder");
    let program = folder.path().join("slow");
    write_script(&program, "#!/bin/sh\nexec sleep 60\n");
    let slow = Teahouse::with(&[
        VERIFY,
        ("TEAHOUSE__SMS__SENDER", "command"),
        ("TEAHOUSE__SMS__COMMAND", &program.display().to_string()),
        ("TEAHOUSE__SMS__TIMEOUT_SECONDS", "1"),
    ]);
    ask(&slow).await;
    slow.expect_in_log("timed out").await;
}

#[tokio::test]
async fn unreachable_webhook_is_logged_without_its_path() {
    let server = webhook("http://127.0.0.1:1/secret-path");
    ask(&server).await;
    server
        .expect_in_log("the webhook could not be reached")
        .await;
    assert!(!server.log().join("\n").contains("secret-path"));
}

#[test]
fn incomplete_sender_settings_prevent_the_start() {
    let folder = tempfile::TempDir::new().expect("a folder");
    for (sender, wanted) in [
        ("webhook", "sms.webhook_url"),
        ("twilio", "sms.twilio_account"),
        ("aliyun", "sms.aliyun_key_id"),
        ("command", "sms.command"),
        ("pigeon", "pigeon"),
    ] {
        let settings = [VERIFY, ("TEAHOUSE__SMS__SENDER", sender)];
        let start = Teahouse::run(&["serve"], &settings, folder.path());
        assert!(!start.status.success(), "{sender}");
        assert!(start.stderr.contains(wanted), "{sender}: {}", start.stderr);
    }
}

#[test]
fn production_with_verification_requires_a_sender() {
    let folder = tempfile::TempDir::new().expect("a folder");
    let key = random_secret();
    let production = [
        VERIFY,
        ("TEAHOUSE_ENV", "production"),
        ("PUBLIC_ORIGIN", "https://chat.example.org"),
        ("TEAHOUSE__DATA__SECRET_KEY", key.as_str()),
    ];
    let start = Teahouse::run(&["serve"], &production, folder.path());
    let names_it = start.stderr.contains("sms.sender");
    assert!(!start.status.success() && names_it, "{start:?}");
}
