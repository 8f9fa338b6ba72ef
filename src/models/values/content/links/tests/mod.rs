//! Where links begin and end in ordinary texts.

use super::*;

mod deceptive;

fn found(text: &str) -> Vec<&str> {
    find(text)
        .into_iter()
        .map(|link| &text[link.range])
        .collect()
}

fn check(cases: &[(&str, &[&str])]) {
    let wrong: Vec<String> = cases
        .iter()
        .filter(|(text, links)| found(text) != **links)
        .map(|(text, links)| {
            format!(
                "{text:?}\n  found    {:?}\n  expected {links:?}",
                found(text)
            )
        })
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn text_without_spaces_after_a_link_is_excluded() {
    check(&[
        ("https://example.com。谢谢", &["https://example.com"]),
        ("https://example.com/a。谢谢", &["https://example.com/a"]),
        (
            "看https://example.com/a这个网站",
            &["https://example.com/a"],
        ),
        ("看https://example.com这个网站", &["https://example.com"]),
        (
            "请看 https://example.com/path，谢谢！",
            &["https://example.com/path"],
        ),
        ("（https://example.com）", &["https://example.com"]),
        (
            "「https://example.com/path」",
            &["https://example.com/path"],
        ),
        (
            "『https://example.com/?a=1』と書いた",
            &["https://example.com/?a=1"],
        ),
        (
            "《https://example.com/book》",
            &["https://example.com/book"],
        ),
        (
            "【链接】https://example.com/x【结束】",
            &["https://example.com/x"],
        ),
        ("“https://example.com/a”很好", &["https://example.com/a"]),
        ("https://example.com/a“标题”", &["https://example.com/a"]),
        (
            "https://example.com/a、https://example.org/b",
            &["https://example.com/a", "https://example.org/b"],
        ),
        ("https://example.com/a？真的吗", &["https://example.com/a"]),
        ("https://example.com/a：说明", &["https://example.com/a"]),
        (
            "https://example.com/a；https://b.example/c",
            &["https://example.com/a", "https://b.example/c"],
        ),
        (
            "https://example.com:8080/a的页面",
            &["https://example.com:8080/a"],
        ),
        (
            "https://example.com:8080这个端口",
            &["https://example.com:8080"],
        ),
        (
            "https://example.com/?q=tea的结果",
            &["https://example.com/?q=tea"],
        ),
        (
            "https://example.com/a#top部分",
            &["https://example.com/a#top"],
        ),
        ("https://example.com/a(备用)", &["https://example.com/a"]),
        ("https://example.com/a.很好", &["https://example.com/a"]),
        ("https://example.com.很好", &["https://example.com"]),
        ("https://example.com/a,这个", &["https://example.com/a"]),
        ("https://example.com/a~谢谢", &["https://example.com/a"]),
        ("https://example.com/a…还有", &["https://example.com/a"]),
        ("https://example.com/a——好", &["https://example.com/a"]),
        (
            "https://zh.wikipedia.org/wiki/%E8%8C%B6这篇文章",
            &["https://zh.wikipedia.org/wiki/%E8%8C%B6"],
        ),
        (
            "https://www.bilibili.com/video/BV1xx411c7mD看这个",
            &["https://www.bilibili.com/video/BV1xx411c7mD"],
        ),
        (
            "https://example.comを見てください",
            &["https://example.com"],
        ),
        (
            "https://example.com/pathを見て",
            &["https://example.com/path"],
        ),
        (
            "https://example.com/pathページ",
            &["https://example.com/path"],
        ),
        (
            "링크는 https://example.com/path에서 보세요",
            &["https://example.com/path"],
        ),
        ("https://example.com입니다.", &["https://example.com"]),
        (
            "ดูhttps://example.com/pathนะครับ",
            &["https://example.com/path"],
        ),
        ("https://example.com/a　次の文", &["https://example.com/a"]),
        ("https://example.com／パス", &["https://example.com"]),
    ]);
}

#[test]
fn urls_contain_letters_of_any_script() {
    check(&[
        (
            "https://zh.wikipedia.org/wiki/茶",
            &["https://zh.wikipedia.org/wiki/茶"],
        ),
        (
            "https://zh.wikipedia.org/wiki/茶。",
            &["https://zh.wikipedia.org/wiki/茶"],
        ),
        (
            "https://zh.wikipedia.org/wiki/茶#历史",
            &["https://zh.wikipedia.org/wiki/茶#历史"],
        ),
        (
            "https://zh.wikipedia.org/wiki/苹果_(消歧义)",
            &["https://zh.wikipedia.org/wiki/苹果_(消歧义)"],
        ),
        (
            "https://zh.wikipedia.org/wiki/T恤 好看",
            &["https://zh.wikipedia.org/wiki/T恤"],
        ),
        (
            "https://zh.wikipedia.org/wiki/Wikipedia:首页",
            &["https://zh.wikipedia.org/wiki/Wikipedia:首页"],
        ),
        (
            "https://zh.wikipedia.org/wiki/约翰·列侬",
            &["https://zh.wikipedia.org/wiki/约翰·列侬"],
        ),
        (
            "https://baike.baidu.com/item/龙井茶/72",
            &["https://baike.baidu.com/item/龙井茶/72"],
        ),
        (
            "https://example.com/搜索?查询=龙井&页=2",
            &["https://example.com/搜索?查询=龙井&页=2"],
        ),
        (
            "https://example.com/s?q=龙井",
            &["https://example.com/s?q=龙井"],
        ),
        (
            "https://ja.wikipedia.org/wiki/ジョン・レノン",
            &["https://ja.wikipedia.org/wiki/ジョン・レノン"],
        ),
        (
            "https://ja.wikipedia.org/wiki/お茶、です",
            &["https://ja.wikipedia.org/wiki/お茶"],
        ),
        (
            "https://ko.wikipedia.org/wiki/차",
            &["https://ko.wikipedia.org/wiki/차"],
        ),
        (
            "https://th.wikipedia.org/wiki/ชา ดี",
            &["https://th.wikipedia.org/wiki/ชา"],
        ),
        (
            "https://ar.wikipedia.org/wiki/شاي، شكرا",
            &["https://ar.wikipedia.org/wiki/شاي"],
        ),
        (
            "https://fa.wikipedia.org/wiki/می\u{200c}خواهم",
            &["https://fa.wikipedia.org/wiki/می\u{200c}خواهم"],
        ),
        (
            "https://he.wikipedia.org/wiki/תה.",
            &["https://he.wikipedia.org/wiki/תה"],
        ),
        (
            "https://hi.wikipedia.org/wiki/चाय।",
            &["https://hi.wikipedia.org/wiki/चाय"],
        ),
        (
            "https://fr.wikipedia.org/wiki/L’Étranger",
            &["https://fr.wikipedia.org/wiki/L’Étranger"],
        ),
        (
            "https://en.wikipedia.org/wiki/Cauchy–Schwarz_inequality",
            &["https://en.wikipedia.org/wiki/Cauchy–Schwarz_inequality"],
        ),
        (
            "https://www.youtube.com/@茶チャンネル を",
            &["https://www.youtube.com/@茶チャンネル"],
        ),
        ("https://пример.рф/путь, да", &["https://пример.рф/путь"]),
        ("https://例え.jp/茶。", &["https://例え.jp/茶"]),
        ("https://例え.jpを見て", &["https://例え.jp"]),
        (
            "https://中文网站.中国/路径",
            &["https://中文网站.中国/路径"],
        ),
        ("https://中文网站.中国看看", &["https://中文网站.中国"]),
        ("https://www.T恤.com/a", &["https://www.T恤.com/a"]),
        ("https://네이버.한국에서", &["https://네이버.한국"]),
        (
            "https://موقع.السعودية/صفحة",
            &["https://موقع.السعودية/صفحة"],
        ),
        ("https://münchen.de/straße", &["https://münchen.de/straße"]),
        (
            "https://xn--fsqu00a.xn--0zwm56d/",
            &["https://xn--fsqu00a.xn--0zwm56d/"],
        ),
    ]);
}

#[test]
fn punctuation_around_a_link_is_excluded() {
    check(&[
        (
            "see https://example.org/a?b=1&c=2. and",
            &["https://example.org/a?b=1&c=2"],
        ),
        (
            "really https://example.org/a?! yes",
            &["https://example.org/a"],
        ),
        (
            "(https://example.org/a_(b)) x",
            &["https://example.org/a_(b)"],
        ),
        (
            "https://en.wikipedia.org/wiki/Tea_(disambiguation)",
            &["https://en.wikipedia.org/wiki/Tea_(disambiguation)"],
        ),
        ("<https://example.org/a>", &["https://example.org/a"]),
        ("[tea](https://example.org/a)", &["https://example.org/a"]),
        (
            "[https://example.org/a](https://example.org/b)",
            &["https://example.org/a", "https://example.org/b"],
        ),
        (
            "**https://example.org/a** _https://example.org/b_",
            &["https://example.org/a", "https://example.org/b"],
        ),
        (
            "\"https://example.org/a\" 'https://example.org/b'",
            &["https://example.org/a", "https://example.org/b"],
        ),
        (
            "‘https://example.org/a’ «https://example.org/b»",
            &["https://example.org/a", "https://example.org/b"],
        ),
        (
            "https://example.org/Moore's_law's",
            &["https://example.org/Moore's_law's"],
        ),
        (
            "https://example.org/a(see below",
            &["https://example.org/a"],
        ),
        (
            "https://a.example/x,https://b.example/y",
            &["https://a.example/x", "https://b.example/y"],
        ),
        (
            "https://web.archive.org/web/2020/https://example.org/",
            &["https://web.archive.org/web/2020/https://example.org/"],
        ),
        (
            "HTTPS://Example.org/A Http://example.org",
            &["HTTPS://Example.org/A", "Http://example.org"],
        ),
        (
            "http://127.0.0.1:8080/x http://[::1]:8080/y",
            &["http://127.0.0.1:8080/x", "http://[::1]:8080/y"],
        ),
        (
            "http://localhost:8080 http://localhost http://wiki/tea",
            &[
                "http://localhost:8080",
                "http://localhost",
                "http://wiki/tea",
            ],
        ),
        (
            "https://example.com... and https://example.com: x",
            &["https://example.com", "https://example.com"],
        ),
        (
            "https://example.org/a?x[]=1&y={2}",
            &["https://example.org/a?x[]=1&y={2}"],
        ),
        (
            "https://example.com/a🍵 https://example.com🍵",
            &["https://example.com/a", "https://example.com"],
        ),
        ("https://example.com/a❤️", &["https://example.com/a"]),
        (
            "https://example.com/a\u{200b}b https://example.com\u{200b}谢谢",
            &["https://example.com/a", "https://example.com"],
        ),
        (
            "https://example.com/a\u{200e} \u{200f}https://example.com\u{200f} x",
            &["https://example.com/a", "https://example.com"],
        ),
        (
            "https://example.com/a\u{ad}b https://example.com/b\u{feff}",
            &["https://example.com/a", "https://example.com/b"],
        ),
        (
            "\u{202a}https://example.com/a\u{202c} \u{2068}https://example.com\u{2069}",
            &["https://example.com/a", "https://example.com"],
        ),
        (
            "https://bank.example/@mei https://bank.example?@mei https://bank.example#@",
            &[
                "https://bank.example/@mei",
                "https://bank.example?@mei",
                "https://bank.example#@",
            ],
        ),
        ("https://example.com。@李梅 看", &["https://example.com"]),
    ]);
}

#[test]
fn www_and_mail_addresses_are_links() {
    check(&[
        (
            "看www.example.com/a这个 WWW.Example.com.",
            &["www.example.com/a", "WWW.Example.com"],
        ),
        (
            "(www.example.com:8080/a) www.例子.中国。",
            &["www.example.com:8080/a", "www.例子.中国"],
        ),
        (
            "awww.example.com www.a www.example.c ewww.x.com шwww.example.com",
            &[],
        ),
        ("www... www.example www.example.1", &[]),
        (
            "mail mei@example.com, or <li.mei+tea@mail.example.co.uk>.",
            &["mei@example.com", "li.mei+tea@mail.example.co.uk"],
        ),
        ("邮箱:mei@example.com。谢谢", &["mei@example.com"]),
        ("邮箱是mei@example.com谢谢", &["mei@example.com"]),
        (
            "mailto:mei@example.com MAILTO:li@例子.中国",
            &["mailto:mei@example.com", "MAILTO:li@例子.中国"],
        ),
        (
            "a@b a@b.c @mei.example mei@ a..b@example.com a@127.0.0.1 icon@2x.png",
            &[],
        ),
        ("жmei@example.com mei@example.com@example.org", &[]),
    ]);
}
