# Texts of `teahouse chat`.

chat-ask-phone = Phone number:{" "}
chat-ask-password = Password:{" "}
chat-need-phone = Say who you are: --phone, or --token with a token.
chat-need-password = There is no terminal to ask for the password: set TEAHOUSE_PASSWORD.
chat-wrong-password = Phone number or password is wrong.
chat-signed-out = You are not signed in, or no longer: sign in again.
chat-bad-url = { $url } is not an http or https address.
chat-unreachable = No answer from { $url }: { $cause }.
chat-unexpected = { $url } does not answer as a Teahouse does (status { $status }).
chat-no-room = You have no room called { $room }.
chat-unconfirmed = The server did not confirm the message in time; it may or may not be stored.
chat-refused = Not said: { $message }
chat-not-json = This line is not a JSON object with a type, and was not sent.
chat-lines-refused = Some lines were not JSON objects, and were not sent.
chat-not-connected = There is no connection at the moment. Try again when it is back.
chat-unknown-command = There is no such command. /help lists them.
chat-usage-join = /join needs a room: its name or its number.
chat-usage-history = /history takes a number from 1 to 100.
chat-usage-to = /to needs a username or phone number, and a text.
chat-welcome = You are { $name }. /help lists the commands.
chat-entered = You are in { $room }. { $topic }
chat-removed = You are no longer in { $room }.
chat-invitation = { $name } invites you into “{ $room }”: answer at /invitations in a browser.
chat-lost = The connection is lost; trying again …
chat-back = The connection is back.
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
chat-here = Here now: { $names }
chat-here-count = { $count ->
    [one] { $room }: { $count } person is here
   *[other] { $room }: { $count } people are here
}
chat-away = { $name } (away)
chat-help = What you type is said in the current room.
    /rooms                  my rooms, with what is unread
    /join NAME|ID           go to a room; an open one is entered by its number
    /history [N]            the latest N messages (20)
    /to USERNAME|PHONE TEXT say something to one person
    /who                    who is here
    /help                   this list
    /quit                   leave
    //TEXT                  say something that begins with a slash
