# 终端客户端 `teahouse chat` 的文字。

chat-ask-phone = 手机号：
chat-ask-password = 密码：
chat-need-phone = 未指定账号，请使用 --phone 或 --token。
chat-need-password = 没有可以输入密码的终端，请设置 TEAHOUSE_PASSWORD。
chat-wrong-password = 手机号或密码错误。
chat-signed-out = 未登录或登录已失效，请重新登录。
chat-bad-url = { $url } 不是 http 或 https 网址。
chat-unreachable = { $url } 没有响应：{ $cause }。
chat-unexpected = { $url } 的响应不像茶馆服务器（状态码 { $status }）。
chat-no-room = 你没有名为 { $room } 的房间。
chat-unconfirmed = 服务器没有及时确认，消息可能已发送，也可能没有。
chat-refused = 未发送：{ $message }
chat-not-json = 这一行不是带 type 的 JSON 对象，未发送。
chat-lines-refused = 有些行不是 JSON 对象，未发送。
chat-not-connected = 未连接，请在恢复连接后重试。
chat-unknown-command = 未知命令，输入 /help 查看所有命令。
chat-usage-join = 用法：/join 名称|编号
chat-usage-history = 用法：/history [N]，N 为 1 到 100
chat-usage-to = 用法：/to 用户名|手机号 内容
chat-welcome = 已登录为 { $name }，输入 /help 查看命令。
chat-entered = 当前房间：{ $room }。{ $topic }
chat-removed = 你已不在“{ $room }”中。
chat-invitation = { $name } 邀请你加入“{ $room }”，请在浏览器中打开 /invitations 接受或拒绝。
chat-lost = 连接已断开，正在重连…
chat-back = 已重新连接。
chat-delivered = 已送达 { $name }。
chat-unread = { $room }：{ $count } 条未读消息
chat-edited = { $text }（已编辑）
chat-deleted = （已删除）
chat-room = { $name } [{ $id }]
chat-deleted-person = 已注销的用户
chat-direct = @{ $name } [{ $id }]
chat-here = 在线：{ $names }
chat-here-count = { $room }：{ $count } 人在线
chat-away = { $name }（离开）
chat-help = 直接输入的内容会发送到当前房间。
    /rooms                  列出我的房间和未读消息
    /join NAME|ID           进入房间；用编号加入公开房间
    /history [N]            显示最近 N 条消息（默认 20）
    /to USERNAME|PHONE TEXT 发送私聊消息
    /who                    查看谁在线
    /help                   显示这个列表
    /quit                   退出
    //TEXT                  发送以斜杠开头的内容
