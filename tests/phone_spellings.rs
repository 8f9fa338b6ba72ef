//! Spellings of phone numbers, as typed and pasted, wherever a number is accepted.

use crate::support::{Person, Teahouse, client_id, person::PASSWORD};
use reqwest::Method;
use serde_json::json;

/// Spellings of one number, and whether they need a default country.
const SPELLINGS: [(&str, bool); 24] = [
    ("\u{202a}+86 138 0013 8000\u{202c}", false),
    (
        "\u{2066}+86\u{a0}138\u{2011}0013\u{2011}8000\u{2069}",
        false,
    ),
    (
        "\u{feff}+86\u{200b}138\u{ad}0013\u{2060}8000\u{200f}",
        false,
    ),
    ("＋８６－１３８－００１３－８０００", false),
    ("+86ー138ー0013ー8000", false),
    ("+86―138–0013—8000", false),
    ("+86−138−0013−8000", false),
    ("[+86] 138·0013·8000", false),
    ("［＋８６］１３８／００１３／８０００", false),
    ("（+86）138．0013．8000", false),
    ("【+86】138・0013・8000", false),
    ("+٨٦١٣٨٠٠١٣٨٠٠٠", false),
    ("+۸۶۱۳۸۰۰۱۳۸۰۰۰", false),
    ("+८६ १३८ ००१३ ८०००", false),
    ("tel:+86-138-0013-8000", false),
    ("TEL:+8613800138000;ext=42", false),
    ("Tel: +86 138 0013 8000", false),
    ("tel:%2B8613800138000", false),
    ("tel:138-0013-8000;phone-context=+86", false),
    ("0086 138 0013 8000", true),
    ("١٣٨ ٠٠١٣ ٨٠٠٠", true),
    ("［138］0013-8000", true),
    ("tel:13800138000", true),
    ("\u{202d}13800138000\u{202c}", true),
];

#[tokio::test]
async fn registration_login_and_api_accept_every_spelling() {
    let server = Teahouse::start();
    register(&server, SPELLINGS[0].0, "Ming").await;
    let kept = server.strings("SELECT phone AS value FROM users");
    assert_eq!(kept, ["+8613800138000"]);
    for (typed, needs_region) in SPELLINGS {
        let shown = typed.escape_unicode();
        let region = if needs_region { "CN" } else { "DE" };
        let form = [("phone", typed), ("region", region), ("password", PASSWORD)];
        let visitor = Person::visitor(&server);
        assert_eq!(visitor.post("/login", &form).await.status(), 303, "{shown}");
        let body = json!({"phone": typed, "region": region, "password": PASSWORD});
        let (status, answer) = visitor.post_json("/api/login", &body).await;
        assert_eq!(status, 200, "{shown}: {answer}");
        let form = [&form[..], &[("username", "Other")]].concat();
        let answer = Person::visitor(&server).post("/register", &form).await;
        let page = answer.text().await.expect("text");
        assert!(page.contains("already has an account"), "{shown}");
    }
    for typed in [
        "138 0013 8000 or 139 0013 9000",
        "1-800-FLOWERS",
        "tel:",
        "sms:+8613800138000",
        "+86 +138 0013 8000",
        "phone: +8613800138000",
        "\u{200b}",
    ] {
        let mut visitor = Person::visitor(&server);
        visitor.phone = typed.to_owned();
        let answer = visitor.submit_registration("Other").await;
        assert_eq!(answer.status(), 422, "{typed}");
    }
}

#[tokio::test]
async fn settings_and_command_line_accept_every_spelling() {
    let (server, [mei]) = Teahouse::with_users(["mei"]).await;
    let sql = "SELECT phone AS value FROM users";
    let phone = || server.strings(sql).remove(0);
    for (typed, needs_region) in SPELLINGS {
        let shown = typed.escape_unicode();
        server.execute("UPDATE users SET phone = '+8613900139000'");
        let region = if needs_region { "CN" } else { "US" };
        let form = [
            ("phone", typed),
            ("region", region),
            ("phone_password", PASSWORD),
        ];
        let status = mei.submit("put", "/settings/phone", &form).await;
        assert_eq!(status, 303, "{shown}");
        assert_eq!(phone(), "+8613800138000", "{shown}");
        let ended = server.command(&["user", "sign-out", typed]);
        assert!(ended.status.success(), "{shown}: {ended:?}");
        let answer = mei.log_in("+8613800138000", PASSWORD).await;
        assert_eq!(answer.status(), 303, "{shown}");
    }
    server
        .command(&["user", "sign-out", "@mei"])
        .expect_success();
}

async fn register(server: &Teahouse, phone: &str, name: &str) -> Person {
    let mut person = Person::visitor(server);
    person.phone = phone.to_owned();
    person.name = name.to_owned();
    let status = person.submit_registration(name).await.status();
    assert_eq!(status, 303, "{name}");
    person
}

#[tokio::test]
async fn direct_message_recipient_is_a_number_in_the_senders_country_or_a_username() {
    let server = Teahouse::start();
    let mei = register(&server, "+8613900139000", "mei").await;
    let ming = register(&server, "+8613800138000", "ming").await;
    let anna = register(&server, "+4915123456789", "anna").await;
    // A username of digits, too few for a phone number.
    register(&server, "+8613700137000", "123456").await;
    let room = mei.direct(&["ming"]).await;
    assert_eq!(ming.direct(&["mei"]).await, room);
    let mut socket = mei.socket().await;
    let spellings = SPELLINGS.map(|(typed, _)| typed);
    let names = [
        "@ming",
        "＠ming",
        "@ MING",
        "\u{2068}@ming\u{2069}",
        " ming ",
    ];
    for to in spellings.iter().chain(&names) {
        let shown = to.escape_unicode();
        assert_eq!(mei.direct(&[to]).await, room, "{shown}");
        let body = json!({"to": [to]});
        let answer = mei.json(Method::POST, "/directs", body).await;
        assert!(answer.0 < 400, "{shown}: {answer:?}");
        let frame = json!({"type": "post", "clientId": client_id(), "to": to, "content": "hi"});
        socket.send(frame).await;
        assert_eq!(socket.expect("ack").await["roomId"], *room, "{shown}");
    }
    let with_anna = mei.direct(&["anna"]).await;
    assert_eq!(anna.direct(&["mei"]).await, with_anna);
    assert_eq!(mei.direct(&["+49 (0)151 23456789"]).await, with_anna);
    assert_eq!(mei.direct(&["0049 151 23456789"]).await, with_anna);
    let with_digits = mei.direct(&["123456"]).await;
    assert_eq!(mei.direct(&["@123456"]).await, with_digits);
    // A national number is interpreted in the sender's country.
    let ming_in_germany = anna.direct(&["00 86 138 0013 8000"]).await;
    assert_eq!(ming.direct(&["anna"]).await, ming_in_germany);
    for (person, to, status) in [
        (&anna, "13800138000", 404),
        (&mei, "0151 23456789", 404),
        (&mei, "@13800138000", 404),
        (&mei, "@+8613800138000", 404),
        (&mei, "13900139000", 403),
        (&mei, "@mei", 403),
        (&mei, "@", 404),
        (&mei, "@@ming", 404),
        (&mei, "\u{200b}", 404),
    ] {
        let body = json!({"to": [to]});
        let answer = person.json(Method::POST, "/directs", body).await;
        assert_eq!(answer.0, status, "{to}: {}", answer.1);
    }
}
