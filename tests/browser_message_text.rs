//! Message content in Chromium: white space, links, and equal rendering live and after a reload.

use crate::browser::{MING, expect_no_console_errors, server_and_ming};
use crate::support::{Browser, Person, Profile, Teahouse};
use serde_json::json;

/// Returns the HTML and the visible text of the stored messages' bodies.
const BODIES: &str = "const bodies = [...document.querySelectorAll('#messages [data-state=stored] .message-body')].map(e => [e.innerHTML, e.innerText]);";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn content_is_rendered_equally_live_and_after_a_reload() {
    let (server, ming) = server_and_ming().await;
    let ana = Person::register(&server, "Ana").await;
    let own = format!("see {}/rooms/1?at=1", server.url);
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
        ming.wait_for_message(text).await;
        ming.say(text).await;
        ming.wait_until("it is stored", &stored(index * 2 + 2))
            .await;
    }
    let bodies = format!("{BODIES} return bodies");
    let live = ming.script(&bodies).await;
    for (index, body) in live.as_array().expect("a list").iter().enumerate() {
        assert_eq!(body[1], texts[index / 2], "{body}");
    }
    let links = "return document.querySelectorAll('#messages .message-body a').length";
    assert_eq!(ming.script(links).await, 14);
    ming.visit_room("/rooms/1").await;
    assert_eq!(ming.script(&bodies).await, live);
    ming.check_accessibility("texts").await;
    // Editing starts with the stored content.
    ming.say(texts[0]).await;
    ming.wait_until("it is stored", &stored(texts.len() * 2 + 1))
        .await;
    ming.press("#composer-content", thirtyfour::Key::Up).await;
    ming.find("#composer-editing").await;
    let value = "return document.querySelector('#composer-content').value";
    assert_eq!(ming.script(value).await, texts[0]);
    expect_no_console_errors(&[&ming]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn link_to_a_message_opens_without_leaving_the_app() {
    let (server, [ana]) = Teahouse::with_users(["Ana"]).await;
    for n in 1..=70 {
        ana.say(&format!("message {n}")).await;
    }
    let ming = Browser::registered(&server, Profile::English, MING, "Ming").await;
    ana.say(&format!(
        "look: {}/rooms/1?at=5 and https://example.com/",
        server.url
    ))
    .await;
    let targets = "const links = [...document.querySelectorAll('#message-71 a')].map(a => [a.target, a.rel]); return links.length ? links : null";
    let elsewhere = json!(["_blank", "noopener noreferrer nofollow"]);
    let found = ming.wait_until("the links are rendered", targets).await;
    assert_eq!(found, json!([["", ""], elsewhere]));
    ming.click("#message-71 a").await;
    ming.find("#message-5[data-target]").await;
    assert_eq!(ming.path().await, "/rooms/1?at=5");
    assert_eq!(ming.driver.windows().await.expect("windows").len(), 1);
    // The server-rendered page has the same links.
    ming.visit("/rooms/1").await;
    let found = ming.wait_until("the links are rendered", targets).await;
    assert_eq!(found, json!([["", ""], elsewhere]));
}
