//! A room in Chromium: writing, reading, who is here.

use crate::browser::{MING, nothing_to_complain_about};
use crate::support::{Browser, LOBBY, Person, Profile, Teahouse, eventually, leads_to};
use serde_json::json;

/// Is the newest message in sight? Asked without knowing how the page scrolls.
const AT_THE_END: &str = "const last = [...document.querySelectorAll('#messages article')].at(-1); \
    return last.getBoundingClientRect().bottom - document.querySelector('#log').getBoundingClientRect().bottom < 100";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refused_message_can_be_tried_again() {
    let house = Teahouse::with(&[
        ("TEAHOUSE__THROTTLE__ENABLED", "true"),
        ("TEAHOUSE__MESSAGES__BURST", "2"),
        ("TEAHOUSE__MESSAGES__POSTS_PER_SECOND", "1"),
    ]);
    let ming = Browser::open(&house, Profile::English).await;
    ming.register(MING, "Ming").await;
    ming.connected().await;
    let texts = ["one", "two", "three", "four"];
    for text in texts {
        ming.say(text).await;
    }
    // Whether the page waits or is told to, in the end all of it is there once, perhaps after "Try again".
    eventually("all four are stored", || async {
        ming.script("document.querySelector('#messages [data-action=retry]')?.click()")
            .await;
        (house.count("messages") == 4).then_some(())
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
    field
        .send_keys(thirtyfour::Key::Shift + thirtyfour::Key::Enter + "")
        .await
        .expect("typed");
    field.send_keys("second line").await.expect("typed");
    // An input method that is composing: its Enter belongs to it.
    ming.cdp(
        "Input.imeSetComposition",
        json!({"text": "cha", "selectionStart": 3, "selectionEnd": 3}),
    )
    .await;
    let enter = json!({"type": "rawKeyDown", "key": "Process", "code": "Enter", "windowsVirtualKeyCode": 229, "nativeVirtualKeyCode": 229});
    ming.cdp("Input.dispatchKeyEvent", enter).await;
    ming.cdp("Input.insertText", json!({"text": " 茶"})).await;
    assert_eq!(house.count("messages"), 0);
    field
        .send_keys(thirtyfour::Key::Enter + "")
        .await
        .expect("sent");
    ming.find("#message-1[data-state=stored]").await;
    assert_eq!(
        house.database().transcript()[0].content,
        "first line\nsecond line 茶"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_reader_is_not_carried_away_from_what_they_read() {
    let (house, [ana]) = Teahouse::with_people(["Ana"]).await;
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
    ming.until("it is at the end", AT_THE_END).await;
    // Following.
    ana.say("message 161").await;
    ming.sees("message 161").await;
    ming.until("it follows", AT_THE_END).await;
    // Older messages come without the page jumping: what was on top stays where it was.
    let script = "const m = document.querySelector('#message-113'); m.scrollIntoView(); return m.getBoundingClientRect().top";
    let top = ming.script(script).await.as_f64().expect("a number");
    ming.find("#message-63").await;
    let now = ming.until("it stands still", "const m = document.querySelector('#message-113'); return m.getBoundingClientRect().top").await;
    assert!(
        (now.as_f64().expect("a number") - top).abs() < 150.0,
        "it jumped from {top} to {now}"
    );
    // Not following: a button instead.
    ana.say("message 162").await;
    ming.sees("message 162").await;
    let pill = ming.find("#jump-to-latest:not([hidden])").await;
    assert!(pill.text().await.expect("text").contains('1'));
    pill.click().await.expect("clicked");
    ming.until("it is at the end again", AT_THE_END).await;
    let seqs = ming.script("return [...document.querySelectorAll('#messages article[data-seq]')].map(m => Number(m.dataset.seq))").await;
    let seqs: Vec<u64> = serde_json::from_value(seqs).expect("numbers");
    assert!(
        seqs.windows(2).all(|pair| pair[1] == pair[0] + 1),
        "{seqs:?}"
    );
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
    ming.until("Ana joined", &format!("{text}.includes('Ana joined')"))
        .await;
    ming.find("#people-list [data-user-id]:nth-child(2)").await;
    socket.cut();
    ming.until("Ana left", &format!("{text}.includes('Ana left')"))
        .await;
    assert_eq!(house.count("messages"), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_people_write_runs_nowhere_even_without_the_policy() {
    let (house, [ana]) = Teahouse::with_people(["Ana"]).await;
    let attacks = [
        "<script>window.hacked = 1</script>",
        "<img src=x onerror=\"window.hacked = 2\">",
        "https://example.com/\"onmouseover=\"window.hacked=3",
    ];
    ana.say(attacks[0]).await;
    let ming = Browser::open(&house, Profile::English).await;
    ming.cdp("Page.enable", json!({})).await;
    ming.cdp("Page.setBypassCSP", json!({"enabled": true}))
        .await;
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
    let (house, [ana]) = Teahouse::with_people(["Ana"]).await;
    ana.say("see https://example.com/ for tea").await;
    let ming = Browser::open(&house, Profile::English).await;
    for path in ["/login", "/register"] {
        ming.visit(path).await;
        ming.suits_everybody(path).await;
    }
    ming.fill("#phone", "12").await;
    ming.click("#register button[type=submit]").await;
    ming.find("#phone-error").await;
    ming.suits_everybody("/register with mistakes").await;
    ming.visit("/nowhere").await;
    ming.suits_everybody("not found").await;
    ming.register(MING, "Ming").await;
    ming.connected().await;
    ming.say("hello").await;
    ming.sees("hello").await;
    ming.suits_everybody("the room").await;
    nothing_to_complain_about(&[&ming]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn signing_out_elsewhere_reaches_the_open_page() {
    let house = Teahouse::start();
    let ming = Browser::open(&house, Profile::English).await;
    ming.register(MING, "Ming").await;
    ming.connected().await;
    let here = Person::visitor(&house);
    let cookie = ming
        .driver
        .get_named_cookie("teahouse")
        .await
        .expect("a cookie")
        .value;
    here.set_cookie(&format!("teahouse={cookie}"));
    assert_eq!(leads_to(&here.sign_out().await), (303, "/login"));
    ming.find("#login").await;
}
