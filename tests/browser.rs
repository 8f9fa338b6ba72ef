//! Two people in Chromium: the whole story, as they see it.

use crate::support::{Browser, Person, Profile, Teahouse};
use std::time::{Duration, Instant};

pub const MING: &str = "+14155552672";
const ANA: &str = "+14155552671";

pub async fn nothing_to_complain_about(browsers: &[&Browser]) {
    for browser in browsers {
        let complaints = browser.complaints().await;
        assert!(complaints.is_empty(), "{complaints:#?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_people_register_and_talk_to_each_other_live() {
    let house = Teahouse::start();
    let (ming, ana) = tokio::join!(
        Browser::open(&house, Profile::Chinese),
        Browser::open(&house, Profile::English)
    );
    ming.register("13800138000", "明明").await;
    ana.register(ANA, "Ana").await;
    ming.connected().await;
    ana.connected().await;
    for (from, to, text) in [
        (&ming, &ana, "你好，Ana！🍵👩‍👩‍👧"),
        (&ana, &ming, "hello 明明 👋"),
        (&ming, &ana, "two words"),
    ] {
        let sent = Instant::now();
        from.say(text).await;
        to.sees(text).await;
        // Written, sent, stored, delivered and found again by a driver that shares the machine with other tests; a second
        // is what a person notices.
        let took = sent.elapsed();
        println!("{text} was there after {took:?}");
        assert!(took < Duration::from_secs(5), "{text} took {took:?}");
        from.sees(text).await;
    }
    let wanted = ["你好，Ana！🍵👩‍👩‍👧", "hello 明明 👋", "two words"];
    for browser in [&ming, &ana] {
        browser.driver.refresh().await.expect("reloaded");
        browser.connected().await;
        assert_eq!(browser.texts().await, wanted, "after reloading");
    }
    let numbers: Vec<_> = house
        .database()
        .transcript()
        .into_iter()
        .filter_map(|line| line.sender_phone)
        .collect();
    assert_eq!(numbers, ["+8613800138000", ANA, "+8613800138000"]);
    nothing_to_complain_about(&[&ming, &ana]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_signing_out_going_back_shows_nothing_private() {
    let house = Teahouse::start();
    let ming = Browser::open(&house, Profile::English).await;
    ming.register(MING, "Ming").await;
    ming.connected().await;
    ming.say("a private word").await;
    ming.sees("a private word").await;
    ming.click("form[action='/logout'] button").await;
    ming.find("#login").await;
    ming.driver.back().await.expect("back");
    ming.until(
        "the door is shown again",
        "return location.pathname === '/login' && document.querySelector('#login') !== null",
    )
    .await;
    let source = ming.driver.source().await.expect("a page");
    assert!(!source.contains("a private word"));
    let kept = ming
        .script("return JSON.stringify([{...localStorage}, {...sessionStorage}])")
        .await;
    assert!(!kept.to_string().contains("a private word"), "{kept}");
    nothing_to_complain_about(&[&ming]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn somebody_without_scripts_posts_by_the_form() {
    let house = Teahouse::start();
    let ming = Browser::open(&house, Profile::WithoutScripts).await;
    ming.register(MING, "Ming").await;
    ming.fill("#composer-content", "without scripts").await;
    ming.click("#composer button[type=submit]").await;
    ming.find("#message-1").await;
    let page = ming.driver.source().await.expect("a page");
    assert!(page.contains("without scripts"));
    assert!(ming.path().await.starts_with("/rooms/1"));
    // A mistake is shown, and what was typed is still there.
    ming.click("#composer button[type=submit]").await;
    ming.find("#composer-error").await;
    ming.fill("#composer-content", "and again").await;
    ming.click("#composer button[type=submit]").await;
    ming.find("#message-2").await;
    let texts: Vec<_> = house
        .database()
        .transcript()
        .into_iter()
        .map(|line| line.content)
        .collect();
    assert_eq!(texts, ["without scripts", "and again"]);
    ming.click("form[action='/logout'] button").await;
    ming.find("#login").await;
    ming.driver.back().await.expect("back");
    ming.find("#login").await;
    assert!(
        !ming
            .driver
            .source()
            .await
            .expect("a page")
            .contains("without scripts")
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_chinese_browser_sees_chinese() {
    let house = Teahouse::start();
    let (chinese, english) = tokio::join!(
        Browser::open(&house, Profile::Chinese),
        Browser::open(&house, Profile::English)
    );
    for (browser, lang, word) in [(&chinese, "zh-CN", "登录"), (&english, "en-US", "Sign in")] {
        browser.visit("/login").await;
        assert_eq!(
            browser.script("return document.documentElement.lang").await,
            lang
        );
        let text = browser
            .script("return document.body.innerText")
            .await
            .to_string();
        assert!(text.contains(word), "{text}");
    }
    chinese.visit("/register").await;
    chinese.fill("#phone", "12").await;
    chinese.click("#register button[type=submit]").await;
    let sentence = chinese
        .find("#phone-error")
        .await
        .text()
        .await
        .expect("text");
    assert!(
        sentence
            .chars()
            .any(|c| ('\u{4e00}'..='\u{9fff}').contains(&c)),
        "{sentence}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lost_connection_is_noticed_and_nothing_is_lost_or_doubled() {
    let mut house = Teahouse::start();
    let ming = Browser::open(&house, Profile::English).await;
    ming.register(MING, "Ming").await;
    ming.connected().await;
    ming.say("before").await;
    ming.sees("before").await;
    house.kill9();
    ming.find("#connection[data-state=reconnecting], #connection[data-state=offline]")
        .await;
    ming.say("meanwhile").await;
    ming.find("#messages .message[data-state=pending]").await;
    house.start_again();
    let ana = Person::register(&house, "Ana").await;
    ana.say("from the other side").await;
    ming.connected().await;
    ming.sees("meanwhile").await;
    ming.sees("from the other side").await;
    ming.say("after").await;
    ming.sees("after").await;
    let said: Vec<_> = house
        .database()
        .transcript()
        .into_iter()
        .map(|line| line.content)
        .collect();
    assert_eq!(said.len(), 4, "{said:?}");
    assert_eq!(
        ming.texts().await,
        said,
        "as it is stored, in order, each once"
    );
    let left = ming.script("return document.querySelectorAll('#messages [data-state=pending], #messages [data-state=failed]').length").await;
    assert_eq!(left, 0);
    nothing_to_complain_about(&[&ming]).await;
}
