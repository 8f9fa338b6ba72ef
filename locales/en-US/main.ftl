# Every sentence a person reads, in English.
# Ids that begin with js- are handed to the scripts; their variables stay as placeholders.

## The house

app-name = Teahouse
app-tagline = A quiet room to talk in.
app-description = Teahouse is a calm place to talk: your own rooms, on your own server.
skip-to-content = Skip to the content
skip-to-composer = Skip to the message box

## Signing in

login-title = Sign in
login-heading = Welcome back
login-lead = Sign in with your phone number.
login-submit = Sign in
login-to-register = New here?
login-register-link = Create an account
login-or = or
login-github = Sign in with GitHub
github-leaving = On the way to GitHub
github-leaving-lead = GitHub tells us who you are, and nothing else. If nothing happens, go on from here.
github-leaving-on = Go on to GitHub

development-lead = Development only: sign in as anybody by name. In production this is not here.
development-submit = Sign in by name

login-forgot = Forgot your password?
login-forgot-admin = Forgot your password? An admin here can give you a link to set a new one.

## Registering

register-title = Create an account
register-heading = Come in
register-lead = All you need is a phone number and a name.
register-submit = Create account
register-to-login = Already have an account?
register-login-link = Sign in
register-github = Come in with GitHub

register-closed-title = By invitation
register-closed = Nobody can register here at the moment.
register-invite = You need an invitation to come in: a link from somebody who is here already.

## Codes and new passwords

verification-title = Type the code
verification-lead = We sent a message to { $phone }. The code in it is good for 10 minutes.
verification-lead-maybe = If { $phone } has an account here, a message is on its way. The code in it is good for 10 minutes.
verification-development = Development only: no phone gets this message.
verification-submit = Continue
verification-again = Send another code
verification-back = Start again
field-code = Code
field-code-hint = Six digits. Only this browser can use them.
sms-code = { $code } is your Teahouse code. It is good for { $minutes } minutes. Tell it to nobody.
sms-taken = Somebody, perhaps you, tried to register at Teahouse with this number. It has an account already: just sign in.
password-reset-title = Forgot your password?
password-reset-lead = Type your number. If it has an account here, a code comes by message.
password-reset-submit = Send a code
new-password-title = Choose a new password
new-password-lead = For { $name }. You will be signed out everywhere else.
new-password-submit = Save and sign in

## Invitations and links

invites-title = Invitations
invites-new = Invite people
invites-submit = Make a link
invites-list = Open invitations
invites-lead = Whoever has one of these links may register.
invites-empty = No link lets anybody in at the moment.
invites-link = Link
invites-left = { $count ->
    [one] { $count } more person
   *[other] { $count } more people
}
invites-until = until { $time } (UTC)
invites-revoke = Revoke
field-invite-uses = How many people
field-invite-days = For how many days
qr-show = Show as QR code
qr-label = QR code of the link
password-links-title = Password links
password-links-new = Let somebody back in
password-links-hint = Makes a link that lets them choose a new password, once, within { $hours } hours.
password-links-submit = Make a link
password-links-made = A link for { $name }
password-links-once = It is shown only now. Give it to nobody else: whoever has it can get in. It ends in { $hours } hours, or when it is used.
password-links-link = Link

## What happened to accounts

events-title = Security
events-mine = What happened to my account
events-everybody = What happened to everybody
events-lead = What happened to your account lately. If something here was not you, change your password.
events-empty = Nothing happened lately.
events-older = Show older ones
event-registered = Account created
event-signed-in = Signed in
event-signed-in-github = Signed in with GitHub
event-sign-in-failed = Wrong password
event-signed-out = Signed out
event-sessions-ended = Signed out everywhere
event-password-changed = Password changed
event-password-reset = New password set
event-password-link-made = Link for a new password made by an admin
event-phone-changed = Phone number changed
event-github-joined = Joined with GitHub
event-github-confirmed = Confirmed with GitHub
event-github-left = No longer joined with GitHub
event-code-sent = Code sent
event-code-failed = Wrong code
event-pairing-made = Code for another device made
event-pairing-asked = Device asked to be signed in by a code
event-pairing-allowed = Device allowed to sign in
event-pairing-refused = Device refused
event-invite-made = Invitation made
event-invite-revoked = Invitation revoked
event-banned = Banned
event-unbanned = Let in again
event-deactivated = Deactivated
event-role-changed = Role changed

## Fields

field-region = Country or region
field-phone = Phone number
field-phone-hint = Other people never see your number.
field-username = Username
field-username-hint = What others call you: 2–32 letters or digits, no spaces.
field-password = Password
field-password-hint = At least 8 characters.
field-setup-code = Setup code
field-setup-code-hint = You are the first one here and will be the admin. The server printed this code when it started.

## The room

rooms-label = Rooms
rooms-back = Rooms
rooms-find = Find rooms
rooms-people = People
rooms-invitations = Room invitations
rooms-new = New room
rooms-conversations = Conversations
rooms-conversations-empty = Nobody yet. Say hello to somebody.
rooms-mentioned = you are named
rooms-unread-first = Unread first
rooms-read-all = Mark everything as read
rooms-unread = { $count ->
    [one] { $count } unread message
   *[other] { $count } unread messages
}
room-messages-label = Messages in { $name }
room-empty-title = Nobody has said anything yet.
room-empty-action = Say hello
room-older = Show older messages
room-enter-lead = You are reading along. Enter to write here.
room-enter = Enter the room
room-newer = Show newer messages
room-panel-toggle = About this room
room-kind-open = open room: everybody here may enter
room-kind-closed = closed room: only invited people
room-people = People
room-people-lobby = Everybody is in the Lobby. These people are here now.
room-invite = Invite somebody
room-invite-submit = Invite
room-added = Added to the room.
room-invited = Invited. People come in when they accept; until then they see nothing of the room but its name and topic.
room-remove = Remove { $name }
room-talk-to = Talk to { $name }
room-involvement = What matters to me here
room-involvement-everything = Everything
room-involvement-mentions = When I am named
room-involvement-nothing = Nothing
room-involvement-hidden = Nothing: hide the room
room-save = Save
room-change = Name and topic
room-leave = Leave this room
room-delete = Delete this room
room-delete-lead = Nobody will find it any more. Type its name, { $name }, to be sure.
room-open-lead = Everybody here can then read all that was ever said in this room, and the members are told. Type its name, { $name }, to be sure.
room-block = Block { $name }
room-block-lead = Messages from { $name } will not arrive any more. They are only told “not delivered”.
room-unblock = Unblock { $name }
room-blocked = You block { $name }: nothing they write arrives.
room-opened = This room was closed and is open now: everybody here can read it, also what was said before.
room-jump = Go to a date
room-jump-submit = Go

## Finding rooms and people

directory-title = Rooms
directory-lead = Open rooms that you are not in yet.
directory-search = Search rooms
directory-search-submit = Search
directory-empty = There is no open room that you are not in already.
directory-empty-action = Make one
directory-nothing = No room like “{ $search }”.
directory-all = Show all rooms
directory-enter = Enter
directory-count = { $count ->
    [one] { $count } room
   *[other] { $count } rooms
}
directory-range = { $first }–{ $last } of { $count }
directory-pages = Pages
directory-end = Nothing comes after this.
directory-first-page = First page
directory-next-page = Next page

invitations-title = Room invitations
invitations-lead = Take part or decline. Whoever invites you is not told when you decline.
invitations-from = from { $name }
invitations-accept = Accept
invitations-decline = Decline
invitations-empty = Nobody has invited you into a room.
new-room = New room
new-room-submit = Create room
field-room-name = Name
field-room-name-hint = Up to 80 characters.
field-room-topic = Topic
field-room-topic-hint = What it is about. You may leave it empty.
field-room-kind = Who may come in
field-room-kind-open = Everybody here
field-room-kind-closed = Only people who are invited
field-members = Invite people
field-members-hint = By username. People come in when they accept; those who share a closed room or conversation with you are added at once.
field-member = Person { $number }
field-confirm = Name of the room
field-invite = Username
people-title = People
people-lead = Find somebody and talk to them, just the two of you or a few together.
people-search = Search people
people-nothing = Nobody is called something like “{ $search }”.
people-nobody = You are the first one here.
people-all = Show everybody
people-to = Username or phone number
people-to-hint = Phone numbers begin with + and the country’s code.
people-to-submit = Talk
people-by-name = Do you know their name or number?
people-together = Talk together
people-together-hint = Tick several people to talk to all of them at once.
people-pick = Pick { $name }
people-heading = Here now
people-close = Close
people-empty = Only you, for now.
account-label = Your account
sign-out = Sign out

## Settings

settings-title = Settings
settings-profile = Profile
settings-appearance = Appearance
settings-privacy = Privacy
settings-sessions = Devices
settings-account = Account
settings-save = Save
settings-saved = Saved.
settings-name = Name
settings-picture = Picture
settings-picture-choose = Choose a picture
settings-picture-hint = JPEG, PNG, WebP or GIF, at most 10 MB. The middle of it is shown; where and with what it was taken is removed.
settings-picture-submit = Use this picture
settings-picture-remove = Remove picture
settings-language = Language
settings-language-browser = As my browser says
language-en-us = English
language-zh-cn = 简体中文
settings-colours = Colours
settings-colours-system = As my system says
settings-colours-light = Light
settings-colours-dark = Dark
settings-times = Times
settings-times-language = As usual in my language
settings-times-12 = 12 hours (7:04 PM)
settings-times-24 = 24 hours (19:04)
settings-reach = Direct messages
settings-reach-legend = Who may begin to write to me
settings-reach-everybody = Everybody
settings-reach-roommates = People who are in a closed room or a group with me
settings-reach-nobody = Nobody new
settings-reach-hint = Conversations that you have go on. To end one, block the person there.
settings-devices = Where you are signed in
settings-devices-lead = Sign out whatever is not yours, or not in your hands any more.
settings-devices-ended = Signed out.
device-unknown = Unknown browser
device-token = program with a token
device-current = This device
device-seen = last here
device-end = Sign out
device-end-others = Sign out everywhere else
pairing-begin = Sign in another device
pairing-title = Sign in another device
pairing-lead = Point the other device’s camera at this code, or open the link there. It is good for { $minutes } minutes, for one device.
pairing-qr = QR code that signs in another device
pairing-link = The same as a link
pairing-waits = As soon as a device asks, you are asked here whether it may come in.
pairing-look = Look again
pairing-withdraw = Cancel
pairing-asked = A device wants to sign in
pairing-asked-lead = Allow it only if you hold it in your hands, and it shows this number:
pairing-allow = Allow
pairing-refuse = Refuse
pairing-allowed = Allowed. The other device is about to sign in.
pairing-used = The other device is signed in.
pairing-used-back = Show my devices
pairing-refused = Refused. Nobody was signed in.
pairing-over = This code is over. Nobody was signed in.
pairing-again = Make a new code
pairing-ask-title = Sign in on this device
pairing-ask-lead = You are about to sign in as { $name }.
pairing-ask-hint = The device on which you have opened the code then asks whether this one may come in.
pairing-ask = Sign in here
pairing-wait-title = Compare the number
pairing-wait-lead = Allow { $name } on your other device if it shows the same number.
pairing-wait-hint = This page goes on by itself. If it does not, look again.
pairing-enter-title = You may come in
pairing-enter-lead = Your other device has allowed it.
pairing-enter = Continue as { $name }
pairing-not-title = Not signed in
pairing-not-lead = Your other device has refused it.
pairing-ended-title = This code is over
pairing-ended-lead = It was used, or is too old. On the device that is signed in, go to Settings, Devices, and make a new one.
pairing-login = Sign in with a password
settings-phone = Phone number
settings-phone-now = Now it is
settings-phone-none = You have no phone number here.
settings-phone-submit = Change number
settings-phone-add = Add number
settings-password = Password
settings-password-why = So that nobody else changes it at your window.
settings-password-old = Old password
settings-password-new = New password
settings-password-hint = You stay signed in here and are signed out everywhere else.
settings-password-submit = Change password
settings-password-first = Set password
settings-password-saved = Your password is changed. Everywhere else you are signed out.
settings-github-lead = Join your account at GitHub, and sign in with it instead of your number. GitHub tells us who you are, and nothing else.
settings-github-join = Join GitHub
settings-github-now = Joined as
settings-github-saved = GitHub is joined. From now on you can sign in with it.
settings-github-leave = Leave GitHub
settings-github-gone = GitHub lets nobody in as you any more.
settings-github-confirm-why = You have no password here. Before you change how you sign in, or delete your account, GitHub has to confirm that it is you.
settings-github-confirm = Confirm with GitHub
settings-github-confirmed = GitHub has just confirmed that it is you. That is good for 10 minutes.
settings-export = Your data
settings-export-lead = Your profile, devices, rooms and everything that you wrote, as a JSON file.
settings-export-submit = Download my data
settings-delete = Delete account
settings-delete-lead-keep = This cannot be undone. What you wrote stays, but by a “deleted person”; your name and number become free.
settings-delete-lead-erase = This cannot be undone. What you wrote is deleted with you; your name and number become free.
settings-delete-confirm = Type your name, { $name }, to be sure
settings-delete-submit = Delete my account
deleted-person = deleted person
farewell-title = Your account is deleted
farewell-lead = You are signed out everywhere. Thank you for having been here.
room-gone = This person has deleted their account.
time-am = { $time } AM
time-pm = { $time } PM

## Messages

message-edited = edited
message-deleted = This message was deleted.
message-utc = { $date } (UTC)

## The composer

composer-label = Message to { $name }
composer-placeholder = Write a message…
composer-send = Send
composer-hint = Enter sends, Shift and Enter together start a new line.

## Mistakes a person can correct

error-phone-invalid = This does not look like a phone number. Check the number and the country.
error-phone-taken = This number already has an account. Sign in instead?
error-phone-missing = Please enter your phone number.
error-username-short = This name is too short: it needs at least { $limit } characters.
error-username-long = This name is too long: { $limit } characters is the most.
error-username-spaces = A name has no spaces. Use _ - or . instead.
error-username-character = A name cannot hold “{ $character }”. Use letters, digits, or any of _ - .
error-username-characters = A name cannot hold these characters together. Use letters, digits, or any of _ - .
error-username-marks = This name is nothing but accents or vowel marks. Add a letter that carries them.
error-username-directions = This name mixes scripts that are written in different directions, or begins or ends with a sign or digit that would jump to the other side. Use one direction.
error-username-taken = Somebody here already has this name. Try another one.
error-username-phone = This looks like a phone number. Choose a name that others may see.
error-username-missing = Please choose a username.
error-password-short = The password is too short: it needs at least 8 characters.
error-password-long = The password is too long: 128 characters is the most.
error-password-characters = The password holds control characters or invisible ones. Leave them out: they cannot be typed everywhere.
error-password-common = Everybody tries this password first. Choose another one: a few words together are good.
error-password-own = Do not use your own name or number as the password.
error-phone-country = No messages can be sent to numbers of this country.
error-code-wrong = { $left ->
    [one] This is not the code. You can try once more.
   *[other] This is not the code. You can try { $left } more times.
}
error-code-over = This code is worth nothing any more. Send another one.
error-invite = This invitation is not good any more. Ask for another one.
error-invite-uses = Between 1 and 1000 people can come by one link.
error-invite-days = A link can be good for 1 to 90 days.
error-login = The phone number or the password is not right.
error-setup-code = This is not the setup code. The server prints it when it starts.
error-content-empty = Write something first.
error-content-too-long = This message is too long: { $limit } characters is the most.
error-content-invalid = This message holds characters that cannot be shown. Remove them and try again.
error-room-name-missing = Please give the room a name.
error-room-name-invalid = Use 1–80 characters that can be shown, on one line.
error-room-name-taken = There is an open room of this name already. Choose another one.
error-room-name-lobby = There is only one Lobby. Choose another name.
error-room-topic-invisible = Nothing of this topic can be seen. Write something, or leave it empty.
error-room-topic-invalid = The topic is too long, or holds characters that cannot be shown.
error-room-kind = Choose who may come in: everybody, or only invited people.
error-room-confirm = This is not the name of the room.
error-room-confirm-open = Type the name of the room to make it open.
error-member-unknown = Nobody here is called “{ $name }”.
error-member-not-here = This person is not in the room.
error-involvement = Choose what matters to you here.
error-direct-missing = Whom would you like to talk to?
error-direct-too-many = That is too many people: at most 20 can talk in one conversation.
error-direct-unknown = Nobody here has this name or number.
error-direct-oneself = You cannot start a conversation with yourself.
error-direct-unreachable = This person does not take new conversations from you.
error-choice = Choose one of these.
error-password-missing = Please type your password.
error-password-wrong = This is not your password.
error-github-state = This visit to GitHub took too long, was begun in another window, or is over already. Please start again.
error-github-denied = You did not let GitHub tell us who you are, so nothing was done.
error-github-code = GitHub did not take this visit any more. Please start again.
error-github-down = GitHub does not answer at the moment. Try again in a while, or sign in with your phone number.
error-github-banned = This account may not sign in here.
error-github-closed = Nobody can register here at the moment, and nobody here has joined this account at GitHub.
error-github-invite = Nobody here has joined this account at GitHub yet, and to register you need an invitation.
error-github-first = The first person has to register with a phone number and the setup code. GitHub can be joined afterwards.
error-github-taken = Somebody else here has joined this account at GitHub.
error-github-another = You have joined another account at GitHub. Leave it first.
error-github-session = You are not signed in any more as the person who went to GitHub, so nothing was done.
error-github-not-yours = This is not the account at GitHub that you have joined.
error-github-last = You could not sign in any more: add a phone number and a password first.
error-github-confirm = Confirm with GitHub first that it is you, or sign in with it again.
error-confirm-username = This is not your name. Type it as it is written here.
error-last-admin = You are the only admin. Somebody else must become admin before you go.
error-file-missing = Please choose a file.
error-file-name = The name of this file is a path. Give it a plain name and try again.
error-avatar-kind = This is not a picture that can be used. Choose a JPEG, PNG, WebP or GIF.
error-avatar-mismatch = This file is not the kind of picture that its name says. Save it again as JPEG or PNG.
error-avatar-pixels = This picture has too many pixels. Make it smaller, to 12 megapixels or less.
error-avatar-broken = This picture is incomplete or broken. Choose another one.
error-avatar-large = This file is too large: { $limit } MB is the most.
error-search-missing = Type what to look for.

## What else can go wrong

error-bad-request = Something about this request was not right. Go back and try again.
error-unauthorized = Please sign in first.
error-forbidden = You may not do this.
error-cross-origin = This request came from another site, so nothing was done.
error-not-found = There is nothing at this address, or it is not for you to see.
error-method = This address does not work that way.
error-not-acceptable = This cannot be shown in the form that was asked for.
error-conflict = This was already sent with another text or to another room.
error-blocked = Not delivered.
error-gone = This is no longer here.
error-payload-too-large = This is more than the server takes at once.
error-unsupported-media = The server does not understand this kind of content.
error-rate-limited = { $seconds ->
    [one] That was a little fast. Try again in a second.
   *[other] That was a little fast. Try again in { $seconds } seconds.
}
error-rate-limited-minutes = { $minutes ->
    [one] That was too often. Try again in a minute.
   *[other] That was too often. Try again in { $minutes } minutes.
}
error-internal = Something broke on our side. It has been noted; please try again.
error-upgrade-required = This address speaks WebSocket, version 13, over HTTP/1.1 alone.
error-timed-out = Your request took too long to arrive. Please try again.
error-too-many-sockets = You have too many windows open. Close some of them, and try again.
error-crowded = Too many visitors come from your network at the moment. Please try again in a few seconds.
error-unavailable = The server is catching its breath. Please try again in a moment.
error-client-id = The message’s clientId must be a UUID.
error-cursor = before, after and ver must be numbers from 0 on; ver cannot be used with the others.
error-limit = The limit must be a number from 1 to 100.
error-missing-field = The field “{ $field }” is missing.

## Pages that say so

error-title-400 = That did not work
error-title-401 = Please sign in
error-title-403 = Not allowed
error-title-404 = Not found
error-title-405 = Not possible here
error-title-406 = Not available that way
error-title-408 = That took too long
error-title-409 = Already sent
error-title-413 = Too much at once
error-title-415 = Unknown kind of content
error-title-426 = Not this way
error-title-429 = One moment, please
error-title-500 = Something broke
error-title-503 = Back in a moment
error-unavailable-page = It comes back by itself, and everything that was said is kept.
error-unavailable-form = It comes back by itself. Go back to find what you typed, and send it again.
error-again = Try again
error-home = Back to Teahouse
error-back-to-login = Go to sign in
error-request-id = If you ask for help, mention { $id }.

## Scripts: messages

js-sending = Sending…
js-waiting = Waiting to be sent
js-not-sent = Not sent.
js-not-confirmed = No answer from the server yet.
js-try-again = Try again
js-copy = Copy text
js-copied = The text was copied.
js-not-copied = The text could not be copied. Select it and copy it yourself.
js-discard = Discard
js-edited = edited
js-deleted = This message was deleted.
js-you = you
js-today = Today
js-yesterday = Yesterday
js-new = New
js-new-messages-one = {$count} new message
js-new-messages-other = {$count} new messages
js-latest = Jump to the latest message
js-older = Show older messages
js-older-loading = Fetching older messages…
js-older-failed = The older messages did not arrive. Try again
js-title-unread = ({$count}) {$name}
js-title-quiet = • {$name}
js-newer = Show newer messages
js-newer-loading = Fetching newer messages…
js-newer-failed = The newer messages did not arrive. Try again
js-actions = What to do with this message
js-copy-link = Copy link
js-link-copied = The link was copied.
js-link-not-copied = The link could not be copied. Here it is: {$name}
js-mark-unread = Mark as unread from here
js-marked-unread = Unread from here on.
js-edit = Edit
js-delete = Delete
js-talk = Talk to this person
js-talk-to = Talk to {$name}
js-delete-ask = Delete this message?
js-cancel = Cancel
js-editing = Editing your message. Escape cancels.
js-change-failed = That change was not saved.
js-read-by = Read by {$name}
js-typing-one = {$name} is typing…
js-typing-two = {$name} are typing…
js-typing-many = Several people are typing…
js-unread-one = {$count} unread message
js-unread-other = {$count} unread messages
js-mentioned = you are named
js-removed = “{$name}” is no longer open to you.
js-opened = “{$name}” is open now: everybody here can read it, also what was said before.
js-no-date = There is nothing from that day or later.
js-said = {$name}: {$date}
js-you-said = You: {$name}

## Scripts: people

js-came-in = {$name} came in
js-left = {$name} left
js-here-one = {$count} here
js-here-other = {$count} here
js-people-open-one = {$count} person here now: show who
js-people-open-other = {$count} people here now: show who
js-away = away
js-online = here
js-offline-person = not here
js-last-seen = last here: { $date }, { $time }
js-people-many-one = {$count} person is here.
js-people-many-other = {$count} people are here: too many to list.

## Scripts: the connection

js-offline-unkept = You are offline.
js-unkept = This browser keeps nothing: what waits here is lost when you close this tab.
js-offline = You are offline. What you write is sent when the connection is back.
js-unreachable = Teahouse cannot be reached.
js-next-try-one = Next try in {$count} second.
js-next-try-other = Next try in {$count} seconds.
js-trying = Trying…
js-try-now = Try now
js-used-elsewhere = Teahouse is being used in another window.
js-use-here = Use it here
js-connected = Connected again.
js-new-version = Teahouse has been updated.
js-reload = Reload
js-later = Not now

## Scripts: what is not sent

js-waiting-here = something waits to be sent
js-failed-here = something was not sent
js-draft = Draft
js-close = Close
js-other-database = Written before the server’s data was replaced.
js-unsent-one = {$count} text was not sent
js-unsent-other = {$count} texts were not sent
js-unsent-title = Not sent
js-unsent-lead = The room these were written for is not there any more, or not for you. Copy what you want to keep.
js-leave-title = Not everything is sent
js-leave-lead = Signing out takes what is listed here out of this browser.
js-leave-send = Send, then sign out
js-leave-drop = Drop and sign out
js-leave-cancel = Stay
js-leave-offline = You are offline. This is sent, and you are signed out, when the connection is back.
js-leave-unreachable = You are not signed out: the server does not answer. Nothing was dropped.
js-leave-rest = What is left cannot be sent.

## Scripts: the composer and the forms

js-characters-left-one = {$count} character left
js-characters-left-other = {$count} characters left
js-characters-over-one = {$count} character too many
js-characters-over-other = {$count} characters too many
js-show-password = Show password
js-hide-password = Hide password
js-deleted-person = deleted person
