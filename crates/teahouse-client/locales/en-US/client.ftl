# Texts of the terminal client, `teahouse chat`.

chat-ask-phone = Phone number:{" "}
chat-ask-password = Password:{" "}
chat-need-phone = No account given. Use --phone or --token.
chat-need-password = There is no terminal to enter the password in. Set TEAHOUSE_PASSWORD.
chat-wrong-password = Wrong phone number or password.
chat-signed-out = Not signed in, or the session has ended. Sign in again.
chat-bad-url = { $url } is not an http or https URL.
chat-unreachable = No answer from { $url }: { $cause }.
chat-unexpected = { $url } doesn’t respond like a Teahouse server (status { $status }).
chat-no-room = You have no room called { $room }.
chat-unconfirmed = The server didn’t confirm the message in time. It may or may not have been sent.
chat-refused = Not sent: { $message }
chat-not-json = This line is not a JSON object with a type. It was not sent.
chat-lines-refused = Some lines were not JSON objects and were not sent.
chat-not-connected = Not connected. Try again when the connection is back.
chat-unknown-command = Unknown command. /help lists all commands.
chat-usage-join = Usage: /join NAME|ID
chat-usage-history = Usage: /history [N], with N from 1 to 100
chat-usage-to = Usage: /to USERNAME|PHONE TEXT
chat-welcome = Signed in as { $name }. /help lists the commands.
chat-entered = You are in { $room }. { $topic }
chat-removed = You are no longer in { $room }.
chat-invitation = { $name } invited you to “{ $room }”. Accept or decline at /invitations in a browser.
chat-lost = Connection lost. Reconnecting…
chat-back = Reconnected.
chat-delivered = Delivered to { $name }.
chat-unread = { $count ->
    [one] { $room }: { $count } unread message
   *[other] { $room }: { $count } unread messages
}
chat-edited = { $text } (edited)
chat-deleted = (deleted)
chat-room = { $name } [{ $id }]
chat-deleted-person = deleted person
chat-direct = @{ $name } [{ $id }]
chat-here = Online: { $names }
chat-here-count = { $count ->
    [one] { $room }: { $count } person online
   *[other] { $room }: { $count } people online
}
chat-away = { $name } (away)
chat-help = What you type is sent to the current room.
    /rooms                  list my rooms and unread messages
    /join NAME|ID           go to a room; join an open room by its ID
    /history [N]            show the latest N messages (default 20)
    /to USERNAME|PHONE TEXT send a direct message
    /who                    show who is online
    /help                   show this list
    /quit                   exit
    //TEXT                  send a message that begins with a slash
