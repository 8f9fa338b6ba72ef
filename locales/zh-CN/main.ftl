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

## 注册

register-title = 注册账号
register-heading = 请进
register-lead = 只需一个手机号和一个名字。
register-submit = 注册
register-to-login = 已经有账号？
register-login-link = 登录

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
rooms-unread = { $count } 条未读消息
room-messages-label = { $name } 的消息
room-empty-title = 还没有人说话。
room-empty-action = 打个招呼
room-older = 查看更早的消息
room-not-member = 你正在旁观：只有成员才能在这里发言。
people-heading = 现在在场
people-close = 关闭
people-empty = 目前只有你。
account-label = 你的账号
sign-out = 退出登录

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
error-username-invalid = 请用 2–32 个文字、字母、数字或 _ - . ，不要有空格。
error-username-taken = 这个名字已经有人用了，换一个试试。
error-username-phone = 这看起来像手机号，请换一个可以让别人看到的名字。
error-username-missing = 请填写用户名。
error-password-short = 密码太短：至少需要 8 个字符。
error-password-long = 密码太长：最多 128 个字符。
error-login = 手机号或密码不正确。
error-setup-code = 安装码不正确。服务器启动时会显示它。
error-content-empty = 先写点什么吧。
error-content-too-long = 消息太长：最多 { $limit } 个字符。
error-content-invalid = 消息里有无法显示的字符，请删去后再试。

## 其他错误

error-bad-request = 这个请求有些不对，请返回后再试一次。
error-unauthorized = 请先登录。
error-forbidden = 你没有权限这样做。
error-cross-origin = 这个请求来自别的网站，因此没有执行。
error-not-found = 这里什么也没有，或者你无权查看。
error-method = 这个地址不支持这种操作。
error-not-acceptable = 无法以所要求的形式显示。
error-conflict = 这条消息已经以别的内容或在别的房间发送过了。
error-gone = 它已经不在这里了。
error-payload-too-large = 内容太大，服务器一次接收不了。
error-unsupported-media = 服务器不认识这种内容。
error-rate-limited = 有点太快了，请 { $seconds } 秒后再试。
error-internal = 我们这边出了点问题，已经记录下来，请再试一次。
error-unavailable = 服务器正在喘口气，请稍后再试。
error-client-id = 消息的 clientId 必须是 UUID。
error-cursor = before 和 after 只能用一个。
error-limit = limit 必须是 1 到 100 之间的数字。
error-missing-field = 缺少字段“{ $field }”。

## 错误页面

error-title-400 = 没有成功
error-title-401 = 请先登录
error-title-403 = 没有权限
error-title-404 = 没有找到
error-title-405 = 这里不能这样做
error-title-406 = 没有这种形式
error-title-409 = 已经发送过了
error-title-413 = 内容太大
error-title-415 = 无法识别的内容
error-title-429 = 请稍等片刻
error-title-500 = 出了点问题
error-title-503 = 马上回来
error-retry-after = 请 { $seconds } 秒后再试。
error-home = 回到 Teahouse
error-back-to-login = 去登录
error-request-id = 如需帮助，请提供 { $id }。

## 脚本：消息

js-sending = 正在发送…
js-not-sent = 没有发出。
js-not-confirmed = 服务器还没有回应。
js-try-again = 再试一次
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

## 脚本：在场的人

js-came-in = {$name} 进来了
js-left = {$name} 离开了
js-here-one = {$count} 人在场
js-here-other = {$count} 人在场
js-people-open-one = 现在有 {$count} 人在场：看看是谁
js-people-open-other = 现在有 {$count} 人在场：看看是谁
js-away = 暂离
js-people-many-one = 现在有 {$count} 人在场。
js-people-many-other = 现在有 {$count} 人在场，人太多，无法一一列出。

## 脚本：连接

js-offline = 你已离线。写下的消息会在连接恢复后发送。
js-reconnecting = 连接断开了，正在重试…
js-connected = 已重新连接。
js-new-version = Teahouse 已更新。
js-reload = 重新加载

## 脚本：输入框与表单

js-characters-left-one = 还可以写 {$count} 个字符
js-characters-left-other = 还可以写 {$count} 个字符
js-characters-over-one = 超出 {$count} 个字符
js-characters-over-other = 超出 {$count} 个字符
js-show-password = 显示密码
js-hide-password = 隐藏密码
