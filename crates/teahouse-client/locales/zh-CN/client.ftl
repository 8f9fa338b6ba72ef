# `teahouse chat` 的文字。

chat-ask-phone = 手机号：
chat-ask-password = 密码：
chat-need-phone = 请说明你是谁：用 --phone 给出手机号，或用 --token 给出令牌。
chat-need-password = 没有可以输入密码的终端：请设置 TEAHOUSE_PASSWORD。
chat-wrong-password = 手机号或密码不正确。
chat-signed-out = 你没有登录，或登录已失效：请重新登录。
chat-bad-url = { $url } 不是 http 或 https 地址。
chat-unreachable = { $url } 没有回应：{ $cause }。
chat-unexpected = { $url } 的回应不像是一家茶馆（状态码 { $status }）。
chat-no-room = 你没有名为 { $room } 的房间。
chat-unconfirmed = 服务器没有及时确认这条消息，它可能已经保存，也可能没有。
chat-refused = 没有发出：{ $message }
chat-not-json = 这一行不是带 type 的 JSON 对象，没有发送。
chat-lines-refused = 有些行不是 JSON 对象，没有发送。
chat-not-connected = 现在没有连接，恢复后请再试。
chat-unknown-command = 没有这个命令。输入 /help 查看全部命令。
chat-usage-join = /join 后面要写房间的名称或编号。
chat-usage-history = /history 后面要写 1 到 100 之间的数。
chat-usage-to = /to 后面要写用户名或手机号，再写内容。
chat-welcome = 你是 { $name }。输入 /help 查看命令。
chat-entered = 你在“{ $room }”。{ $topic }
chat-removed = 你已不在“{ $room }”。
chat-invitation = { $name } 邀请你进“{ $room }”：请在浏览器的 /invitations 页面答复。
chat-lost = 连接断开，正在重试……
chat-back = 连接已恢复。
chat-delivered = 已送达 { $name }。
chat-unread = { $room }：{ $count } 条未读消息
chat-edited = { $text }（已编辑）
chat-deleted = （已删除）
chat-room = { $name } [{ $id }]
chat-deleted-person = 已注销的用户
chat-direct = @{ $name } [{ $id }]
chat-here = 现在在这里：{ $names }
chat-here-count = { $room }：{ $count } 人在这里
chat-away = { $name }（离开）
chat-help = 直接输入的内容会发到当前房间。
    /rooms                  我的房间和未读消息数
    /join NAME|ID           进入房间；没进过的公开房间用编号进入
    /history [N]            最近的 N 条消息（默认 20）
    /to USERNAME|PHONE TEXT 对一个人说（用户名或手机号，再写内容）
    /who                    谁在这里
    /help                   这份列表
    /quit                   离开
    //TEXT                  发送以斜杠开头的内容
