//! Two users in Chromium: register, chat, reload, sign out.

use crate::browser_failed_messages::message_contents;
use crate::support::{Browser, Person, Profile, Teahouse};
use std::time::{Duration, Instant};

pub const MING: &str = "+14155552672";
const ANA: &str = "+14155552671";

/// Starts a server and registers Ming in a window.
pub async fn server_and_ming() -> (Teahouse, Browser) {
    let server = Teahouse::start();
    let ming = Browser::registered(&server, Profile::English, MING, "Ming").await;
    (server, ming)
}

pub async fn expect_no_console_errors(browsers: &[&Browser]) {
    for browser in browsers {
        let errors = browser.console_errors().await;
        assert!(errors.is_empty(), "{errors:#?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_users_register_and_chat_live() {
    let server = Teahouse::start();
    let (ming, ana) = tokio::join!(
        Browser::open(&server, Profile::Chinese),
        Browser::open(&server, Profile::English)
    );
    ming.register("13800138000", "明明").await;
    ana.register(ANA, "Ana").await;
    ming.wait_until_connected().await;
    ana.wait_until_connected().await;
    for (from, to, text) in [
        (&ming, &ana, "你好，Ana！🍵👩‍👩‍👧"),
        (&ana, &ming, "hello 明明 👋"),
        (&ming, &ana, "two words"),
    ] {
        let sent = Instant::now();
        from.say(text).await;
        to.wait_for_message(text).await;
        // Includes the driver's time on a machine shared with other tests. One second is the delay that people notice.
        let took = sent.elapsed();
        println!("{text} was shown after {took:?}");
        assert!(took < Duration::from_secs(5), "{text} took {took:?}");
        from.wait_for_message(text).await;
    }
    let wanted = ["你好，Ana！🍵👩‍👩‍👧", "hello 明明 👋", "two words"];
    for browser in [&ming, &ana] {
        browser.reload().await;
        assert_eq!(browser.texts().await, wanted, "after a reload");
    }
    let lines = server.database().transcript();
    let numbers: Vec<_> = lines
        .into_iter()
        .filter_map(|line| line.sender_phone)
        .collect();
    assert_eq!(numbers, ["+8613800138000", ANA, "+8613800138000"]);
    expect_no_console_errors(&[&ming, &ana]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn back_button_after_sign_out_shows_nothing_private() {
    let (_server, ming) = server_and_ming().await;
    ming.post("a private word").await;
    ming.sign_out().await;
    ming.driver.back().await.expect("back");
    let script_ =
        "return location.pathname === '/login' && document.querySelector('#login') !== null";
    ming.wait_until("the login page is shown", script_).await;
    assert!(!ming.source().await.contains("a private word"));
    let storage = ming
        .script("return JSON.stringify([{...localStorage}, {...sessionStorage}])")
        .await;
    assert!(!storage.to_string().contains("a private word"), "{storage}");
    expect_no_console_errors(&[&ming]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn message_form_works_without_scripts() {
    let server = Teahouse::start();
    let ming = Browser::open(&server, Profile::WithoutScripts).await;
    ming.register(MING, "Ming").await;
    ming.fill("#composer-content", "without scripts").await;
    ming.click("#composer button[type=submit]").await;
    ming.find("#message-1").await;
    assert!(ming.source().await.contains("without scripts"));
    assert!(ming.path().await.starts_with("/rooms/1"));
    // An error is shown and the entered text is kept.
    ming.click("#composer button[type=submit]").await;
    ming.find("#composer-error").await;
    ming.fill("#composer-content", "and again").await;
    ming.click("#composer button[type=submit]").await;
    ming.find("#message-2").await;
    assert_eq!(message_contents(&server), ["without scripts", "and again"]);
    ming.sign_out().await;
    ming.driver.back().await.expect("back");
    ming.find("#login").await;
    assert!(!ming.source().await.contains("without scripts"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn chinese_browser_gets_the_chinese_interface() {
    let server = Teahouse::start();
    let (chinese, english) = tokio::join!(
        Browser::open(&server, Profile::Chinese),
        Browser::open(&server, Profile::English)
    );
    for (browser, lang, word) in [(&chinese, "zh-CN", "登录"), (&english, "en-US", "Sign in")] {
        browser.visit("/login").await;
        let found = browser.script("return document.documentElement.lang").await;
        assert_eq!(found, lang);
        let value = browser.script("return document.body.innerText").await;
        let text = value.to_string();
        assert!(text.contains(word), "{text}");
    }
    chinese.visit("/register").await;
    chinese.fill("#phone", "12").await;
    chinese.click("#register button[type=submit]").await;
    let sentence = chinese.text_of("#phone-error").await;
    let is_found = sentence
        .chars()
        .any(|c| ('\u{4e00}'..='\u{9fff}').contains(&c));
    assert!(is_found, "{sentence}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lost_connection_is_detected_and_no_message_is_lost_or_duplicated() {
    let (mut server, ming) = server_and_ming().await;
    ming.post("before").await;
    server.kill();
    ming.wait_until_offline().await;
    ming.say("meanwhile").await;
    ming.find("#messages .message[data-state=pending]").await;
    server.restart();
    let ana = Person::register(&server, "Ana").await;
    ana.say("from the other side").await;
    ming.wait_until_connected().await;
    ming.wait_for_message("meanwhile").await;
    ming.wait_for_message("from the other side").await;
    ming.post("after").await;
    let contents = message_contents(&server);
    assert_eq!(contents.len(), 4, "{contents:?}");
    let found = ming.texts().await;
    assert_eq!(found, contents, "stored, in order, without duplicates");
    let left = ming.script("return document.querySelectorAll('#messages [data-state=pending], #messages [data-state=failed]').length").await;
    assert_eq!(left, 0);
    expect_no_console_errors(&[&ming]).await;
}
