# 人们读到的每一句话，简体中文。
# 以 js- 开头的条目交给脚本使用，其中的变量保留为占位符。

## 茶馆

app-name = Teahouse
app-tagline = 静一静，聊一聊。
app-description = Teahouse 是一间安静的聊天室：自己的服务器，自己的房间。
skip-to-content = 跳到正文
skip-to-composer = 跳到输入框

## 登录

login-title = 登录
login-heading = 欢迎回来
login-lead = 用手机号登录。
login-submit = 登录
login-to-register = 第一次来？
login-register-link = 注册账号
login-or = 或
login-github = 用 GitHub 登录
github-leaving = 正在前往 GitHub
github-leaving-lead = GitHub 只会告诉我们你是谁。如果没有反应，请从这里继续。
github-leaving-on = 前往 GitHub

login-forgot = 忘记密码？
login-forgot-admin = 忘记密码？这里的管理员可以给您一个设置新密码的链接。

## 注册

register-title = 注册账号
register-heading = 请进
register-lead = 只需一个手机号和一个名字。
register-submit = 注册
register-to-login = 已经有账号？
register-login-link = 登录
register-github = 用 GitHub 进来

register-closed-title = 凭邀请加入
register-closed = 这里暂时不能注册。
register-invite = 加入需要邀请：请向已经在这里的人要一个链接。

## 验证码与新密码

verification-title = 输入验证码
verification-lead = 我们已向 { $phone } 发送短信，其中的验证码 10 分钟内有效。
verification-lead-maybe = 如果 { $phone } 在这里有账号，短信就在路上，其中的验证码 10 分钟内有效。
verification-development = 仅供开发：没有手机会收到这条短信。
verification-submit = 继续
verification-again = 重新发送验证码
verification-back = 重新开始
field-code = 验证码
field-code-hint = 六位数字，只在这个浏览器中有效。
sms-code = 您的茶馆验证码是 { $code }，{ $minutes } 分钟内有效，请勿告诉他人。
sms-taken = 有人（也许是您）想用这个号码注册茶馆。它已经有账号了，直接登录即可。
password-reset-title = 忘记密码？
password-reset-lead = 请输入手机号码。如果它在这里有账号，会收到一条带验证码的短信。
password-reset-submit = 发送验证码
new-password-title = 设置新密码
new-password-lead = 为 { $name } 设置。其他地方都会退出登录。
new-password-submit = 保存并登录

## 邀请与链接

invites-title = 邀请
invites-new = 邀请他人
invites-submit = 生成链接
invites-list = 有效的邀请
invites-lead = 有这些链接的人可以注册。
invites-empty = 目前没有可以邀请人的链接。
invites-link = 链接
invites-left = 还可邀请 { $count } 人
invites-until = 有效期至 { $time }（UTC 时间）
invites-revoke = 撤销
field-invite-uses = 人数
field-invite-days = 有效天数
qr-show = 显示二维码
qr-label = 链接的二维码
password-links-title = 密码链接
password-links-new = 让某人重新进来
password-links-hint = 生成一个链接，对方可在 { $hours } 小时内凭它设置一次新密码。
password-links-submit = 生成链接
password-links-made = 给 { $name } 的链接
password-links-once = 链接只在现在显示。请勿交给他人：有它就能登录。它在 { $hours } 小时后或用过一次后失效。
password-links-link = 链接

## 账号上发生的事

events-title = 安全
events-mine = 我的账号上发生的事
events-everybody = 所有账号上发生的事
events-lead = 您的账号最近发生的事。如果有不是您做的，请修改密码。
events-empty = 最近没有发生什么。
events-older = 显示更早的
event-registered = 注册账号
event-signed-in = 登录
event-signed-in-github = 用 GitHub 登录
event-sign-in-failed = 密码错误
event-signed-out = 退出登录
event-sessions-ended = 在所有地方退出登录
event-password-changed = 修改密码
event-password-reset = 设置新密码
event-password-link-made = 管理员生成新密码链接
event-phone-changed = 更换手机号码
event-github-joined = 已关联 GitHub
event-github-confirmed = 已通过 GitHub 确认
event-github-left = 已解除关联 GitHub
event-code-sent = 发送验证码
event-code-failed = 验证码错误
event-pairing-made = 生成登录另一台设备的二维码
event-pairing-asked = 设备通过二维码请求登录
event-pairing-allowed = 允许设备登录
event-pairing-refused = 拒绝设备登录
event-invite-made = 生成邀请
event-invite-revoked = 撤销邀请
event-banned = 被封禁
event-unbanned = 解除封禁
event-deactivated = 已停用
event-role-changed = 角色变更

## 字段

field-region = 国家或地区
field-phone = 手机号
field-phone-hint = 其他人看不到你的号码。
field-username = 用户名
field-username-hint = 别人这样称呼你：2–32 个文字、字母或数字，不含空格。
field-password = 密码
field-password-hint = 至少 8 个字符。
field-setup-code = 安装码
field-setup-code-hint = 你是第一位来客，将成为管理员。服务器启动时显示了这个安装码。

## 房间

rooms-label = 房间列表
rooms-back = 房间列表
rooms-find = 找房间
rooms-people = 找人
rooms-invitations = 房间邀请
rooms-new = 新房间
rooms-conversations = 私聊
rooms-conversations-empty = 还没有私聊，去找个人打声招呼吧。
rooms-mentioned = 有人提到你
rooms-unread-first = 未读在前
rooms-read-all = 全部标为已读
rooms-unread = { $count } 条未读消息
room-messages-label = { $name } 的消息
room-empty-title = 还没有人说话。
room-empty-action = 打个招呼
room-older = 查看更早的消息
room-enter-lead = 你正在旁观，进入房间后就可以发言。
room-enter = 进入房间
room-newer = 查看更新的消息
room-panel-toggle = 关于这个房间
room-kind-open = 开放房间：这里的人都可以进来
room-kind-closed = 封闭房间：只有受邀的人能进来
room-people = 成员
room-people-lobby = 每个人都在大厅里。下面是现在在场的人。
room-invite = 邀请别人
room-invite-submit = 邀请
room-added = 已加入房间。
room-invited = 已邀请。对方接受后才会进来，在此之前只能看到房间的名称和话题。
room-remove = 移出 { $name }
room-talk-to = 和 { $name } 私聊
room-involvement = 这里有什么要告诉我
room-involvement-everything = 所有消息
room-involvement-mentions = 只在有人提到我时
room-involvement-nothing = 都不用
room-involvement-hidden = 都不用，并隐藏房间
room-save = 保存
room-change = 名称与话题
room-leave = 离开这个房间
room-delete = 删除这个房间
room-delete-lead = 之后谁也找不到它了。请输入它的名称“{ $name }”以确认。
room-open-lead = 公开后，这里的人都能看到这个房间从前的全部消息，成员会收到提示。请输入它的名称“{ $name }”以确认。
room-block = 屏蔽 { $name }
room-block-lead = 你将不再收到 { $name } 的消息，对方只会看到“未送达”。
room-unblock = 取消屏蔽 { $name }
room-blocked = 你已屏蔽 { $name }，对方写的消息不会送达。
room-opened = 这个房间原来是封闭的，现在已公开：这里的人都能看到它，包括以前的消息。
room-jump = 跳到某一天
room-jump-submit = 前往

## 找房间，找人

directory-title = 房间
directory-lead = 你还没有进入的开放房间。
directory-search = 搜索房间
directory-search-submit = 搜索
directory-empty = 没有你还没进入的开放房间。
directory-empty-action = 新建一个
directory-nothing = 没有类似“{ $search }”的房间。
directory-all = 显示所有房间
directory-enter = 进入
directory-count = { $count } 个房间
directory-range = 第 { $first }–{ $last } 个，共 { $count } 个
directory-pages = 分页
directory-end = 后面没有了。
directory-first-page = 第一页
directory-next-page = 下一页

invitations-title = 房间邀请
invitations-lead = 可以接受，也可以谢绝。谢绝时对方不会知道。
invitations-from = 来自 { $name }
invitations-accept = 接受
invitations-decline = 谢绝
invitations-empty = 还没有人邀请你进房间。
new-room = 新房间
new-room-submit = 新建房间
field-room-name = 名称
field-room-name-hint = 最多 80 个字符。
field-room-topic = 话题
field-room-topic-hint = 这里聊什么，可以不填。
field-room-kind = 谁可以进来
field-room-kind-open = 这里的每个人
field-room-kind-closed = 只有受邀的人
field-members = 邀请
field-members-hint = 填用户名。对方接受后才会进来；和你同在封闭房间或私聊里的人会直接加入。
field-member = 第 { $number } 位
field-confirm = 房间名称
field-invite = 用户名
people-title = 找人
people-lead = 找到想聊的人，两个人或者几个人一起聊。
people-search = 搜索
people-nothing = 没有名字类似“{ $search }”的人。
people-nobody = 你是第一个来的。
people-all = 显示所有人
people-to = 用户名或手机号
people-to-hint = 手机号以 + 和国家代码开头。
people-to-submit = 开始聊
people-by-name = 知道对方的名字或号码？
people-together = 一起聊
people-together-hint = 勾选几个人，就可以一起聊。
people-pick = 选择 { $name }
people-heading = 现在在场
people-close = 关闭
people-empty = 目前只有你。
account-label = 你的账号
sign-out = 退出登录

## 设置

settings-title = 设置
settings-profile = 个人资料
settings-appearance = 外观
settings-privacy = 隐私
settings-sessions = 设备
settings-account = 账号
settings-save = 保存
settings-saved = 已保存。
settings-name = 名字
settings-picture = 头像
settings-picture-choose = 选择图片
settings-picture-hint = JPEG、PNG、WebP 或 GIF，最大 10 MB。显示图片正中的部分；拍摄地点和设备等信息会被去除。
settings-picture-submit = 使用这张图片
settings-picture-remove = 移除头像
settings-language = 语言
settings-language-browser = 跟随浏览器
language-en-us = English（英语）
language-zh-cn = 简体中文
settings-colours = 颜色
settings-colours-system = 跟随系统
settings-colours-light = 浅色
settings-colours-dark = 深色
settings-times = 时间
settings-times-language = 按所用语言的习惯
settings-times-12 = 12 小时制（下午7:04）
settings-times-24 = 24 小时制（19:04）
settings-reach = 私聊
settings-reach-legend = 谁可以主动找我私聊
settings-reach-everybody = 所有人
settings-reach-roommates = 和我同在一个封闭房间或群聊里的人
settings-reach-nobody = 不再接受新的人
settings-reach-hint = 已有的私聊照常进行。想结束某个私聊，可以在那里屏蔽对方。
settings-devices = 已登录的设备
settings-devices-lead = 不是你的，或者已经不在你手里的，都可以退出登录。
settings-devices-ended = 已退出登录。
device-unknown = 未知浏览器
device-token = 使用令牌的程序
device-current = 本设备
device-seen = 上次在线
device-end = 退出登录
device-end-others = 退出其他所有设备
pairing-begin = 登录另一台设备
pairing-title = 登录另一台设备
pairing-lead = 用另一台设备的相机对准这个二维码，或者在那里打开链接。{ $minutes } 分钟内有效，只能登录一台设备。
pairing-qr = 用来登录另一台设备的二维码
pairing-link = 同样内容的链接
pairing-waits = 有设备请求登录时，这里会问你是否允许。
pairing-look = 再看一次
pairing-withdraw = 取消
pairing-asked = 有一台设备请求登录
pairing-asked-lead = 只有当它就在你手里，并且显示下面这个数字时，才可以允许：
pairing-allow = 允许
pairing-refuse = 拒绝
pairing-allowed = 已允许。另一台设备马上就会登录。
pairing-used = 另一台设备已登录。
pairing-used-back = 查看我的设备
pairing-refused = 已拒绝。没有设备登录。
pairing-over = 这个二维码已经失效。没有设备登录。
pairing-again = 生成新的二维码
pairing-ask-title = 在这台设备上登录
pairing-ask-lead = 你将以 { $name } 的身份登录。
pairing-ask-hint = 然后，打开二维码的那台设备会问你是否允许这台设备登录。
pairing-ask = 在这里登录
pairing-wait-title = 核对数字
pairing-wait-lead = 如果另一台设备显示同样的数字，就在那里允许 { $name } 登录。
pairing-wait-hint = 本页会自动继续。如果没有，请再看一次。
pairing-enter-title = 可以进入了
pairing-enter-lead = 你的另一台设备已经允许。
pairing-enter = 以 { $name } 的身份继续
pairing-not-title = 没有登录
pairing-not-lead = 你的另一台设备拒绝了这次登录。
pairing-ended-title = 这个二维码已经失效
pairing-ended-lead = 它已经用过，或者太旧了。请在已登录的设备上打开“设置”里的“设备”，生成一个新的。
pairing-login = 用密码登录
settings-phone = 手机号
settings-phone-now = 目前的号码：
settings-phone-none = 你还没有绑定手机号。
settings-phone-submit = 更换号码
settings-phone-add = 添加号码
settings-password = 密码
settings-password-why = 以防别人趁你不在时更改。
settings-password-old = 旧密码
settings-password-new = 新密码
settings-password-hint = 这里保持登录，其他地方都会退出登录。
settings-password-submit = 更改密码
settings-password-first = 设置密码
settings-password-saved = 密码已更改，其他地方都已退出登录。
settings-github-lead = 关联你的 GitHub 账号，以后可以用它代替手机号登录。GitHub 只会告诉我们你是谁。
settings-github-join = 关联 GitHub
settings-github-now = 已关联
settings-github-saved = 已关联 GitHub，以后可以用它登录。
settings-github-leave = 解除关联
settings-github-gone = 已解除关联，不能再用 GitHub 登录你的账号。
settings-github-confirm-why = 你在这里没有密码。更改登录方式或删除账号之前，需要由 GitHub 确认是你本人。
settings-github-confirm = 用 GitHub 确认
settings-github-confirmed = GitHub 刚刚确认了是你本人，10 分钟内有效。
settings-export = 你的数据
settings-export-lead = 你的资料、设备、房间和写过的所有消息，存为一个 JSON 文件。
settings-export-submit = 下载我的数据
settings-delete = 删除账号
settings-delete-lead-keep = 此操作无法撤销。你写过的消息会留下，但署名为“已注销的用户”；你的名字和号码可以被别人使用。
settings-delete-lead-erase = 此操作无法撤销。你写过的消息会一并删除；你的名字和号码可以被别人使用。
settings-delete-confirm = 请输入你的名字“{ $name }”以确认
settings-delete-submit = 删除我的账号
deleted-person = 已注销的用户
farewell-title = 账号已删除
farewell-lead = 你已在所有设备上退出登录。谢谢你来过。
room-gone = 对方已注销账号。
time-am = 上午{ $time }
time-pm = 下午{ $time }

## 消息

message-edited = 已编辑
message-deleted = 这条消息已删除。
message-utc = { $date }（UTC）

## 输入框

composer-label = 发到 { $name } 的消息
composer-placeholder = 写点什么…
composer-send = 发送
composer-hint = 按 Enter 发送，按 Shift + Enter 换行。

## 可以改正的错误

error-phone-invalid = 这不像是一个手机号，请检查号码和国家或地区。
error-phone-taken = 这个号码已经注册过了，直接登录吧。
error-phone-missing = 请填写手机号。
error-username-short = 这个名字太短：至少需要 { $limit } 个字符。
error-username-long = 这个名字太长：最多 { $limit } 个字符。
error-username-spaces = 名字里不能有空格，可以用 _ - 或 . 代替。
error-username-character = 名字里不能有“{ $character }”。请用文字、字母、数字或 _ - .
error-username-characters = 名字里不能同时有这些字符。请用文字、字母、数字或 _ - .
error-username-marks = 这个名字只有重音或元音符号，请加上承载它们的字母。
error-username-directions = 这个名字混用了书写方向不同的文字，或者开头、结尾的符号或数字会跳到另一边。请只用一个方向。
error-username-taken = 这个名字已经有人用了，换一个试试。
error-username-phone = 这看起来像手机号，请换一个可以让别人看到的名字。
error-username-missing = 请填写用户名。
error-password-short = 密码太短：至少需要 8 个字符。
error-password-long = 密码太长：最多 128 个字符。
error-password-characters = 密码里有控制字符或看不见的字符，请删去：它们并非在哪里都能输入。
error-password-common = 这个密码是人人最先猜的，请换一个：几个词连在一起就很好。
error-password-own = 请不要用自己的名字或手机号码做密码。
error-phone-country = 无法向这个国家或地区的号码发送短信。
error-code-wrong = 验证码不对，还可以再试 { $left } 次。
error-code-over = 这个验证码已经失效，请重新发送。
error-invite = 这个邀请已经失效，请再要一个。
error-invite-uses = 一个链接可以邀请 1 到 1000 人。
error-invite-days = 链接的有效期可以是 1 到 90 天。
error-login = 手机号或密码不正确。
error-setup-code = 安装码不正确。服务器启动时会显示它。
error-content-empty = 先写点什么吧。
error-content-too-long = 消息太长：最多 { $limit } 个字符。
error-content-invalid = 消息里有无法显示的字符，请删去后再试。
error-room-name-missing = 请给房间起个名字。
error-room-name-invalid = 请用 1–80 个可以显示的字符，写在一行里。
error-room-name-taken = 已经有一个开放的房间叫这个名字，请换一个。
error-room-name-lobby = 大厅只有一个，请换一个名字。
error-room-topic-invisible = 这个话题里没有看得见的内容。请写点什么，或者留空。
error-room-topic-invalid = 话题太长，或者含有无法显示的字符。
error-room-kind = 请选择谁可以进来：每个人，或者只有受邀的人。
error-room-confirm = 这不是房间的名称。
error-room-confirm-open = 要公开这个房间，请输入它的名称。
error-member-unknown = 这里没有叫“{ $name }”的人。
error-member-not-here = 这个人不在房间里。
error-involvement = 请选择这里有什么要告诉你。
error-direct-missing = 你想和谁聊？
error-direct-too-many = 人太多了：一个私聊最多 20 人。
error-direct-unknown = 这里没有这个名字或号码的人。
error-direct-oneself = 不能和自己发起私聊。
error-direct-unreachable = 对方不接受你发起的新私聊。
error-choice = 请从这些选项中选择。
error-password-missing = 请输入密码。
error-password-wrong = 这不是你的密码。
error-github-state = 这次前往 GitHub 用时太久、是在其他窗口开始的，或者已经结束。请重新开始。
error-github-denied = 你没有允许 GitHub 告诉我们你是谁，因此什么也没有做。
error-github-code = GitHub 不再接受这次登录。请重新开始。
error-github-down = GitHub 暂时没有回应。请稍后再试，或用手机号登录。
error-github-banned = 这个账号不能在这里登录。
error-github-closed = 目前不能注册，而这里还没有人关联这个 GitHub 账号。
error-github-invite = 这里还没有人关联这个 GitHub 账号，注册需要邀请。
error-github-first = 第一个人必须用手机号和设置码注册，之后可以关联 GitHub。
error-github-taken = 这里已有其他人关联了这个 GitHub 账号。
error-github-another = 你已关联另一个 GitHub 账号。请先解除关联。
error-github-session = 前往 GitHub 的那个人已不再登录，因此什么也没有做。
error-github-not-yours = 这不是你关联的 GitHub 账号。
error-github-last = 那样你就无法登录了：请先添加手机号和密码。
error-github-confirm = 请先用 GitHub 确认是你本人，或重新用它登录。
error-confirm-username = 这不是你的名字，请按这里显示的样子输入。
error-last-admin = 你是唯一的管理员。离开之前，需要先有别人成为管理员。
error-file-missing = 请选择一个文件。
error-file-name = 这个文件的名字是一个路径。请换个普通的名字再试。
error-avatar-kind = 这不是可以使用的图片。请选择 JPEG、PNG、WebP 或 GIF。
error-avatar-mismatch = 这个文件与它名字所说的图片格式不符。请重新存为 JPEG 或 PNG。
error-avatar-pixels = 这张图片的像素太多。请缩小到 1200 万像素以内。
error-avatar-broken = 这张图片不完整或已损坏。请换一张。
error-avatar-large = 这个文件太大，最大 { $limit } MB。
error-search-missing = 请输入要找的内容。

## 其他错误

error-bad-request = 这个请求有些不对，请返回后再试一次。
error-unauthorized = 请先登录。
error-forbidden = 你没有权限这样做。
error-cross-origin = 这个请求来自别的网站，因此没有执行。
error-not-found = 这里什么也没有，或者你无权查看。
error-method = 这个地址不支持这种操作。
error-not-acceptable = 无法以所要求的形式显示。
error-conflict = 这条消息已经以别的内容或在别的房间发送过了。
error-blocked = 未送达。
error-gone = 它已经不在这里了。
error-payload-too-large = 内容太大，服务器一次接收不了。
error-unsupported-media = 服务器不认识这种内容。
error-rate-limited = 有点太快了，请 { $seconds } 秒后再试。
error-rate-limited-minutes = 次数太多了，请在 { $minutes } 分钟后再试。
error-internal = 我们这边出了点问题，已经记录下来，请再试一次。
error-upgrade-required = 这个地址只接受 HTTP/1.1 上的 WebSocket（版本 13）。
error-timed-out = 请求传得太慢了，请再试一次。
error-too-many-sockets = 你打开的窗口太多了，请关掉几个再试。
error-crowded = 你所在的网络现在访客太多，请过几秒再试。
error-unavailable = 服务器正在喘口气，请稍后再试。
error-client-id = 消息的 clientId 必须是 UUID。
error-cursor = before、after 和 ver 必须是不小于 0 的数字；ver 不能和另外两个一起用。
error-limit = limit 必须是 1 到 100 之间的数字。
error-missing-field = 缺少字段“{ $field }”。

## 错误页面

error-title-400 = 没有成功
error-title-401 = 请先登录
error-title-403 = 没有权限
error-title-404 = 没有找到
error-title-405 = 这里不能这样做
error-title-406 = 没有这种形式
error-title-408 = 等得太久了
error-title-409 = 已经发送过了
error-title-413 = 内容太大
error-title-415 = 无法识别的内容
error-title-426 = 不能这样访问
error-title-429 = 请稍等片刻
error-title-500 = 出了点问题
error-title-503 = 马上回来
error-unavailable-page = 它会自己恢复，说过的话都还在。
error-unavailable-form = 它会自己恢复。请返回上一页，你输入的内容还在，再发送一次即可。
error-again = 再试一次
error-home = 回到 Teahouse
error-back-to-login = 去登录
error-request-id = 如需帮助，请提供 { $id }。

## 脚本：消息

js-sending = 正在发送…
js-waiting = 等待发送
js-not-sent = 没有发出。
js-not-confirmed = 服务器还没有回应。
js-try-again = 再试一次
js-copy = 复制文字
js-copied = 文字已复制。
js-not-copied = 没能复制文字，请选中后自行复制。
js-discard = 放弃
js-edited = 已编辑
js-deleted = 这条消息已删除。
js-you = 你
js-today = 今天
js-yesterday = 昨天
js-new = 新消息
js-new-messages-one = {$count} 条新消息
js-new-messages-other = {$count} 条新消息
js-latest = 跳到最新消息
js-older = 查看更早的消息
js-older-loading = 正在读取更早的消息…
js-older-failed = 没能读到更早的消息，再试一次
js-title-unread = ({$count}) {$name}
js-title-quiet = • {$name}
js-newer = 查看更新的消息
js-newer-loading = 正在读取更新的消息…
js-newer-failed = 没能读到更新的消息，再试一次
js-actions = 对这条消息的操作
js-copy-link = 复制链接
js-link-copied = 链接已复制。
js-link-not-copied = 没能复制链接，在这里：{$name}
js-mark-unread = 从这里起标为未读
js-marked-unread = 从这里起为未读。
js-edit = 编辑
js-delete = 删除
js-talk = 和这个人私聊
js-talk-to = 和 {$name} 私聊
js-delete-ask = 删除这条消息？
js-cancel = 取消
js-editing = 正在编辑你的消息，按 Esc 取消。
js-change-failed = 这次修改没有保存。
js-read-by = {$name} 已读
js-typing-one = {$name} 正在输入…
js-typing-two = {$name} 正在输入…
js-typing-many = 好几个人正在输入…
js-unread-one = {$count} 条未读消息
js-unread-other = {$count} 条未读消息
js-mentioned = 有人提到你
js-removed = “{$name}”不再对你开放。
js-opened = “{$name}”已公开：这里的人都能看到它，包括以前的消息。
js-no-date = 那一天及以后没有消息。
js-said = {$name}：{$date}
js-you-said = 你：{$name}

## 脚本：在场的人

js-came-in = {$name} 进来了
js-left = {$name} 离开了
js-here-one = {$count} 人在场
js-here-other = {$count} 人在场
js-people-open-one = 现在有 {$count} 人在场：看看是谁
js-people-open-other = 现在有 {$count} 人在场：看看是谁
js-away = 暂离
js-online = 在场
js-offline-person = 不在
js-last-seen = 上次在线：{ $date } { $time }
js-people-many-one = 现在有 {$count} 人在场。
js-people-many-other = 现在有 {$count} 人在场，人太多，无法一一列出。

## 脚本：连接

js-offline-unkept = 你已离线。
js-unkept = 这个浏览器不保存内容：关闭标签页后，等待发送的消息会丢失。
js-offline = 你已离线。写下的消息会在连接恢复后发送。
js-unreachable = 暂时连接不上 Teahouse。
js-next-try-one = {$count} 秒后重试。
js-next-try-other = {$count} 秒后重试。
js-trying = 正在重试…
js-try-now = 立即重试
js-used-elsewhere = Teahouse 正在另一个窗口中使用。
js-use-here = 在这里使用
js-connected = 已重新连接。
js-new-version = Teahouse 已更新。
js-reload = 重新加载
js-later = 以后再说

## 脚本：没有发出的内容

js-waiting-here = 有消息等待发送
js-failed-here = 有消息没有发出
js-draft = 草稿
js-close = 关闭
js-other-database = 写于服务器更换数据之前。
js-unsent-one = {$count} 段文字没有发出
js-unsent-other = {$count} 段文字没有发出
js-unsent-title = 没有发出
js-unsent-lead = 原来的房间已经不在，或者不再对你开放。想留下的文字，请先复制。
js-leave-title = 还有内容没有发出
js-leave-lead = 退出登录后，下面的内容会从这个浏览器中清除。
js-leave-send = 发送后退出
js-leave-drop = 放弃并退出
js-leave-cancel = 先不退出
js-leave-offline = 你已离线。连接恢复后会先发送，再退出登录。
js-leave-unreachable = 没能退出登录：服务器没有回应。内容都还在。
js-leave-rest = 剩下的内容无法发送。

## 脚本：输入框与表单

js-characters-left-one = 还可以写 {$count} 个字符
js-characters-left-other = 还可以写 {$count} 个字符
js-characters-over-one = 超出 {$count} 个字符
js-characters-over-other = 超出 {$count} 个字符
js-show-password = 显示密码
js-hide-password = 隐藏密码
js-deleted-person = 已注销的用户

development-lead = 仅供开发：只凭用户名即可登录。正式环境中没有这个入口。
development-submit = 用用户名登录
