//! Signing out with something unsent, and drafts, in Chromium.

use crate::browser::{MING, nothing_to_complain_about};
use crate::browser_unsent::{DRAFT, draft_is, ming_at, said};
use crate::support::{Browser, Network, Profile, Teahouse, eventually};

/// A house that lets one message through each second.
fn slow_house() -> Teahouse {
    Teahouse::with(&[
        ("TEAHOUSE__THROTTLE__ENABLED", "true"),
        ("TEAHOUSE__MESSAGES__BURST", "1"),
        ("TEAHOUSE__MESSAGES__POSTS_PER_SECOND", "1"),
    ])
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn signing_out_with_waiting_messages_sends_them_first() {
    let house = slow_house();
    let ming = ming_at(&house).await;
    let texts = ["one", "two", "three", "four", "five", "six", "seven"];
    for text in texts {
        ming.say(text).await;
    }
    ming.click("form[action='/logout'] button").await;
    ming.press("dialog [data-action=send]").await;
    eventually("all are sent", || async {
        (said(&house).len() == texts.len()).then_some(())
    })
    .await;
    ming.find("#login").await;
    assert_eq!(said(&house), texts);
    assert!(ming.kept().await.is_empty());
    nothing_to_complain_about(&[&ming]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn signing_out_with_waiting_messages_drops_them_when_told_to() {
    let house = slow_house();
    let ming = ming_at(&house).await;
    let texts: Vec<_> = (1..=40).map(|n| format!("number {n}")).collect();
    for text in &texts {
        ming.say(text).await;
    }
    ming.fill("#composer-content", "and begun").await;
    ming.click("form[action='/logout'] button").await;
    ming.find("dialog .dialog-item").await;
    ming.suits_everybody("the question at signing out").await;
    // Escape changes nothing, and the keyboard is where it was.
    ming.driver
        .action_chain()
        .send_keys(thirtyfour::Key::Escape + "")
        .perform()
        .await
        .expect("pressed");
    let back = "return !document.querySelector('dialog') && document.activeElement.matches('form[action=\"/logout\"] button')";
    ming.until("the dialog is gone", back).await;
    ming.click("form[action='/logout'] button").await;
    ming.press("dialog [data-action=discard]").await;
    ming.find("#login").await;
    assert!(ming.kept().await.is_empty());
    let before = said(&house);
    assert!(before.len() < texts.len() && texts.starts_with(&before));
    ming.sign_in(MING).await;
    ming.connected().await;
    assert_eq!(ming.script(DRAFT).await, "");
    ming.say("after").await;
    ming.sees("after").await;
    let mut wanted = before;
    wanted.push("after".to_owned());
    assert_eq!(said(&house), wanted);
    println!(
        "dropped {} of 40 waiting messages at signing out",
        41 - wanted.len()
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_cannot_reach_the_house_is_not_signed_out_and_loses_nothing() {
    let house = Teahouse::start();
    let network = Network::to(&house).await;
    let ming = Browser::by(&house, &network, Profile::Chinese).await;
    ming.register(MING, "明明").await;
    ming.connected().await;
    // What signing out asks comes right after the page.
    let loaded = "const loaded = performance.getEntriesByType('resource').map(({ name }) => name); \
        return ['sign_out_dialog', 'dialog', 'unsent'].every(file => loaded.some(name => name.endsWith(`/${file}.js`)))";
    ming.until("signing out is loaded", loaded).await;
    network.fail(&ming).await;
    ming.find("#connection[data-state=reconnecting], #connection[data-state=offline]")
        .await;
    ming.say("等一等").await;
    ming.keeps(1).await;
    ming.click("form[action='/logout'] button").await;
    ming.press("dialog [data-action=discard]").await;
    let told = "return document.querySelector('dialog .dialog-status').innerText !== ''";
    ming.until("it says why", told).await;
    ming.press("dialog .dialog-actions [data-action=send]")
        .await;
    network.come_back(&ming).await;
    ming.find("#login").await;
    assert_eq!(said(&house), ["等一等"]);
    assert!(ming.kept().await.is_empty());
    nothing_to_complain_about(&[&ming]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn drafts_survive_the_browsers_end_each_in_its_room() {
    let house = Teahouse::start();
    let mut ming = ming_at(&house).await;
    let room = house.database().add_room("closed", "Backroom", &["Ming"]);
    ming.say("a mistake").await;
    ming.sees("a mistake").await;
    ming.fill("#composer-content", "begun in the Lobby").await;
    ming.visit(&format!("/rooms/{room}")).await;
    ming.fill("#composer-content", "begun in the back").await;
    ming.keeps(2).await;
    ming.restart().await;
    ming.visit(&format!("/rooms/{room}")).await;
    draft_is(&ming, "begun in the back").await;
    ming.visit("/rooms/1").await;
    ming.connected().await;
    draft_is(&ming, "begun in the Lobby").await;
    // What is changed meanwhile takes the box, and not the draft's place.
    ming.click("#message-1 .message-body").await;
    ming.press("#message-1 [data-message-action=edit]").await;
    ming.fill("#composer-content", "a biscuit").await;
    ming.visit("/rooms/1").await;
    ming.connected().await;
    draft_is(&ming, "begun in the Lobby").await;
    let field = ming.find("#composer-content").await;
    field
        .send_keys(thirtyfour::Key::Enter + "")
        .await
        .expect("sent");
    ming.sees("begun in the Lobby").await;
    ming.keeps(1).await;
    nothing_to_complain_about(&[&ming]).await;
}
