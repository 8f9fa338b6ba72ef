//! Joining and leaving GitHub, as people see it in Chromium.

use crate::github::house;
use crate::support::{Browser, GitHub, Profile, person::PASSWORD};

const PHONE: &str = "+8613800970001";
const OTHER: &str = "+8613800970002";

/// Nothing to complain about, in each width and colour.
async fn nothing_wrong(browser: &Browser, name: &str) {
    browser.suits_everybody(name).await;
    // The page that leads to GitHub may be gone before its icon is there.
    let mut complaints = browser.complaints().await;
    complaints.retain(|complaint| !complaint.contains("icon from the Manifest"));
    assert_eq!(complaints, Vec::<String>::new());
}

/// Scrolls to a part of the page and waits until it says this.
async fn says(browser: &Browser, id: &str, what: &str) {
    let script = format!(
        "const e = document.getElementById('{id}'); e?.scrollIntoView(); return e?.innerText.includes('{what}') ?? false"
    );
    browser.until(&format!("{id} says {what}"), &script).await;
}

async fn sign_out(browser: &Browser) {
    browser.visit("/rooms/1").await;
    browser.click("form[action='/logout'] button").await;
    browser.find("#login").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn somebody_joins_github_comes_in_by_it_and_leaves_it() {
    let github = GitHub::open();
    let house = house(&github, &[]);
    let mei = Browser::open(&house, Profile::English).await;
    mei.register(PHONE, "mei").await;
    mei.visit("/settings/account").await;
    says(&mei, "github", "Connect GitHub").await;
    nothing_wrong(&mei, "settings").await;
    mei.fill("#github_password", PASSWORD).await;
    mei.click("#github-join button[type=submit]").await;
    // Over a page of ours, because a form leads nowhere else.
    mei.click("#cancel").await;
    says(&mei, "github-error", "didn’t give GitHub permission").await;
    mei.fill("#github_password", PASSWORD).await;
    mei.click("#github-join button[type=submit]").await;
    mei.click("#authorize").await;
    says(&mei, "github-joined", "GitHub connected").await;
    says(&mei, "github-now", "octocat").await;
    assert_eq!(mei.path().await, "/settings/account?saved=github");
    nothing_wrong(&mei, "joined").await;
    sign_out(&mei).await;
    nothing_wrong(&mei, "login").await;
    mei.click("#github").await;
    mei.click("#cancel").await;
    says(&mei, "form-error", "didn’t give GitHub permission").await;
    nothing_wrong(&mei, "denied").await;
    mei.click("#github").await;
    mei.click("#authorize").await;
    mei.find("#composer-content").await;
    mei.say("in by GitHub").await;
    mei.sees("in by GitHub").await;
    mei.visit("/settings/security").await;
    mei.find("#events [data-kind='signed-in-github']").await;
    mei.visit("/settings/account").await;
    mei.fill("#github-leave #github_password", PASSWORD).await;
    mei.click("#github-leave button[type=submit]").await;
    says(&mei, "github-left", "GitHub disconnected").await;
    says(&mei, "github", "Connect GitHub").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn somebody_comes_by_github_alone_and_may_not_leave_it_before_there_is_another_way() {
    let github = GitHub::open();
    let house = house(&github, &[]);
    let cat = Browser::open(&house, Profile::WithoutScripts).await;
    cat.visit("/register").await;
    cat.find("#github").await;
    cat.visit("/rooms/1").await;
    cat.click("#github").await;
    cat.click("#authorize").await;
    cat.find("#composer-content").await;
    assert_eq!(cat.path().await, "/rooms/1");
    cat.visit("/settings/account").await;
    cat.click("#github-leave button[type=submit]").await;
    says(&cat, "github-error", "no longer be able to sign in").await;
    house
        .database()
        .run("UPDATE sessions SET github_at = '2020-01-01 00:00:00.000'");
    cat.fill("#phone", OTHER).await;
    cat.click("#phone-form button[type=submit]").await;
    says(&cat, "phone_password-error", "confirm with GitHub").await;
    says(&cat, "github-proof", "don’t have a password").await;
    cat.click("#github-confirm button").await;
    cat.click("#authorize").await;
    says(&cat, "github-proof", "valid for 10 minutes").await;
    cat.fill("#phone", OTHER).await;
    cat.click("#phone-form button[type=submit]").await;
    cat.find("#phone-number").await;
    cat.fill("#password", PASSWORD).await;
    cat.click("#password-form button[type=submit]").await;
    cat.find("#password-changed").await;
    cat.fill("#github-leave #github_password", PASSWORD).await;
    cat.click("#github-leave button[type=submit]").await;
    says(&cat, "github-left", "GitHub disconnected").await;
    sign_out(&cat).await;
    cat.fill("#phone", OTHER).await;
    cat.fill("#password", PASSWORD).await;
    cat.click("#login button[type=submit]").await;
    cat.find("#composer-content").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_pages_of_somebody_without_a_password_have_nothing_wrong() {
    let github = GitHub::open();
    let house = house(&github, &[]);
    let cat = Browser::open(&house, Profile::Chinese).await;
    cat.visit("/register").await;
    nothing_wrong(&cat, "register").await;
    cat.click("#github").await;
    cat.click("#authorize").await;
    cat.find("#composer-content").await;
    house
        .database()
        .run("UPDATE sessions SET github_at = '2020-01-01 00:00:00.000'");
    cat.visit("/settings/account").await;
    says(&cat, "github-proof", "没有设置密码").await;
    nothing_wrong(&cat, "passwordless").await;
    cat.click("#github-confirm button").await;
    cat.click("#authorize").await;
    says(&cat, "github-proof", "10").await;
    nothing_wrong(&cat, "confirmed").await;
}
