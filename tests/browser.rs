//! Two people in Chromium: the whole story, as they see it.

use crate::support::{Browser, LOBBY, Person, Profile, Teahouse, eventually, leads_to};
use serde_json::json;
use std::time::{Duration, Instant};

const MING: &str = "+8613800138000";
const ANA: &str = "+14155552671";

async fn nothing_to_complain_about(browsers: &[&Browser]) {
    for browser in browsers {
        let complaints = browser.complaints().await;
        assert!(complaints.is_empty(), "{complaints:#?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_people_register_and_talk_to_each_other_live() {
    let house = Teahouse::start();
    let (ming, ana) = tokio::join!(Browser::open(&house, Profile::Chinese), Browser::open(&house, Profile::English));
    ming.register("13800138000", "明明").await;
    ana.register(ANA, "Ana").await;
    ming.connected().await;
    ana.connected().await;
    for (from, to, text) in [(&ming, &ana, "你好，Ana！🍵👩‍👩‍👧"), (&ana, &ming, "hello 明明 👋"), (&ming, &ana, "two words")] {
        let sent = Instant::now();
        from.say(text).await;
        to.sees(text).await;
        let took = sent.elapsed();
        assert!(took < Duration::from_secs(1), "{text} took {took:?}");
        from.sees(text).await;
    }
    let wanted = ["你好，Ana！🍵👩‍👩‍👧", "hello 明明 👋", "two words"];
    for browser in [&ming, &ana] {
        browser.driver.refresh().await.expect("reloaded");
        browser.connected().await;
        assert_eq!(browser.texts().await, wanted, "after reloading");
    }
    let numbers: Vec<_> = house.database().transcript().into_iter().filter_map(|line| line.sender_phone).collect();
    assert_eq!(numbers, [MING, ANA, MING]);
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
    ming.until("the door is shown again", "return location.pathname === '/login' && document.querySelector('#login') !== null").await;
    let source = ming.driver.source().await.expect("a page");
    assert!(!source.contains("a private word"));
    let kept = ming.script("return JSON.stringify([{...localStorage}, {...sessionStorage}])").await;
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
    let texts: Vec<_> = house.database().transcript().into_iter().map(|line| line.content).collect();
    assert_eq!(texts, ["without scripts", "and again"]);
    ming.click("form[action='/logout'] button").await;
    ming.find("#login").await;
    ming.driver.back().await.expect("back");
    ming.find("#login").await;
    assert!(!ming.driver.source().await.expect("a page").contains("without scripts"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_chinese_browser_sees_chinese() {
    let house = Teahouse::start();
    let (chinese, english) = tokio::join!(Browser::open(&house, Profile::Chinese), Browser::open(&house, Profile::English));
    for (browser, lang, word) in [(&chinese, "zh-CN", "登录"), (&english, "en-US", "Sign in")] {
        browser.visit("/login").await;
        assert_eq!(browser.script("return document.documentElement.lang").await, lang);
        let text = browser.script("return document.body.innerText").await.to_string();
        assert!(text.contains(word), "{text}");
    }
    chinese.visit("/register").await;
    chinese.fill("#phone", "12").await;
    chinese.click("#register button[type=submit]").await;
    let sentence = chinese.find("#phone-error").await.text().await.expect("text");
    assert!(sentence.chars().any(|c| ('\u{4e00}'..='\u{9fff}').contains(&c)), "{sentence}");
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
    ming.find("#connection[data-state=reconnecting], #connection[data-state=offline]").await;
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
    let said: Vec<_> = house.database().transcript().into_iter().map(|line| line.content).collect();
    assert_eq!(said.len(), 4, "{said:?}");
    assert_eq!(ming.texts().await, said, "as it is stored, in order, each once");
    let left = ming.script("return document.querySelectorAll('#messages [data-state=pending], #messages [data-state=failed]').length").await;
    assert_eq!(left, 0);
    nothing_to_complain_about(&[&ming]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refused_message_can_be_tried_again() {
    let house = Teahouse::with(&[("TEAHOUSE__THROTTLE__ENABLED", "true"), ("TEAHOUSE__MESSAGES__BURST", "2"), ("TEAHOUSE__MESSAGES__POSTS_PER_SECOND", "1")]);
    let ming = Browser::open(&house, Profile::English).await;
    ming.register(MING, "Ming").await;
    ming.connected().await;
    let texts = ["one", "two", "three", "four"];
    for text in texts {
        ming.say(text).await;
    }
    // Whether the page waits or is told to, in the end all of it is there once, perhaps after "Try again".
    eventually("all four are stored", || async {
        ming.script("document.querySelector('#messages [data-action=retry]')?.click()").await;
        (house.database().number("SELECT COUNT(*) AS value FROM messages") == 4).then_some(())
    })
    .await;
    for text in texts {
        ming.sees(text).await;
    }
    assert_eq!(ming.texts().await.len(), 4);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn shift_enter_breaks_the_line_and_an_input_methods_enter_does_not_send() {
    let house = Teahouse::start();
    let ming = Browser::open(&house, Profile::English).await;
    ming.register(MING, "Ming").await;
    ming.connected().await;
    let field = ming.find("#composer-content").await;
    field.send_keys("first line").await.expect("typed");
    field.send_keys(thirtyfour::Key::Shift + thirtyfour::Key::Enter + "").await.expect("typed");
    field.send_keys("second line").await.expect("typed");
    // An input method that is composing: its Enter belongs to it.
    ming.cdp("Input.imeSetComposition", json!({"text": "cha", "selectionStart": 3, "selectionEnd": 3})).await;
    let enter = json!({"type": "rawKeyDown", "key": "Process", "code": "Enter", "windowsVirtualKeyCode": 229, "nativeVirtualKeyCode": 229});
    ming.cdp("Input.dispatchKeyEvent", enter).await;
    ming.cdp("Input.insertText", json!({"text": " 茶"})).await;
    assert_eq!(house.database().number("SELECT COUNT(*) AS value FROM messages"), 0);
    field.send_keys(thirtyfour::Key::Enter + "").await.expect("sent");
    ming.find("#message-1[data-state=stored]").await;
    assert_eq!(house.database().transcript()[0].content, "first line\nsecond line 茶");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_reader_is_not_carried_away_from_what_they_read() {
    let house = Teahouse::start();
    let ana = Person::register(&house, "Ana").await;
    let mut socket = ana.socket().await;
    for n in 1..=160 {
        socket.post(LOBBY, &format!("message {n}")).await;
    }
    for _ in 0..160 {
        socket.expect("ack").await;
    }
    let ming = Browser::open(&house, Profile::English).await;
    ming.register(MING, "Ming").await;
    ming.connected().await;
    ming.until("it is at the end", "const l = document.querySelector('#log'); return l.scrollHeight - l.clientHeight - l.scrollTop < 100").await;
    // Following.
    ana.say("message 161").await;
    ming.sees("message 161").await;
    ming.until("it follows", "const l = document.querySelector('#log'); return l.scrollHeight - l.clientHeight - l.scrollTop < 100").await;
    // Older messages come without the page jumping: what was on top stays where it was.
    let script = "const l = document.querySelector('#log'); const m = document.querySelector('#message-113'); \
        l.scrollTop = 0; window.dispatchEvent(new Event('scroll')); return m.getBoundingClientRect().top";
    let top = ming.script(script).await.as_f64().expect("a number");
    ming.find("#message-63").await;
    let now = ming.until("it stands still", "const m = document.querySelector('#message-113'); return m.getBoundingClientRect().top").await;
    assert!((now.as_f64().expect("a number") - top).abs() < 150.0, "it jumped from {top} to {now}");
    // Not following: a button instead.
    ana.say("message 162").await;
    ming.sees("message 162").await;
    let pill = ming.find("#pill:not([hidden])").await;
    assert!(pill.text().await.expect("text").contains('1'));
    pill.click().await.expect("clicked");
    ming.until("it is at the end again", "const l = document.querySelector('#log'); return l.scrollHeight - l.clientHeight - l.scrollTop < 100").await;
    let seqs = ming.script("return [...document.querySelectorAll('#messages article[data-seq]')].map(m => Number(m.dataset.seq))").await;
    let seqs: Vec<u64> = serde_json::from_value(seqs).expect("numbers");
    assert!(seqs.windows(2).all(|pair| pair[1] == pair[0] + 1), "{seqs:?}");
    nothing_to_complain_about(&[&ming]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_comes_and_goes_is_said_quietly() {
    let house = Teahouse::start();
    let ming = Browser::open(&house, Profile::English).await;
    ming.register(MING, "Ming").await;
    ming.connected().await;
    let ana = Person::register(&house, "Ana").await;
    let mut socket = ana.socket().await;
    let text = "return document.querySelector('#log').innerText";
    socket.send(json!({"type": "view", "roomId": LOBBY})).await;
    ming.until("Ana came in", &format!("{text}.includes('Ana came in')")).await;
    ming.find("#people-list [data-user-id]:nth-child(2)").await;
    socket.cut();
    ming.until("Ana left", &format!("{text}.includes('Ana left')")).await;
    assert_eq!(house.database().number("SELECT COUNT(*) AS value FROM messages"), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_people_write_runs_nowhere_even_without_the_policy() {
    let house = Teahouse::start();
    let ana = Person::register(&house, "Ana").await;
    let attacks = ["<script>window.hacked = 1</script>", "<img src=x onerror=\"window.hacked = 2\">", "https://example.com/\"onmouseover=\"window.hacked=3"];
    ana.say(attacks[0]).await;
    let ming = Browser::open(&house, Profile::English).await;
    ming.cdp("Page.enable", json!({})).await;
    ming.cdp("Page.setBypassCSP", json!({"enabled": true})).await;
    ming.register(MING, "Ming").await;
    ming.connected().await;
    for attack in &attacks[1..] {
        ana.say(attack).await;
    }
    ming.say("<b onclick=x>bold</b>").await;
    for shown in attacks.iter().chain(&["<b onclick=x>bold</b>"]) {
        ming.sees(shown).await;
    }
    let script = "document.querySelectorAll('#messages *').forEach(e => e.dispatchEvent(new MouseEvent('mouseover', {bubbles: true}))); \
        return [window.hacked ?? null, document.querySelectorAll('#messages script, #messages img, #messages b').length]";
    assert_eq!(ming.script(script).await, json!([null, 0]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everybody_can_use_every_page_light_and_dark_small_and_large() {
    let house = Teahouse::start();
    let ana = Person::register(&house, "Ana").await;
    ana.say("see https://example.com/ for tea").await;
    let ming = Browser::open(&house, Profile::English).await;
    let check = async |what: &str| {
        for (width, height) in [(1280, 800), (390, 844)] {
            for scheme in ["light", "dark"] {
                ming.resize(width, height, scheme).await;
                let found = ming.axe().await;
                assert!(found.is_empty(), "{what}, {width}, {scheme}: {found:#?}");
                let wide = ming.script("return document.documentElement.scrollWidth - window.innerWidth").await;
                assert!(wide.as_i64() <= Some(0), "{what} is {wide} pixels too wide at {width}");
            }
        }
    };
    for path in ["/login", "/register"] {
        ming.visit(path).await;
        check(path).await;
    }
    ming.fill("#phone", "12").await;
    ming.click("#register button[type=submit]").await;
    ming.find("#phone-error").await;
    check("/register with mistakes").await;
    ming.visit("/nowhere").await;
    check("not found").await;
    ming.register(MING, "Ming").await;
    ming.connected().await;
    ming.say("hello").await;
    ming.sees("hello").await;
    check("the room").await;
    nothing_to_complain_about(&[&ming]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn signing_out_elsewhere_reaches_the_open_page() {
    let house = Teahouse::start();
    let ming = Browser::open(&house, Profile::English).await;
    ming.register(MING, "Ming").await;
    ming.connected().await;
    let here = Person::visitor(&house);
    let cookie = ming.driver.get_named_cookie("teahouse").await.expect("a cookie").value;
    here.set_cookie(&format!("teahouse={cookie}"));
    assert_eq!(leads_to(&here.sign_out().await), (303, "/login"));
    ming.find("#login").await;
}
