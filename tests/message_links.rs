//! Links and mentions in messages, as the server renders them.

use crate::support::{Person, Teahouse};

/// Returns the link targets in a message's HTML, and the HTML.
async fn links(person: &Person, text: &str) -> (Vec<String>, String) {
    let message = person.say(text).await;
    let html = message["html"].as_str().expect("html").to_owned();
    let unescaped = |href: &str| href.replace("&amp;", "&").replace("&#39;", "'");
    let hrefs = html
        .split("<a href=\"")
        .skip(1)
        .map(|part| unescaped(part.split_once('"').expect("an address").0))
        .collect();
    (hrefs, html)
}

#[tokio::test]
async fn link_ends_at_punctuation() {
    let (_server, [ming]) = Teahouse::with_users(["Ming"]).await;
    let cases: &[(&str, &[&str])] = &[
        ("https://example.com。谢谢", &["https://example.com"]),
        (
            "看https://example.com/a这个网站",
            &["https://example.com/a"],
        ),
        ("（https://example.com）", &["https://example.com"]),
        (
            "「https://example.com/path」",
            &["https://example.com/path"],
        ),
        (
            "https://zh.wikipedia.org/wiki/茶",
            &["https://zh.wikipedia.org/wiki/茶"],
        ),
        (
            "https://example.com/path에서",
            &["https://example.com/path"],
        ),
        ("https://пример.рф/путь.", &["https://пример.рф/путь"]),
        ("https://example.com/a🍵", &["https://example.com/a"]),
        ("https://example.com/a\u{200b}b", &["https://example.com/a"]),
        (
            "(https://en.wikipedia.org/wiki/Tea_(plant))",
            &["https://en.wikipedia.org/wiki/Tea_(plant)"],
        ),
        ("HTTPS://Example.com/A", &["HTTPS://Example.com/A"]),
        ("www.example.com/a。", &["https://www.example.com/a"]),
        ("邮箱mei@example.com。", &["mailto:mei@example.com"]),
        ("mailto:mei@example.com", &["mailto:mei@example.com"]),
        ("a@b awww.example.com ftp://www.example.com", &[]),
    ];
    for (text, expected) in cases {
        let (found, html) = links(&ming, text).await;
        assert_eq!(&found, expected, "{text}: {html}");
    }
}

#[tokio::test]
async fn address_with_a_misleading_appearance_is_not_linked() {
    let (_server, [ming]) = Teahouse::with_users(["Ming"]).await;
    for text in [
        "https://bank.example@evil.example",
        "https://bank.example:443@evil.example/a",
        "https://evil.example\\@bank.example",
        "https://bank.example%40evil.example",
        "https://bank.example\u{202e}elpmaxe.live",
        "https://bank.exam\u{ad}ple/",
        "https://bank.example/\u{202e}gpj.exe",
        "\u{202e}https://evil.example/moc.knab",
        "javascript:alert(1) data:text/html,x file:///etc/passwd",
    ] {
        let (found, html) = links(&ming, text).await;
        assert_eq!(found, Vec::<String>::new(), "{text}: {html}");
    }
}

#[tokio::test]
async fn only_links_to_rooms_of_this_site_open_in_the_same_window() {
    let (server, [ming]) = Teahouse::with_users(["Ming"]).await;
    let own = format!("{}/rooms/1?at=1", server.url);
    let (found, html) = links(&ming, &format!("see {own}")).await;
    assert_eq!(found, [own]);
    let is_hidden = !html.contains("target=") && !html.contains("rel=");
    assert!(is_hidden, "{html}");
    for path in ["/settings/profile", "/rooms/1?at=1&x=2", ".example/rooms/1"] {
        let (_, html) = links(&ming, &format!("{}{path}", server.url)).await;
        let is_shown = html.contains("target=\"_blank\"") || !html.contains("<a");
        assert!(is_shown, "{html}");
    }
}

#[tokio::test]
async fn mention_ends_at_a_word_boundary() {
    let server = Teahouse::start();
    let mut people = Vec::new();
    for name in ["john", "李梅", "민수"] {
        people.push(Person::register(&server, name).await);
    }
    let cases = [
        ("@johnson", ""),
        ("@john2", ""),
        ("@john.x", ""),
        ("@john-smith", ""),
        ("https://www.youtube.com/@john", ""),
        ("@민수진", ""),
        ("@john.", "@john"),
        ("@john's", "@john"),
        ("@john你好", "@john"),
        ("@JOHN, hi", "@JOHN"),
        ("@李梅你好", "@李梅"),
        ("@李梅2点见", "@李梅"),
        ("@민수님", "@민수"),
    ];
    let count = || server.count("mentions");
    for (text, name) in cases {
        let before = count();
        let (_, html) = links(&people[0], text).await;
        let mark = html.split_once("<span class=\"mention\"");
        let named = mark.and_then(|(_, rest)| rest.split_once('>')?.1.split_once('<'));
        assert_eq!(named.map_or("", |(name, _)| name), name, "{text}: {html}");
        assert_eq!(count() - before, i64::from(!name.is_empty()), "{text}");
    }
}
