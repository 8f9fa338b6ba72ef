//! Texts of messages in Chromium: white space, links, and the same live as after a reload.

use crate::browser::{MING, nothing_to_complain_about};
use crate::support::{Browser, Person, Profile, Teahouse};
use serde_json::json;

/// The stored messages' bodies: their HTML and the text that a reader sees.
const BODIES: &str = "const bodies = [...document.querySelectorAll('#messages [data-state=stored] .message-body')].map(e => [e.innerHTML, e.innerText]);";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_text_is_the_same_live_and_after_a_reload() {
    let house = Teahouse::start();
    let ming = Browser::open(&house, Profile::English).await;
    ming.register(MING, "Ming").await;
    ming.connected().await;
    let ana = Person::register(&house, "Ana").await;
    let own = format!("see {}/rooms/1?at=1", house.url);
    let texts = [
        "fn main() {\n\tlet  a = 1;\n\n\n    let b\t= 2;\n}",
        "a   b\tc    d",
        "HTTPS://Example.com/A and https://example.com/b",
        "www.example.com, mei@example.com",
        "看https://example.com/a这个网站，https://zh.wikipedia.org/wiki/茶。",
        "https://bank.example@evil.example",
        "@Ming hi, @Mingo",
        &own,
        &"x".repeat(300),
    ];
    let stored = |count: usize| format!("{BODIES} return bodies.length === {count}");
    for (index, text) in texts.into_iter().enumerate() {
        ana.say(text).await;
        ming.sees(text).await;
        ming.say(text).await;
        ming.until("it is stored", &stored(index * 2 + 2)).await;
    }
    let bodies = format!("{BODIES} return bodies");
    let live = ming.script(&bodies).await;
    for (index, body) in live.as_array().expect("a list").iter().enumerate() {
        assert_eq!(body[1], texts[index / 2], "{body}");
    }
    let links = "return document.querySelectorAll('#messages .message-body a').length";
    assert_eq!(ming.script(links).await, 14);
    ming.visit("/rooms/1").await;
    ming.connected().await;
    assert_eq!(ming.script(&bodies).await, live);
    ming.suits_everybody("texts").await;
    // Changing a message begins with what was written.
    let field = ming.find("#composer-content").await;
    ming.say(texts[0]).await;
    ming.until("it is stored", &stored(texts.len() * 2 + 1))
        .await;
    field
        .send_keys(thirtyfour::Key::Up + "")
        .await
        .expect("pressed");
    ming.find("#composer-editing").await;
    let value = "return document.querySelector('#composer-content').value";
    assert_eq!(ming.script(value).await, texts[0]);
    nothing_to_complain_about(&[&ming]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_link_to_a_message_of_ours_opens_in_place() {
    let (house, [ana]) = Teahouse::with_people(["Ana"]).await;
    for n in 1..=70 {
        ana.say(&format!("message {n}")).await;
    }
    let ming = Browser::open(&house, Profile::English).await;
    ming.register(MING, "Ming").await;
    ming.connected().await;
    ana.say(&format!(
        "look: {}/rooms/1?at=5 and https://example.com/",
        house.url
    ))
    .await;
    let targets = "const links = [...document.querySelectorAll('#message-71 a')].map(a => [a.target, a.rel]); return links.length ? links : null";
    let elsewhere = json!(["_blank", "noopener noreferrer nofollow"]);
    assert_eq!(
        ming.until("the links are there", targets).await,
        json!([["", ""], elsewhere])
    );
    ming.click("#message-71 a").await;
    ming.find("#message-5[data-target]").await;
    assert_eq!(ming.path().await, "/rooms/1?at=5");
    assert_eq!(ming.driver.windows().await.expect("windows").len(), 1);
    // The page as the server writes it says the same.
    ming.visit("/rooms/1").await;
    assert_eq!(
        ming.until("the links are there", targets).await,
        json!([["", ""], elsewhere])
    );
}
