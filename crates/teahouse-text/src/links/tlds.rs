//! Top-level domains, used to determine where a host ends.

/// Country-code and common generic top-level domains. Used only where text follows a host without a space.
const ASCII: &str = " ac ad ae af ag ai al am ao aq ar as at au aw ax az ba bb bd be bf bg bh bi bj bm bn bo br bs bt bw by bz \
ca cc cd cf cg ch ci ck cl cm cn co cr cu cv cw cx cy cz de dj dk dm do dz ec ee eg er es et eu fi fj fk fm fo fr ga gd ge gf gg gh \
gi gl gm gn gp gq gr gs gt gu gw gy hk hm hn hr ht hu id ie il im in io iq ir is it je jm jo jp ke kg kh ki km kn kp kr kw ky kz la \
lb lc li lk lr ls lt lu lv ly ma mc md me mg mh mk ml mm mn mo mp mq mr ms mt mu mv mw mx my mz na nc ne nf ng ni nl no np nr nu nz \
om pa pe pf pg ph pk pl pm pn pr ps pt pw py qa re ro rs ru rw sa sb sc sd se sg sh si sk sl sm sn so sr ss st su sv sx sy sz tc td \
tf tg th tj tk tl tm tn to tr tt tv tw tz ua ug uk us uy uz va vc ve vg vi vn vu wf ws ye yt za zm zw \
com org net edu gov mil int info biz name pro app dev page blog shop store online site tech xyz top club vip wang work win ltd group \
cloud art design wiki live news games game link fun ink today life world email video studio agency company center zone space website \
press host education academy museum mobi asia tel jobs travel cat coop aero post media digital network social chat cafe tea love \
icu cyou one plus run systems software tools team solutions services support global moe arpa test example invalid local internal lan ";

/// Internationalized top-level domains in scripts without spaces and in Hangul.
const IDEOGRAPHIC: &str = "\
中国 中國 公司 网络 網路 网址 网站 在线 中文网 手机 集团 我爱你 商标 商城 商店 政务 公益 移动 信息 餐厅 娱乐 \
游戏 企业 香港 台湾 台灣 澳門 新加坡 佛山 广东 时尚 慈善 机构 组织机构 健康 购物 食品 招聘 大拿 八卦 世界 书籍 \
点看 點看 通販 新闻 家電 谷歌 亚马逊 测试 測試 みんな コム ストア セール ファッション クラウド ポイント \
グーグル アマゾン テスト 한국 닷컴 닷넷 삼성 테스트 ไทย คอม ລາວ";

/// File extensions that are not mail domains: `icon@2x.png` is a file name.
const FILE_EXTENSIONS: &[&str] = &[
    "png", "jpg", "jpeg", "gif", "webp", "svg", "avif", "pdf", "txt", "exe", "html", "htm", "json",
    "csv", "docx", "xlsx",
];

/// Returns whether the label is a well-known ASCII top-level domain.
pub(super) fn is_known(label: &str) -> bool {
    let label = label.to_ascii_lowercase();
    ASCII.split_ascii_whitespace().any(|known| known == label)
}

/// Returns the length in bytes of the longest internationalized top-level domain that the label begins with.
pub(super) fn ideographic_prefix(label: &str) -> Option<usize> {
    let known = IDEOGRAPHIC.split_ascii_whitespace();
    let matching = known.filter(|known| label.starts_with(known));
    matching.map(str::len).max()
}

/// Returns whether the label is a common file extension.
pub(super) fn is_file_extension(label: &str) -> bool {
    FILE_EXTENSIONS
        .iter()
        .any(|known| label.eq_ignore_ascii_case(known))
}
