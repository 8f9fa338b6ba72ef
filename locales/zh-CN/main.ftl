# 网页界面的文字，简体中文。
# 以 js- 开头的条目交给脚本使用，变量由脚本填写；以 error- 开头的条目是页面和 API 的错误提示。

## 产品

app-name = 茶馆
app-tagline = 静一静，聊一聊。
app-description = 茶馆是一个安静聊天的地方：自己的服务器，自己的房间。
lobby-name = 大厅
skip-to-content = 跳到正文
skip-to-composer = 跳到输入框
deleted-person = 已注销的用户

## 登录页

login-title = 登录
login-heading = 欢迎回来
login-lead = 使用手机号登录。
login-submit = 登录
login-to-register = 还没有账号？
login-register-link = 注册账号
login-or = 或
login-github = 使用 GitHub 登录
login-forgot = 忘记密码？
login-forgot-admin = 忘记密码？请向管理员索取重置密码的链接。
login-link = 去登录
github-redirect-title = 前往 GitHub
github-redirect-lead = GitHub 只会告诉我们你是谁。如果没有自动跳转，请点击下面的按钮。
github-redirect-continue = 前往 GitHub

development-lead = 仅供开发：只凭用户名即可登录。正式环境中没有这个入口。
development-submit = 用用户名登录

## 注册页

register-title = 注册账号
register-heading = 注册账号
register-lead = 只需手机号和用户名。
register-submit = 注册
register-to-login = 已有账号？
register-login-link = 登录
register-github = 使用 GitHub 继续

register-closed-title = 暂停注册
register-closed = 目前不开放注册。
register-invite-title = 需要邀请
register-invite = 注册需要邀请链接，请向茶馆的成员索取。

## 验证码与新密码

verification-title = 输入验证码
verification-lead = 短信已发送至 { $phone }，验证码 10 分钟内有效。
verification-lead-maybe = 如果 { $phone } 已注册，你很快会收到短信，验证码 10 分钟内有效。
verification-development = 仅供开发，短信并未真正发送：
verification-submit = 继续
verification-resend = 重新发送验证码
verification-start-over = 重新开始
field-code = 验证码
field-code-hint = 6 位数字，仅在当前浏览器中有效。
sms-code = 【茶馆】你的验证码是 { $code }，{ $minutes } 分钟内有效，请勿告诉他人。
sms-number-taken = 【茶馆】有人（可能是你）尝试用此号码注册。该号码已有账号，直接登录即可。
password-reset-title = 重置密码
password-reset-lead = 输入手机号。如果该号码已注册，我们会发送验证码。
password-reset-submit = 发送验证码
new-password-title = 设置新密码
new-password-lead = 账号：{ $name }。保存后，其他设备都会退出登录。
new-password-submit = 保存并登录

## 邀请链接与密码链接

invites-title = 邀请链接
invites-new = 邀请他人
invites-submit = 生成链接
invites-list = 有效链接
invites-lead = 拥有链接的人都可以注册。
invites-empty = 目前没有有效的链接。
invites-link = 链接
invites-uses-left = 还可使用 { $count } 次
invites-expires = 有效期至 { $time }（UTC）
invites-revoke = 撤销
field-invite-uses = 可注册人数
field-invite-days = 有效天数
qr-show = 显示二维码
qr-label = 链接的二维码
password-links-title = 密码链接
password-links-new = 帮助他人重新登录
password-links-hint = 生成一个链接，对方可在 { $hours } 小时内用它设置新密码，仅限一次。
password-links-submit = 生成链接
password-links-result-title = { $name } 的链接
password-links-result-lead = 请立即复制，链接只显示这一次。请勿交给其他人，拿到链接的人可以登录该账号。链接在 { $hours } 小时后或使用一次后失效。
password-links-link = 链接

## 安全日志

security-log-tab = 安全
security-log-title = 安全日志
security-log-all-title = 安全日志：所有账号
security-log-lead = 你的账号最近的活动。如果有不是你本人的操作，请修改密码。
security-log-empty = 最近没有活动。
security-log-older = 查看更早的记录
event-registered = 注册账号
event-signed-in = 登录
event-signed-in-github = 使用 GitHub 登录
event-sign-in-failed = 密码错误
event-signed-out = 退出登录
event-sessions-ended = 退出所有设备
event-password-changed = 修改密码
event-password-reset = 重置密码
event-password-link-made = 管理员生成了密码链接
event-phone-changed = 更换手机号
event-github-joined = 关联 GitHub
event-github-confirmed = 通过 GitHub 验证身份
event-github-left = 解除关联 GitHub
event-code-sent = 发送验证码
event-code-failed = 验证码错误
event-pairing-made = 生成登录二维码
event-pairing-asked = 有设备扫码请求登录
event-pairing-allowed = 允许设备登录
event-pairing-refused = 拒绝设备登录
event-invite-made = 生成邀请链接
event-invite-revoked = 撤销邀请链接
event-banned = 账号被封禁
event-unbanned = 账号解除封禁
event-deactivated = 账号被停用
event-role-changed = 角色变更

## 表单字段

field-region = 国家或地区
field-phone = 手机号
field-phone-hint = 其他人看不到你的手机号。
field-username = 用户名
field-username-hint = 其他人看到的名字：2–32 个文字、字母或数字，不含空格。
field-password = 密码
field-password-hint = 至少 8 个字符。
field-setup-code = 安装码
field-setup-code-hint = 你是第一位用户，将成为管理员。安装码在服务器启动时显示。

## 侧边栏

rooms-label = 房间
rooms-back = 房间
rooms-find = 发现房间
rooms-people = 找人
rooms-invitations = 房间邀请
rooms-new = 新建房间
rooms-direct-messages = 私聊
rooms-direct-messages-empty = 还没有私聊，找个人打声招呼吧。
rooms-mentioned = 有人提到了你
rooms-unread-first = 未读优先
rooms-read-all = 全部标为已读
rooms-unread = { $count } 条未读消息
account-label = 你的账号
sign-out = 退出登录

## 房间页

room-messages-label = { $name } 的消息
room-empty-title = 还没有消息
room-empty-action = 打个招呼
room-older = 查看更早的消息
room-newer = 查看更新的消息
room-join-lead = 你正在预览这个房间，加入后可以发言。
room-join = 加入房间
room-opened = 这个房间已由私密改为公开：所有人都能查看，包括以前的消息。
room-person-deleted = 对方已注销账号。

## 房间面板（API 中的 closed 房间在界面上称为“私密房间”）

panel-toggle = 房间详情
panel-close = 关闭
panel-kind-open = 公开房间：任何人都可以加入
panel-kind-closed = 私密房间：受邀才能加入
panel-people = 成员
panel-people-lobby = 所有人都在大厅里。以下是当前在线的人。
panel-invite = 邀请成员
panel-invite-submit = 邀请
panel-member-added = 已加入房间。
panel-member-invited = 邀请已发送。对方接受之前，只能看到房间的名称和话题。
panel-remove = 移出 { $name }
panel-message = 私聊 { $name }
panel-notifications = 消息提醒
panel-notifications-everything = 所有消息
panel-notifications-mentions = 仅提到我的消息
panel-notifications-nothing = 不提醒
panel-notifications-hidden = 不提醒，并隐藏房间
panel-save = 保存
panel-edit = 编辑房间
panel-open-lead = 公开后，所有人都能查看这个房间以前的全部消息，成员会收到提示。请输入房间名称以确认：{ $name }
panel-block = 屏蔽 { $name }
panel-block-lead = 你将不再收到 { $name } 的消息，对方只会看到“未送达”。
panel-unblock = 取消屏蔽 { $name }
panel-blocked = 你已屏蔽 { $name }，不会收到对方的消息。
panel-jump = 跳转到日期
panel-jump-submit = 跳转
panel-leave = 退出房间
panel-delete = 删除房间
panel-delete-lead = 删除后，所有人都无法再访问这个房间。请输入房间名称以确认：{ $name }
field-confirm-room = 房间名称
field-invite-username = 用户名

## 发现房间

directory-title = 房间
directory-lead = 你还没有加入的公开房间
directory-search = 搜索房间
directory-search-submit = 搜索
directory-empty = 你已加入所有公开房间。
directory-empty-action = 新建房间
directory-no-match = 没有找到与“{ $search }”相关的房间。
directory-show-all = 显示所有房间
directory-join = 加入
directory-count = 你还没有加入的公开房间：{ $count } 个
directory-range = 第 { $first }–{ $last } 项，共 { $count } 项
directory-pages = 分页
directory-page-empty = 这一页没有内容。
directory-first-page = 第一页
directory-next-page = 下一页
new-room = 新建房间
new-room-submit = 新建
field-room-name = 名称
field-room-name-hint = 最多 80 个字符。
field-room-topic = 话题
field-room-topic-hint = 选填，介绍房间聊什么。
field-room-kind = 谁可以加入
field-room-kind-open = 任何人
field-room-kind-closed = 仅受邀的人
field-members = 邀请成员
field-members-hint = 填写用户名，对方接受后加入；与你同在私密房间或私聊里的人会直接加入。
field-member = 第 { $number } 位成员

## 房间邀请

invitations-title = 房间邀请
invitations-lead = 你可以接受或拒绝。拒绝时，对方不会收到通知。
invitations-from = 来自 { $name }
invitations-accept = 接受
invitations-decline = 拒绝
invitations-empty = 暂无邀请。

## 找人

people-title = 找人
people-lead = 和一个人私聊，或者发起群聊。
people-search = 搜索用户
people-no-match = 没有找到与“{ $search }”相关的用户。
people-empty = 你是第一位用户。
people-show-all = 显示所有人
people-recipient-title = 知道对方的用户名或手机号？
people-recipient = 用户名或手机号
people-recipient-hint = 手机号以 + 和国家或地区代码开头。
people-message = 私聊
people-group-start = 发起群聊
people-group-hint = 勾选多人，一起群聊。
people-select = 选择 { $name }

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
settings-picture-hint = JPEG、PNG、WebP 或 GIF，最大 10 MB。图片会裁剪为正方形，并移除位置和设备信息。
settings-picture-submit = 上传头像
settings-picture-remove = 移除头像

settings-language = 语言
settings-language-browser = 跟随浏览器
language-en-us = English（英语）
language-zh-cn = 简体中文
settings-theme = 主题
settings-theme-system = 跟随系统
settings-theme-light = 浅色
settings-theme-dark = 深色
settings-time-format = 时间格式
settings-time-format-language = 跟随语言
settings-time-format-12 = 12 小时制（下午7:04）
settings-time-format-24 = 24 小时制（19:04）

settings-direct-messages = 私聊
settings-direct-messages-legend = 谁可以向你发起私聊
settings-direct-messages-everyone = 所有人
settings-direct-messages-shared-rooms = 与你同在私密房间或群聊里的人
settings-direct-messages-no-one = 不允许任何人
settings-direct-messages-hint = 已有的私聊不受影响。如果不想再收到某人的消息，可以在私聊中屏蔽对方。

settings-devices = 已登录的设备
settings-devices-lead = 如果有不认识或不再使用的设备，请将其退出登录。
settings-devices-ended = 已退出登录。
device-unknown = 未知浏览器
device-token = API 令牌
device-current = 当前设备
device-last-active = 上次活动
device-sign-out = 退出登录
device-sign-out-others = 退出其他所有设备

settings-phone = 手机号
settings-phone-current = 当前手机号：
settings-phone-none = 尚未添加手机号。
settings-phone-submit = 更换手机号
settings-phone-add = 添加手机号
settings-password = 密码
settings-password-reason = 用于确认是你本人操作。
settings-password-old = 当前密码
settings-password-new = 新密码
settings-password-hint = 当前设备保持登录，其他设备都会退出登录。
settings-password-submit = 修改密码
settings-password-set = 设置密码
settings-password-saved = 密码已修改，其他设备均已退出登录。
settings-github-lead = 关联 GitHub 账号后，可以用它代替手机号登录。GitHub 只会告诉我们你是谁。
settings-github-connect = 关联 GitHub
settings-github-connected-as = 已关联：
settings-github-connected = 已关联 GitHub，现在可以用它登录。
settings-github-disconnect = 解除关联
settings-github-disconnected = 已解除关联，无法再用 GitHub 登录。
settings-github-confirm-why = 你还没有设置密码。更改登录方式或注销账号前，请先通过 GitHub 确认是你本人。
settings-github-confirm = 通过 GitHub 确认
settings-github-confirmed = 已通过 GitHub 确认身份，10 分钟内有效。
settings-export = 你的数据
settings-export-lead = 你的资料、设备、房间和发送过的所有消息，导出为 JSON 文件。
settings-export-submit = 下载我的数据
settings-delete = 注销账号
settings-delete-lead-keep = 此操作无法撤销。你的消息会保留，发送者显示为“已注销的用户”。其他人可以使用你的用户名和手机号。
settings-delete-lead-erase = 此操作无法撤销。你的消息会一并删除。其他人可以使用你的用户名和手机号。
settings-delete-confirm = 请输入你的用户名以确认：{ $name }
settings-delete-submit = 注销我的账号
account-deleted-title = 账号已注销
account-deleted-lead = 你已在所有设备上退出登录。感谢你的使用。

## 登录另一台设备

pairing-start = 登录另一台设备
pairing-title = 登录另一台设备
pairing-lead = 用另一台设备的相机扫描二维码，或在那台设备上打开链接。仅限使用一次，{ $minutes } 分钟内有效。
pairing-qr = 用于登录另一台设备的二维码
pairing-link = 或使用链接
pairing-waiting = 正在等待另一台设备。登录前，这里会请你确认。
pairing-refresh = 刷新
pairing-cancel = 取消
pairing-request-title = 允许这台设备登录吗？
pairing-request-lead = 请确认设备在你手里，并且显示同样的数字：
pairing-allow = 允许
pairing-deny = 拒绝
pairing-allowed = 已允许，另一台设备正在登录。
pairing-used = 另一台设备已登录。
pairing-devices-link = 查看我的设备
pairing-denied = 已拒绝，没有设备登录。
pairing-expired = 二维码已失效，没有设备登录。
pairing-new-code = 生成新的二维码
pairing-confirm-title = 在这台设备上登录
pairing-confirm-lead = 你将以 { $name } 的身份登录。
pairing-confirm-hint = 接下来，请在显示二维码的设备上允许登录。
pairing-confirm-submit = 在此设备登录
pairing-wait-title = 核对数字
pairing-wait-lead = 如果另一台设备显示同样的数字，请在那台设备上允许 { $name } 登录。
pairing-wait-hint = 页面会自动更新。如果没有更新，请刷新。
pairing-finish-title = 即将登录
pairing-finish-lead = 另一台设备已允许登录。
pairing-finish-submit = 以 { $name } 的身份继续
pairing-denied-title = 未登录
pairing-denied-lead = 另一台设备拒绝了这次登录。
pairing-expired-title = 二维码已失效
pairing-expired-lead = 二维码已被使用或已过期。请在已登录的设备上前往“设置 → 设备”，生成新的二维码。
pairing-password-link = 用密码登录

## 消息与时间

message-edited = 已编辑
message-deleted = 这条消息已删除。
message-utc = { $date }（UTC）
time-am = 上午{ $time }
time-pm = 下午{ $time }

## 输入框

composer-label = 发消息到 { $name }
composer-placeholder = 输入消息…
composer-send = 发送
composer-hint = 按 Enter 发送，按 Shift + Enter 换行

## 表单错误

error-phone-invalid = 手机号不正确，请检查号码和国家或地区。
error-phone-taken = 该手机号已注册，请直接登录。
error-phone-missing = 请输入手机号。
error-username-short = 用户名至少需要 { $limit } 个字符。
error-username-long = 用户名最多 { $limit } 个字符。
error-username-spaces = 用户名不能包含空格，可以用 _ - 或 . 代替。
error-username-character = 用户名不能包含“{ $character }”，请使用文字、字母、数字或 _ - .
error-username-characters = 这些字符不能在用户名中组合使用，请使用文字、字母、数字或 _ - .
error-username-marks = 用户名不能只有重音或元音符号，请加上字母。
error-username-directions = 用户名混用了从左到右和从右到左的文字，或者首尾的符号、数字会移到另一侧，请只使用一个方向。
error-username-taken = 该用户名已被使用，请换一个。
error-username-phone = 这看起来像手机号，请换一个可以公开的用户名。
error-username-missing = 请输入用户名。
error-password-short = 密码至少需要 8 个字符。
error-password-long = 密码最多 128 个字符。
error-password-characters = 密码中有控制字符或不可见字符，有些设备无法输入，请删除。
error-password-common = 这个密码太常见，请换一个，例如把几个词连在一起。
error-password-own = 请不要用自己的用户名或手机号作为密码。
error-phone-country = 无法向该国家或地区发送短信。
error-code-wrong = 验证码错误，还可以再试 { $left } 次。
error-code-expired = 验证码已失效，请重新发送。
error-invite = 邀请链接已失效，请重新索取。
error-invite-uses = 请输入 1 到 1000 之间的数字。
error-invite-days = 请输入 1 到 90 之间的数字。
error-login = 手机号或密码错误。
error-setup-code = 安装码错误。安装码在服务器启动时显示。
error-content-empty = 请先输入消息。
error-content-too-long = 消息最多 { $limit } 个字符。
error-content-invalid = 消息中有无法显示的字符，请删除后重试。
error-room-name-missing = 请输入房间名称。
error-room-name-invalid = 请使用 1–80 个可见字符，不能换行。
error-room-name-taken = 已有同名的公开房间，请换一个名称。
error-room-name-lobby = 大厅只有一个，请换一个名称。
error-room-topic-invisible = 话题中没有可见字符，请输入内容或留空。
error-room-topic-invalid = 话题过长，或包含无法显示的字符。
error-room-kind = 请选择谁可以加入。
error-room-confirm = 房间名称不正确。
error-room-confirm-open = 要公开这个房间，请输入房间名称。
error-member-unknown = 没有名为“{ $name }”的用户。
error-member-not-here = 对方不在这个房间里。
error-involvement = 请选择消息提醒方式。
error-direct-missing = 请输入要私聊的人。
error-direct-too-many = 一个私聊最多 20 人。
error-direct-unknown = 没有使用该用户名或手机号的用户。
error-direct-oneself = 不能和自己私聊。
error-direct-unreachable = 对方不接受你发起的私聊。
error-choice = 请选择其中一项。
error-password-missing = 请输入密码。
error-password-wrong = 密码错误。
error-github-state = 这次 GitHub 登录已超时、在其他窗口中开始或已经完成，请重新开始。
error-github-denied = 你没有授权 GitHub，因此没有任何更改。
error-github-code = GitHub 不再接受这次登录，请重新开始。
error-github-down = GitHub 没有响应，请稍后重试，或使用手机号登录。
error-github-banned = 该账号无法在这里登录。
error-github-closed = 没有账号关联这个 GitHub 账号，而且目前不开放注册。
error-github-invite = 没有账号关联这个 GitHub 账号，注册需要邀请链接。
error-github-first = 第一个账号必须用手机号和安装码注册，之后可以关联 GitHub。
error-github-taken = 这个 GitHub 账号已被其他账号关联。
error-github-another = 你已关联另一个 GitHub 账号，请先解除关联。
error-github-session = 发起这次操作的账号已退出登录，因此没有任何更改。
error-github-not-yours = 这不是你关联的 GitHub 账号。
error-github-last = 解除后你将无法登录，请先添加手机号和密码。
error-github-confirm = 请先通过 GitHub 确认是你本人，或重新用它登录。
error-confirm-username = 用户名不正确，请按显示的内容输入。
error-last-admin = 你是唯一的管理员，请先将其他人设为管理员。
error-file-missing = 请选择文件。
error-file-name = 文件名是一个路径，请重命名后重试。
error-avatar-kind = 无法使用这张图片，请选择 JPEG、PNG、WebP 或 GIF。
error-avatar-mismatch = 文件内容与扩展名不符，请重新保存为 JPEG 或 PNG。
error-avatar-pixels = 图片太大，请缩小到 1200 万像素以内。
error-avatar-broken = 图片不完整或已损坏，请换一张。
error-avatar-large = 图片最大 { $limit } MB。
error-search-missing = 请输入搜索内容。

## 其他错误

error-bad-request = 请求有误，请返回后重试。
error-unauthorized = 请先登录。
error-forbidden = 你没有权限执行此操作。
error-cross-origin = 请求来自其他网站，因此没有任何更改。
error-not-found = 内容不存在，或者你无权查看。
error-method = 这个地址不支持该操作。
error-not-acceptable = 不支持所请求的格式。
error-conflict = 这条消息已用其他内容或在其他房间发送过。
error-blocked = 未送达。
error-payload-too-large = 内容太大，服务器无法接收。
error-unsupported-media = 服务器不支持这种内容类型。
error-rate-limited = 操作太快，请 { $seconds } 秒后重试。
error-rate-limited-minutes = 尝试次数过多，请 { $minutes } 分钟后重试。
error-internal = 服务器出错，问题已记录，请重试。
error-upgrade-required = 这个地址只接受基于 HTTP/1.1 的 WebSocket（版本 13）。
error-timed-out = 请求超时，请重试。
error-too-many-sockets = 你打开的窗口太多，请关闭一些后重试。
error-too-many-visitors = 当前网络的访问人数过多，请稍等几秒再试。
error-unavailable = 服务器繁忙，请稍后重试。
error-client-id = clientId 必须是 UUID。
error-cursor = before、after 和 ver 必须是不小于 0 的数字；ver 不能与另外两个同时使用。
error-limit = limit 必须是 1 到 100 之间的数字。

## 错误页面

error-title-400 = 请求有误
error-title-401 = 请先登录
error-title-403 = 没有权限
error-title-404 = 页面不存在
error-title-405 = 不支持的操作
error-title-406 = 不支持的格式
error-title-408 = 请求超时
error-title-409 = 已发送过
error-title-413 = 内容太大
error-title-415 = 不支持的内容类型
error-title-426 = 仅支持 WebSocket
error-title-429 = 操作太频繁
error-title-500 = 出错了
error-title-503 = 服务暂时不可用
error-unavailable-page = 消息不会丢失。
error-unavailable-form = 请返回上一页，你输入的内容还在，稍后再发送一次即可。
error-try-again = 重试
error-home = 返回茶馆
error-request-id = 如需帮助，请提供编号 { $id }。

## 脚本：消息

js-sending = 正在发送…
js-waiting = 等待发送
js-not-sent = 发送失败。
js-not-confirmed = 服务器没有响应。
js-try-again = 重试
js-copy = 复制文字
js-copied = 已复制文字。
js-not-copied = 无法复制，请手动选择并复制。
js-discard = 丢弃
js-edited = 已编辑
js-deleted = 这条消息已删除。
js-deleted-person = 已注销的用户
js-today = 今天
js-yesterday = 昨天
js-date-time = { $date } { $time }
js-new = 新消息
js-new-messages-one = {$count} 条新消息
js-new-messages-other = {$count} 条新消息
js-jump-to-latest = 跳到最新消息
js-older = 查看更早的消息
js-older-loading = 正在加载更早的消息…
js-older-failed = 无法加载更早的消息，点击重试
js-newer = 查看更新的消息
js-newer-loading = 正在加载更新的消息…
js-newer-failed = 无法加载更新的消息，点击重试
js-no-messages-since = 那天及之后没有消息。
js-actions = 消息操作
js-copy-link = 复制链接
js-link-copied = 已复制链接。
js-link-not-copied = 无法复制链接，请手动复制：{$name}
js-mark-unread = 标为未读
js-marked-unread = 已标为未读。
js-edit = 编辑
js-delete = 删除
js-delete-confirm = 删除这条消息？
js-cancel = 取消
js-editing = 正在编辑消息，按 Esc 取消。
js-change-failed = 更改未保存。
js-message-person = 私聊
js-message-name = 私聊 {$name}
js-read-by = {$name} 已读
js-typing-one = {$name} 正在输入…
js-typing-two = {$name} 正在输入…
js-typing-many = 多人正在输入…

## 脚本：房间与成员

js-title-unread = ({$count}) {$name}
js-title-quiet = • {$name}
js-lobby = 大厅
js-unread-one = {$count} 条未读消息
js-unread-other = {$count} 条未读消息
js-mentioned = 有人提到了你
js-preview = {$name}：{$date}
js-preview-own = 你：{$name}
js-removed = 你已无法访问“{$name}”。
js-opened = “{$name}”已改为公开：所有人都能查看，包括以前的消息。
js-joined = {$name} 进入了房间
js-left = {$name} 离开了房间
js-online-count-one = {$count} 人在线
js-online-count-other = {$count} 人在线
js-people-many-one = 当前有 {$count} 人在线。
js-people-many-other = 当前有 {$count} 人在线，人数太多，无法全部列出。
js-you = 你
js-online = 在线
js-away = 离开
js-offline = 离线
js-last-seen = 上次在线：{ $date } { $time }

## 脚本：连接

js-no-network = 你已离线，消息会在恢复连接后发送。
js-no-network-unsaved = 你已离线。
js-not-saved = 当前浏览器无法保存消息，关闭标签页后，未发送的内容会丢失。
js-unreachable = 无法连接到茶馆。
js-next-try-one = {$count} 秒后重试。
js-next-try-other = {$count} 秒后重试。
js-trying = 正在重试…
js-try-now = 立即重试
js-used-elsewhere = 茶馆已在另一个窗口中打开。
js-use-here = 在此使用
js-connected = 已恢复连接。
js-new-version = 茶馆有新版本。
js-reload = 刷新
js-later = 以后再说

## 脚本：未发送的消息

js-room-waiting = 有消息等待发送
js-room-failed = 有消息发送失败
js-draft = 草稿
js-close = 关闭
js-other-database = 写于服务器更换数据之前。
js-unsent-one = {$count} 条未发送的消息
js-unsent-other = {$count} 条未发送的消息
js-unsent-title = 未发送的消息
js-unsent-lead = 原来的房间已不存在，或你已无法访问。如需保留，请先复制。
js-sign-out-title = 有消息尚未发送
js-sign-out-lead = 退出登录后，以下内容会从这个浏览器中清除。
js-sign-out-send = 发送后退出
js-sign-out-discard = 丢弃并退出
js-sign-out-cancel = 保持登录
js-sign-out-offline = 你已离线。恢复连接后，会先发送消息，再退出登录。
js-sign-out-unreachable = 服务器没有响应，你仍处于登录状态，内容都还在。
js-sign-out-failed = 其余消息无法发送。

## 脚本：表单

js-characters-left-one = 还可输入 {$count} 个字符
js-characters-left-other = 还可输入 {$count} 个字符
js-characters-over-one = 超出 {$count} 个字符
js-characters-over-other = 超出 {$count} 个字符
js-show-password = 显示密码
js-hide-password = 隐藏密码
