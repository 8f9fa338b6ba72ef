//! Where links begin and end in ordinary texts.

use super::*;

mod deceptive;

fn found(text: &str) -> Vec<&str> {
    let links = find(text).into_iter();
    links.map(|link| &text[link.range]).collect()
}

/// Checks that the links of each text are those that it marks with `⟦` and `⟧`.
fn check(cases: &[&str]) {
    for case in cases {
        let text = case.replace(['⟦', '⟧'], "");
        let mut marked = text.clone();
        for Link { range, .. } in find(&text).into_iter().rev() {
            marked.insert(range.end, '⟧');
            marked.insert(range.start, '⟦');
        }
        assert_eq!(marked, *case, "{}", text.escape_debug());
    }
}

#[test]
fn text_without_spaces_after_a_link_is_excluded() {
    check(&[
        "⟦https://example.com⟧。谢谢",
        "⟦https://example.com/a⟧。谢谢",
        "看⟦https://example.com/a⟧这个网站",
        "看⟦https://example.com⟧这个网站",
        "请看 ⟦https://example.com/path⟧，谢谢！",
        "（⟦https://example.com⟧）",
        "「⟦https://example.com/path⟧」",
        "『⟦https://example.com/?a=1⟧』と書いた",
        "《⟦https://example.com/book⟧》",
        "【链接】⟦https://example.com/x⟧【结束】",
        "“⟦https://example.com/a⟧”很好",
        "⟦https://example.com/a⟧“标题”",
        "⟦https://example.com/a⟧、⟦https://example.org/b⟧",
        "⟦https://example.com/a⟧？真的吗",
        "⟦https://example.com/a⟧：说明",
        "⟦https://example.com/a⟧；⟦https://b.example/c⟧",
        "⟦https://example.com:8080/a⟧的页面",
        "⟦https://example.com:8080⟧这个端口",
        "⟦https://example.com/?q=tea⟧的结果",
        "⟦https://example.com/a#top⟧部分",
        "⟦https://example.com/a⟧(备用)",
        "⟦https://example.com/a⟧.很好",
        "⟦https://example.com⟧.很好",
        "⟦https://example.com/a⟧,这个",
        "⟦https://example.com/a⟧~谢谢",
        "⟦https://example.com/a⟧…还有",
        "⟦https://example.com/a⟧——好",
        "⟦https://zh.wikipedia.org/wiki/%E8%8C%B6⟧这篇文章",
        "⟦https://www.bilibili.com/video/BV1xx411c7mD⟧看这个",
        "⟦https://example.com⟧を見てください",
        "⟦https://example.com/path⟧を見て",
        "⟦https://example.com/path⟧ページ",
        "링크는 ⟦https://example.com/path⟧에서 보세요",
        "⟦https://example.com⟧입니다.",
        "ดู⟦https://example.com/path⟧นะครับ",
        "⟦https://example.com/a⟧　次の文",
        "⟦https://example.com⟧／パス",
    ]);
}

#[test]
fn urls_contain_letters_of_any_script() {
    check(&[
        "⟦https://zh.wikipedia.org/wiki/茶⟧",
        "⟦https://zh.wikipedia.org/wiki/茶⟧。",
        "⟦https://zh.wikipedia.org/wiki/茶#历史⟧",
        "⟦https://zh.wikipedia.org/wiki/苹果_(消歧义)⟧",
        "⟦https://zh.wikipedia.org/wiki/T恤⟧ 好看",
        "⟦https://zh.wikipedia.org/wiki/Wikipedia:首页⟧",
        "⟦https://zh.wikipedia.org/wiki/约翰·列侬⟧",
        "⟦https://baike.baidu.com/item/龙井茶/72⟧",
        "⟦https://example.com/搜索?查询=龙井&页=2⟧",
        "⟦https://example.com/s?q=龙井⟧",
        "⟦https://ja.wikipedia.org/wiki/ジョン・レノン⟧",
        "⟦https://ja.wikipedia.org/wiki/お茶⟧、です",
        "⟦https://ko.wikipedia.org/wiki/차⟧",
        "⟦https://th.wikipedia.org/wiki/ชา⟧ ดี",
        "⟦https://ar.wikipedia.org/wiki/شاي⟧، شكرا",
        "⟦https://fa.wikipedia.org/wiki/می\u{200c}خواهم⟧",
        "⟦https://he.wikipedia.org/wiki/תה⟧.",
        "⟦https://hi.wikipedia.org/wiki/चाय⟧।",
        "⟦https://fr.wikipedia.org/wiki/L’Étranger⟧",
        "⟦https://en.wikipedia.org/wiki/Cauchy–Schwarz_inequality⟧",
        "⟦https://www.youtube.com/@茶チャンネル⟧ を",
        "⟦https://пример.рф/путь⟧, да",
        "⟦https://例え.jp/茶⟧。",
        "⟦https://例え.jp⟧を見て",
        "⟦https://中文网站.中国/路径⟧",
        "⟦https://中文网站.中国⟧看看",
        "⟦https://www.T恤.com/a⟧",
        "⟦https://네이버.한국⟧에서",
        "⟦https://موقع.السعودية/صفحة⟧",
        "⟦https://münchen.de/straße⟧",
        "⟦https://xn--fsqu00a.xn--0zwm56d/⟧",
    ]);
}

#[test]
fn punctuation_around_a_link_is_excluded() {
    check(&[
        "see ⟦https://example.org/a?b=1&c=2⟧. and",
        "really ⟦https://example.org/a⟧?! yes",
        "(⟦https://example.org/a_(b)⟧) x",
        "⟦https://en.wikipedia.org/wiki/Tea_(disambiguation)⟧",
        "<⟦https://example.org/a⟧>",
        "[tea](⟦https://example.org/a⟧)",
        "[⟦https://example.org/a⟧](⟦https://example.org/b⟧)",
        "**⟦https://example.org/a⟧** _⟦https://example.org/b⟧_",
        "\"⟦https://example.org/a⟧\" '⟦https://example.org/b⟧'",
        "‘⟦https://example.org/a⟧’ «⟦https://example.org/b⟧»",
        "⟦https://example.org/Moore's_law's⟧",
        "⟦https://example.org/a⟧(see below",
        "⟦https://a.example/x⟧,⟦https://b.example/y⟧",
        "⟦https://web.archive.org/web/2020/https://example.org/⟧",
        "⟦HTTPS://Example.org/A⟧ ⟦Http://example.org⟧",
        "⟦http://127.0.0.1:8080/x⟧ ⟦http://[::1]:8080/y⟧",
        "⟦http://localhost:8080⟧ ⟦http://localhost⟧ ⟦http://wiki/tea⟧",
        "⟦https://example.com⟧... and ⟦https://example.com⟧: x",
        "⟦https://example.org/a?x[]=1&y={2}⟧",
        "⟦https://example.com/a⟧🍵 ⟦https://example.com⟧🍵",
        "⟦https://example.com/a⟧❤️",
        "⟦https://example.com/a⟧\u{200b}b ⟦https://example.com⟧\u{200b}谢谢",
        "⟦https://example.com/a⟧\u{200e} \u{200f}⟦https://example.com⟧\u{200f} x",
        "⟦https://example.com/a⟧\u{ad}b ⟦https://example.com/b⟧\u{feff}",
        "\u{202a}⟦https://example.com/a⟧\u{202c} \u{2068}⟦https://example.com⟧\u{2069}",
        "⟦https://bank.example/@mei⟧ ⟦https://bank.example?@mei⟧ ⟦https://bank.example#@⟧",
        "⟦https://example.com⟧。@李梅 看",
    ]);
}

#[test]
fn www_and_mail_addresses_are_links() {
    check(&[
        "看⟦www.example.com/a⟧这个 ⟦WWW.Example.com⟧.",
        "(⟦www.example.com:8080/a⟧) ⟦www.例子.中国⟧。",
        "awww.example.com www.a www.example.c ewww.x.com шwww.example.com",
        "www... www.example www.example.1",
        "mail ⟦mei@example.com⟧, or <⟦li.mei+tea@mail.example.co.uk⟧>.",
        "邮箱:⟦mei@example.com⟧。谢谢",
        "邮箱是⟦mei@example.com⟧谢谢",
        "⟦mailto:mei@example.com⟧ ⟦MAILTO:li@例子.中国⟧",
        "a@b a@b.c @mei.example mei@ a..b@example.com a@127.0.0.1 icon@2x.png",
        "жmei@example.com mei@example.com@example.org",
    ]);
}
