//! A room in Chromium: writing, reading, presence.

use crate::browser::{MING, expect_no_console_errors, server_and_ming};
use crate::support::{Browser, LOBBY, Person, Profile, Teahouse, redirect, until};
use serde_json::json;

/// Tests whether the newest message is visible, independent of the scrolling implementation.
const AT_THE_END: &str = "const last = [...document.querySelectorAll('#messages article')].at(-1); \
    return last.getBoundingClientRect().bottom - document.querySelector('#log').getBoundingClientRect().bottom < 100";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rejected_message_can_be_retried() {
    let server =
        Teahouse::configured("throttle.enabled=true messages.burst=2 messages.posts_per_second=1");
    let ming = Browser::registered(&server, Profile::English, MING, "Ming").await;
    let texts = ["one", "two", "three", "four"];
    for text in texts {
        ming.say(text).await;
    }
    // Rate-limited messages are sent automatically or by "Try again"; in the end each is stored once.
    until("all four are stored", async || {
        ming.script("document.querySelector('#messages [data-action=retry]')?.click()")
            .await;
        server.count("messages") == 4
    })
    .await;
    for text in texts {
        ming.wait_for_message(text).await;
    }
    assert_eq!(ming.texts().await.len(), 4);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn shift_enter_inserts_a_line_break_and_enter_during_composition_does_not_send() {
    let (server, ming) = server_and_ming().await;
    let field = ming.find("#composer-content").await;
    field.send_keys("first line").await.expect("typed");
    field
        .send_keys(thirtyfour::Key::Shift + thirtyfour::Key::Enter + "")
        .await
        .expect("typed");
    field.send_keys("second line").await.expect("typed");
    // Enter belongs to the input method while it is composing.
    ming.cdp(
        "Input.imeSetComposition",
        json!({"text": "cha", "selectionStart": 3, "selectionEnd": 3}),
    )
    .await;
    let enter = json!({"type": "rawKeyDown", "key": "Process", "code": "Enter", "windowsVirtualKeyCode": 229, "nativeVirtualKeyCode": 229});
    ming.cdp("Input.dispatchKeyEvent", enter).await;
    ming.cdp("Input.insertText", json!({"text": " 茶"})).await;
    assert_eq!(server.count("messages"), 0);
    ming.press("#composer-content", thirtyfour::Key::Enter)
        .await;
    ming.find("#message-1[data-state=stored]").await;
    let lines = server.database().transcript();
    assert_eq!(lines[0].content, "first line\nsecond line 茶");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn scroll_position_is_kept_while_reading_history() {
    let (server, [ana]) = Teahouse::with_users(["Ana"]).await;
    let mut socket = ana.socket().await;
    for n in 1..=160 {
        socket.post(LOBBY, &format!("message {n}")).await;
    }
    for _ in 0..160 {
        socket.expect("ack").await;
    }
    let ming = Browser::registered(&server, Profile::English, MING, "Ming").await;
    ming.wait_until("it is at the end", AT_THE_END).await;
    // At the end, the list follows new messages.
    ana.say("message 161").await;
    ming.wait_for_message("message 161").await;
    ming.wait_until("it follows", AT_THE_END).await;
    // Loading older messages keeps the visible messages in place.
    let script = "const m = document.querySelector('#message-113'); m.scrollIntoView(); return m.getBoundingClientRect().top";
    let top = ming.script(script).await.as_f64().expect("a number");
    ming.find("#message-63").await;
    let now = ming.wait_until("scrolling has stopped", "const m = document.querySelector('#message-113'); return m.getBoundingClientRect().top").await;
    let is_expected = (now.as_f64().expect("a number") - top).abs() < 150.0;
    assert!(is_expected, "it moved from {top} to {now}");
    // Away from the end, a button appears instead.
    ana.say("message 162").await;
    ming.wait_for_message("message 162").await;
    let pill = ming.find("#jump-to-latest:not([hidden])").await;
    assert!(pill.text().await.expect("text").contains('1'));
    pill.click().await.expect("clicked");
    ming.wait_until("it is at the end again", AT_THE_END).await;
    let seqs = ming.script("return [...document.querySelectorAll('#messages article[data-seq]')].map(m => Number(m.dataset.seq))").await;
    let seqs: Vec<u64> = serde_json::from_value(seqs).expect("numbers");
    let all_match = seqs.windows(2).all(|pair| pair[1] == pair[0] + 1);
    assert!(all_match, "{seqs:?}");
    expect_no_console_errors(&[&ming]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn joining_and_leaving_are_announced_to_screen_readers() {
    let (server, ming) = server_and_ming().await;
    let ana = Person::register(&server, "Ana").await;
    let mut socket = ana.socket().await;
    let text = "return document.querySelector('#log').innerText";
    socket.view(LOBBY).await;
    ming.wait_until("Ana joined", &format!("{text}.includes('Ana joined')"))
        .await;
    ming.find("#people-list [data-user-id]:nth-child(2)").await;
    socket.abort();
    ming.wait_until("Ana left", &format!("{text}.includes('Ana left')"))
        .await;
    assert_eq!(server.count("messages"), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn message_content_never_executes_even_without_csp() {
    let (server, [ana]) = Teahouse::with_users(["Ana"]).await;
    let attacks = [
        "<script>window.hacked = 1</script>",
        "<img src=x onerror=\"window.hacked = 2\">",
        "https://example.com/\"onmouseover=\"window.hacked=3",
    ];
    ana.say(attacks[0]).await;
    let ming = Browser::open(&server, Profile::English).await;
    ming.cdp("Page.enable", json!({})).await;
    ming.cdp("Page.setBypassCSP", json!({"enabled": true}))
        .await;
    ming.register(MING, "Ming").await;
    ming.wait_until_connected().await;
    for attack in &attacks[1..] {
        ana.say(attack).await;
    }
    ming.say("<b onclick=x>bold</b>").await;
    for shown in attacks.iter().chain(&["<b onclick=x>bold</b>"]) {
        ming.wait_for_message(shown).await;
    }
    let script = "document.querySelectorAll('#messages *').forEach(e => e.dispatchEvent(new MouseEvent('mouseover', {bubbles: true}))); \
        return [window.hacked ?? null, document.querySelectorAll('#messages script, #messages img, #messages b').length]";
    assert_eq!(ming.script(script).await, json!([null, 0]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_page_is_accessible_in_each_size_and_color_scheme() {
    let (server, [ana]) = Teahouse::with_users(["Ana"]).await;
    ana.say("see https://example.com/ for tea").await;
    let ming = Browser::open(&server, Profile::English).await;
    for path in ["/login", "/register"] {
        ming.visit(path).await;
        ming.check_accessibility(path).await;
    }
    ming.fill("#phone", "12").await;
    ming.click("#register button[type=submit]").await;
    ming.find("#phone-error").await;
    ming.check_accessibility("/register with errors").await;
    ming.visit("/nowhere").await;
    ming.check_accessibility("not found").await;
    ming.register(MING, "Ming").await;
    ming.wait_until_connected().await;
    ming.post("hello").await;
    ming.check_accessibility("the room").await;
    expect_no_console_errors(&[&ming]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn revoked_session_redirects_the_open_page() {
    let (server, ming) = server_and_ming().await;
    let here = Person::visitor(&server);
    let cookie = ming
        .driver
        .get_named_cookie("teahouse")
        .await
        .expect("a cookie")
        .value;
    here.set_cookie(&format!("teahouse={cookie}"));
    assert_eq!(redirect(&here.sign_out().await), "303 /login");
    ming.find("#login").await;
}
