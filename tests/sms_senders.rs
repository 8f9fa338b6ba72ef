//! What carries messages to phones, held against servers and a program that behave as the providers' documents say.

use crate::support::{Person, SmsProvider, Teahouse, random_secret, eventually};
use base64::Engine;
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt;

const VERIFY: (&str, &str) = ("TEAHOUSE__VERIFICATION__ENABLED", "true");

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn hmac(key: &str, text: &str) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(key.as_bytes()).expect("any key");
    mac.update(text.as_bytes());
    hex(&mac.finalize().into_bytes())
}

/// Somebody asks for a code.
async fn ask(server: &Teahouse) -> Person {
    let ming = Person::visitor(server);
    assert_eq!(ming.submit_registration("Ming").await.status(), 303);
    ming
}

/// The fields of a form or a query.
fn fields(text: &str) -> BTreeMap<String, String> {
    url::form_urlencoded::parse(text.as_bytes())
        .into_owned()
        .collect()
}

async fn log_says(server: &Teahouse, what: &str) {
    eventually(&format!("the log says {what}"), || async {
        server
            .log()
            .iter()
            .any(|line| line.contains(what))
            .then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_webhook_can_be_sure_who_asks_and_when() {
    let phones = SmsProvider::responding(200, "");
    let server = Teahouse::with(&[
        VERIFY,
        ("TEAHOUSE__SMS__SENDER", "webhook"),
        (
            "TEAHOUSE__SMS__WEBHOOK_URL",
            &format!("{}/sms?x=1", phones.url),
        ),
        ("TEAHOUSE__SMS__WEBHOOK_SECRET", "a webhook's secret"),
    ]);
    let ming = ask(&server).await;
    let asked = phones.nth(0).await;
    assert_eq!(asked.line, "POST /sms?x=1");
    assert_eq!(asked.headers["content-type"], "application/json");
    let timestamp = &asked.headers["x-teahouse-timestamp"];
    let age = chrono::Utc::now().timestamp() - timestamp.parse::<i64>().expect("seconds");
    assert!((0..30).contains(&age), "{age}");
    let signature = hmac("a webhook's secret", &format!("{timestamp}.{}", asked.body));
    assert_eq!(
        asked.headers["x-teahouse-signature"],
        format!("sha256={signature}")
    );
    let message = phones.message(0).await;
    assert_eq!(message["number"], ming.phone.as_str());
    assert!(
        message["sentAt"]
            .as_str()
            .is_some_and(|time| time.ends_with('Z'))
    );
}

#[tokio::test]
async fn twilio_gets_what_its_document_says() {
    let phones = SmsProvider::responding(201, r#"{"sid":"SM1","status":"queued"}"#);
    let server = Teahouse::with(&[
        VERIFY,
        ("TEAHOUSE__SMS__SENDER", "twilio"),
        ("TEAHOUSE__SMS__TWILIO_URL", &phones.url),
        ("TEAHOUSE__SMS__TWILIO_ACCOUNT", "AC0123456789"),
        ("TEAHOUSE__SMS__TWILIO_TOKEN", "twilio-canary-token"),
        ("TEAHOUSE__SMS__TWILIO_FROM", "+15005550006"),
    ]);
    let ming = ask(&server).await;
    let asked = phones.nth(0).await;
    assert_eq!(
        asked.line,
        "POST /2010-04-01/Accounts/AC0123456789/Messages.json"
    );
    let credentials =
        base64::engine::general_purpose::STANDARD.encode("AC0123456789:twilio-canary-token");
    assert_eq!(
        asked.headers["authorization"],
        format!("Basic {credentials}")
    );
    assert_eq!(
        asked.headers["content-type"],
        "application/x-www-form-urlencoded"
    );
    let form = fields(&asked.body);
    assert_eq!(
        (form["To"].as_str(), form["From"].as_str()),
        (ming.phone.as_str(), "+15005550006")
    );
    assert!(form["Body"].contains("Teahouse code"), "{form:?}");
    log_says(&server, "sms sent").await;
}

#[tokio::test]
async fn what_a_provider_refuses_is_in_the_log_without_number_or_secret() {
    let refusal =
        r#"{"code":21211,"message":"The 'To' number +8613800100000 is not valid","status":400}"#;
    let phones = SmsProvider::responding(400, refusal);
    let server = Teahouse::with(&[
        VERIFY,
        ("TEAHOUSE__SMS__SENDER", "twilio"),
        ("TEAHOUSE__SMS__TWILIO_URL", &phones.url),
        ("TEAHOUSE__SMS__TWILIO_ACCOUNT", "AC0123456789"),
        ("TEAHOUSE__SMS__TWILIO_TOKEN", "twilio-canary-token"),
        ("TEAHOUSE__SMS__TWILIO_FROM", "MG0123456789"),
        ("TEAHOUSE__LOG__FILTER", "trace"),
    ]);
    let ming = ask(&server).await;
    let form = fields(&phones.nth(0).await.body);
    assert_eq!(form["MessagingServiceSid"], "MG0123456789");
    log_says(&server, "error 21211").await;
    let log = server.log().join("\n");
    let credentials =
        base64::engine::general_purpose::STANDARD.encode("AC0123456789:twilio-canary-token");
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
async fn aliyun_gets_a_request_signed_as_its_document_says() {
    let phones = SmsProvider::responding(
        200,
        r#"{"Code":"OK","Message":"OK","BizId":"1","RequestId":"2"}"#,
    );
    let server = Teahouse::with(&[
        VERIFY,
        ("TEAHOUSE__SMS__SENDER", "aliyun"),
        ("TEAHOUSE__SMS__ALIYUN_URL", &phones.url),
        ("TEAHOUSE__SMS__ALIYUN_KEY_ID", "LTAI0123"),
        ("TEAHOUSE__SMS__ALIYUN_KEY_SECRET", "aliyun-canary-secret"),
        ("TEAHOUSE__SMS__ALIYUN_SIGN_NAME", "茶馆 server"),
        ("TEAHOUSE__SMS__ALIYUN_CODE_TEMPLATE", "SMS_123456"),
    ]);
    let ming = ask(&server).await;
    let asked = phones.nth(0).await;
    let (path, query) = asked
        .line
        .trim_start_matches("POST ")
        .split_once('?')
        .expect("a query");
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
    // The signature, made anew from what came.
    let names =
        "host;x-acs-action;x-acs-content-sha256;x-acs-date;x-acs-signature-nonce;x-acs-version";
    let lines: String = names
        .split(';')
        .map(|name| format!("{name}:{}\n", asked.headers[name]))
        .collect();
    let request = format!("POST\n/\n{query}\n{lines}\n{names}\n{empty}");
    let text = format!(
        "ACS3-HMAC-SHA256\n{}",
        hex(&Sha256::digest(request.as_bytes()))
    );
    let signature = hmac("aliyun-canary-secret", &text);
    assert_eq!(
        asked.headers["authorization"],
        format!("ACS3-HMAC-SHA256 Credential=LTAI0123,SignedHeaders={names},Signature={signature}")
    );
    let mut sorted: Vec<&str> = query.split('&').collect();
    sorted.sort_unstable();
    assert_eq!(sorted.join("&"), query, "sorted, as it is signed");
    log_says(&server, "sms sent").await;
}

#[tokio::test]
async fn aliyun_refuses_with_status_200() {
    let phones = SmsProvider::responding(
        200,
        r#"{"Code":"isv.BUSINESS_LIMIT_CONTROL","Message":"13800100000 too often"}"#,
    );
    let server = Teahouse::with(&[
        VERIFY,
        ("TEAHOUSE__SMS__SENDER", "aliyun"),
        ("TEAHOUSE__SMS__ALIYUN_URL", &phones.url),
        ("TEAHOUSE__SMS__ALIYUN_KEY_ID", "LTAI0123"),
        ("TEAHOUSE__SMS__ALIYUN_KEY_SECRET", "aliyun-canary-secret"),
        ("TEAHOUSE__SMS__ALIYUN_SIGN_NAME", "茶馆"),
        ("TEAHOUSE__SMS__ALIYUN_CODE_TEMPLATE", "SMS_123456"),
    ]);
    ask(&server).await;
    log_says(&server, "isv.BUSINESS_LIMIT_CONTROL").await;
    assert!(!server.log().join("\n").contains("13800100000"));
}

#[tokio::test]
async fn a_program_reads_the_message_from_its_input_and_gets_no_secret_of_ours() {
    let folder = tempfile::TempDir::new().expect("a folder");
    let (program, output) = (folder.path().join("send"), folder.path().join("sent"));
    let script = format!(
        "#!/bin/sh\n{{ cat; echo \"args: $#\"; env; }} > {output}.new\nmv {output}.new {output}\n",
        output = output.display()
    );
    std::fs::write(&program, script).expect("written");
    std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).expect("a mode");
    let secret = random_secret();
    let server = Teahouse::with(&[
        VERIFY,
        ("TEAHOUSE__SMS__SENDER", "command"),
        ("TEAHOUSE__SMS__COMMAND", &program.display().to_string()),
        ("TEAHOUSE__DATA__SECRET_KEY", &secret),
    ]);
    let ming = ask(&server).await;
    let sent = eventually("the program ran", || async {
        std::fs::read_to_string(&output).ok()
    })
    .await;
    let lines: Vec<&str> = sent.lines().collect();
    assert_eq!(lines[0], ming.phone);
    assert_eq!(lines[1].len(), 6, "{sent}");
    assert!(lines[2].contains(lines[1]), "{sent}");
    assert!(sent.contains("args: 0") && !sent.contains(&secret) && !sent.contains("DATABASE_URL"));
}

#[tokio::test]
async fn senders_that_are_slow_or_gone_hold_nobody_up() {
    let folder = tempfile::TempDir::new().expect("a folder");
    let program = folder.path().join("slow");
    std::fs::write(&program, "#!/bin/sh\nexec sleep 60\n").expect("written");
    std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).expect("a mode");
    let slow = Teahouse::with(&[
        VERIFY,
        ("TEAHOUSE__SMS__SENDER", "command"),
        ("TEAHOUSE__SMS__COMMAND", &program.display().to_string()),
        ("TEAHOUSE__SMS__TIMEOUT_SECONDS", "1"),
    ]);
    ask(&slow).await;
    log_says(&slow, "timed out").await;
    let gone = Teahouse::with(&[
        VERIFY,
        ("TEAHOUSE__SMS__SENDER", "webhook"),
        (
            "TEAHOUSE__SMS__WEBHOOK_URL",
            "http://127.0.0.1:1/secret-path",
        ),
        ("TEAHOUSE__SMS__WEBHOOK_SECRET", "a webhook's secret"),
    ]);
    ask(&gone).await;
    log_says(&gone, "the webhook could not be reached").await;
    assert!(!gone.log().join("\n").contains("secret-path"));
}

#[tokio::test]
async fn a_sender_without_what_it_needs_is_told_at_the_start() {
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
    let key = random_secret();
    let production = [
        VERIFY,
        ("TEAHOUSE_ENV", "production"),
        ("PUBLIC_ORIGIN", "https://chat.example.org"),
        ("TEAHOUSE__DATA__SECRET_KEY", key.as_str()),
    ];
    let start = Teahouse::run(&["serve"], &production, folder.path());
    assert!(
        !start.status.success() && start.stderr.contains("sms.sender"),
        "{start:?}"
    );
}
