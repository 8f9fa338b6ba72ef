# Texts of the web interface, in English.
# Keys that begin with js- are passed to the scripts, which fill in the variables. Keys that begin with error- are
# the messages of pages and of the API.

## Product

app-name = Teahouse
app-tagline = A quiet room to talk in.
app-description = Teahouse is a calm place to chat: your own rooms, on your own server.
lobby-name = Lobby
skip-to-content = Skip to content
skip-to-composer = Skip to the message box
deleted-person = deleted person

## Sign-in page

login-title = Sign in
login-heading = Welcome back
login-lead = Sign in with your phone number.
login-submit = Sign in
login-to-register = New here?
login-register-link = Create your account
login-or = or
login-github = Sign in with GitHub
login-forgot = Forgot your password?
login-forgot-admin = Forgot your password? Ask an admin for a link to set a new one.
login-link = Go to sign-in
github-redirect-title = Continue to GitHub
github-redirect-lead = GitHub only tells us who you are. If nothing happens, continue below.
github-redirect-continue = Continue to GitHub

development-lead = Development only: sign in as anyone by username. Not available in production.
development-submit = Sign in by username

## Registration page

register-title = Create your account
register-heading = Create your account
register-lead = All you need is a phone number and a username.
register-submit = Create account
register-to-login = Already have an account?
register-login-link = Sign in
register-github = Continue with GitHub

register-closed-title = Registration is closed
register-closed = New accounts can’t be created right now.
register-invite-title = Invitation required
register-invite = To create an account, you need an invitation link from someone who is already a member.

## Codes and new passwords

verification-title = Enter your code
verification-lead = We sent a text message to { $phone }. The code expires in 10 minutes.
verification-lead-maybe = If { $phone } has an account, a text message is on its way. The code expires in 10 minutes.
verification-development = Development only, no message was sent:
verification-submit = Continue
verification-resend = Send a new code
verification-start-over = Start over
field-code = Code
field-code-hint = 6 digits. Works only in this browser.
sms-code = { $code } is your Teahouse code. It expires in { $minutes } minutes. Don’t share it with anyone.
sms-number-taken = Someone, maybe you, tried to create a Teahouse account with this number. It already has one: just sign in.
password-reset-title = Reset your password
password-reset-lead = Enter your phone number. If it has an account, we’ll text you a code.
password-reset-submit = Send code
new-password-title = Choose a new password
new-password-lead = For { $name }. You’ll be signed out everywhere else.
new-password-submit = Save and sign in

## Invitation links and password links

invites-title = Invitation links
invites-new = Invite people
invites-submit = Create link
invites-list = Active links
invites-lead = Anyone with one of these links can create an account.
invites-empty = No active links.
invites-link = Link
invites-uses-left = { $count ->
    [one] { $count } use left
   *[other] { $count } uses left
}
invites-expires = expires { $time } (UTC)
invites-revoke = Revoke
field-invite-uses = Number of people
field-invite-days = Valid for (days)
qr-show = Show QR code
qr-label = QR code of the link
password-links-title = Password links
password-links-new = Help someone sign in again
password-links-hint = Creates a link they can use once, within { $hours } hours, to choose a new password.
password-links-submit = Create link
password-links-result-title = Link for { $name }
password-links-result-lead = Copy it now: it won’t be shown again. Give it only to this person, because anyone who has it can sign in as them. It expires after { $hours } hours or once used.
password-links-link = Link

## Security log

security-log-tab = Security
security-log-title = Security log
security-log-all-title = Security log: all accounts
security-log-lead = Recent activity on your account. If you don’t recognize something, change your password.
security-log-empty = No recent activity.
security-log-older = Show older entries
event-registered = Account created
event-signed-in = Signed in
event-signed-in-github = Signed in with GitHub
event-sign-in-failed = Wrong password
event-signed-out = Signed out
event-sessions-ended = Signed out everywhere
event-password-changed = Password changed
event-password-reset = Password reset
event-password-link-made = Password link created by an admin
event-phone-changed = Phone number changed
event-github-joined = GitHub connected
event-github-confirmed = Confirmed with GitHub
event-github-left = GitHub disconnected
event-code-sent = Code sent
event-code-failed = Wrong code
event-pairing-made = QR code for another device created
event-pairing-asked = Device asked to sign in with a QR code
event-pairing-allowed = Device allowed to sign in
event-pairing-refused = Device not allowed to sign in
event-invite-made = Invitation link created
event-invite-revoked = Invitation link revoked
event-banned = Banned
event-unbanned = Unbanned
event-deactivated = Deactivated
event-role-changed = Role changed

## Form fields

field-region = Country or region
field-phone = Phone number
field-phone-hint = Other people never see your number.
field-username = Username
field-username-hint = What other people see: 2–32 letters or digits, no spaces.
field-password = Password
field-password-hint = At least 8 characters.
field-setup-code = Setup code
field-setup-code-hint = You’re the first one here, so you’ll be the admin. The server printed this code when it started.

## Sidebar

rooms-label = Rooms
rooms-back = Rooms
rooms-find = Browse rooms
rooms-people = People
rooms-invitations = Room invitations
rooms-new = New room
rooms-direct-messages = Direct messages
rooms-direct-messages-empty = No messages yet. Say hello to someone.
rooms-mentioned = you were mentioned
rooms-unread-first = Unread first
rooms-read-all = Mark all as read
rooms-unread = { $count ->
    [one] { $count } unread message
   *[other] { $count } unread messages
}
account-label = Your account
sign-out = Sign out

## Room page

room-messages-label = Messages in { $name }
room-empty-title = No messages yet
room-empty-action = Say hello
room-older = Show older messages
room-newer = Show newer messages
room-join-lead = You’re previewing this room. Join to send messages.
room-join = Join room
room-opened = This room was private and is now open: everyone here can read it, including earlier messages.
room-person-deleted = This person has deleted their account.

## Room panel (the API’s “closed” rooms are called private here)

panel-toggle = Room details
panel-close = Close
panel-kind-open = Open room: anyone here can join
panel-kind-closed = Private room: by invitation only
panel-people = People
panel-people-lobby = Everyone is in the Lobby. These people are online now.
panel-invite = Invite someone
panel-invite-submit = Invite
panel-member-added = Added to the room.
panel-member-invited = Invitation sent. Until they accept, they see only the room’s name and topic.
panel-remove = Remove { $name }
panel-message = Message { $name }
panel-notifications = Notify me about
panel-notifications-everything = All messages
panel-notifications-mentions = Mentions only
panel-notifications-nothing = Nothing
panel-notifications-hidden = Nothing, and hide this room
panel-save = Save
panel-edit = Edit room
panel-open-lead = Everyone here will be able to read all messages ever sent in this room, and its members will be told. To confirm, type the room’s name: { $name }
panel-block = Block { $name }
panel-block-lead = You’ll no longer get messages from { $name }. They’ll only see “Not delivered”.
panel-unblock = Unblock { $name }
panel-blocked = You’ve blocked { $name }, so their messages don’t reach you.
panel-jump = Jump to a date
panel-jump-submit = Go
panel-leave = Leave room
panel-delete = Delete room
panel-delete-lead = Everyone will lose access to this room. To confirm, type the room’s name: { $name }
field-confirm-room = Room name
field-invite-username = Username

## Browse rooms

directory-title = Rooms
directory-lead = Open rooms you haven’t joined
directory-search = Search rooms
directory-search-submit = Search
directory-empty = You’ve joined every open room.
directory-empty-action = Create a room
directory-no-match = No rooms match “{ $search }”.
directory-show-all = Show all rooms
directory-join = Join
directory-count = Open rooms you haven’t joined: { $count }
directory-range = { $first }–{ $last } of { $count }
directory-pages = Pages
directory-page-empty = Nothing on this page.
directory-first-page = First page
directory-next-page = Next page
new-room = New room
new-room-submit = Create room
field-room-name = Name
field-room-name-hint = Up to 80 characters.
field-room-topic = Topic
field-room-topic-hint = Optional. What the room is about.
field-room-kind = Who can join
field-room-kind-open = Anyone here
field-room-kind-closed = Invited people only
field-members = Invite people
field-members-hint = By username. They join when they accept; people you share a private room or conversation with are added right away.
field-member = Person { $number }

## Room invitations

invitations-title = Room invitations
invitations-lead = Accept or decline. The person who invited you isn’t told if you decline.
invitations-from = from { $name }
invitations-accept = Accept
invitations-decline = Decline
invitations-empty = No invitations right now.

## People

people-title = People
people-lead = Message one person, or start a group.
people-search = Search people
people-no-match = No people match “{ $search }”.
people-empty = You’re the first one here.
people-show-all = Show everyone
people-recipient-title = Know their username or number?
people-recipient = Username or phone number
people-recipient-hint = Start phone numbers with + and the country code.
people-message = Message
people-group-start = Start group
people-group-hint = Select people to message them as a group.
people-select = Select { $name }

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
settings-picture-hint = JPEG, PNG, WebP or GIF, up to 10 MB. It’s cropped to a square; location and camera details are removed.
settings-picture-submit = Upload picture
settings-picture-remove = Remove picture

settings-language = Language
settings-language-browser = Browser default
language-en-us = English
language-zh-cn = 简体中文
settings-theme = Theme
settings-theme-system = System default
settings-theme-light = Light
settings-theme-dark = Dark
settings-time-format = Time format
settings-time-format-language = Language default
settings-time-format-12 = 12-hour (7:04 PM)
settings-time-format-24 = 24-hour (19:04)

settings-direct-messages = Direct messages
settings-direct-messages-legend = Who can start a conversation with you
settings-direct-messages-everyone = Everyone
settings-direct-messages-shared-rooms = People who share a private room or group with you
settings-direct-messages-no-one = No one
settings-direct-messages-hint = Existing conversations aren’t affected. To stop one, block the person there.

settings-devices = Where you’re signed in
settings-devices-lead = Sign out any device you don’t recognize or no longer use.
settings-devices-ended = Signed out.
device-unknown = Unknown browser
device-token = API token
device-current = This device
device-last-active = last active
device-sign-out = Sign out
device-sign-out-others = Sign out all other devices

settings-phone = Phone number
settings-phone-current = Current number:
settings-phone-none = No phone number added.
settings-phone-submit = Change number
settings-phone-add = Add number
settings-password = Password
settings-password-reason = Confirms it’s really you.
settings-password-old = Current password
settings-password-new = New password
settings-password-hint = You’ll stay signed in here and be signed out everywhere else.
settings-password-submit = Change password
settings-password-set = Set password
settings-password-saved = Password changed. You’ve been signed out everywhere else.
settings-github-lead = Connect your GitHub account to sign in with it instead of your phone number. GitHub only tells us who you are.
settings-github-connect = Connect GitHub
settings-github-connected-as = Connected as
settings-github-connected = GitHub connected. You can now sign in with it.
settings-github-disconnect = Disconnect GitHub
settings-github-disconnected = GitHub disconnected. It can no longer be used to sign in.
settings-github-confirm-why = You don’t have a password. To change how you sign in or delete your account, first confirm with GitHub that it’s you.
settings-github-confirm = Confirm with GitHub
settings-github-confirmed = Confirmed with GitHub. This is valid for 10 minutes.
settings-export = Your data
settings-export-lead = Your profile, devices, rooms and every message you’ve sent, as a JSON file.
settings-export-submit = Download my data
settings-delete = Delete account
settings-delete-lead-keep = This can’t be undone. Your messages stay, shown as from a “deleted person”. Your username and number become available to others.
settings-delete-lead-erase = This can’t be undone. Your messages are deleted too. Your username and number become available to others.
settings-delete-confirm = To confirm, type your username: { $name }
settings-delete-submit = Delete my account
account-deleted-title = Account deleted
account-deleted-lead = You’ve been signed out everywhere. Thanks for being here.

## Signing in another device

pairing-start = Sign in another device
pairing-title = Sign in another device
pairing-lead = Scan this code with the other device’s camera, or open the link there. It works once and expires in { $minutes } minutes.
pairing-qr = QR code to sign in another device
pairing-link = Or use this link
pairing-waiting = Waiting for the other device. You’ll be asked here before it is signed in.
pairing-refresh = Refresh
pairing-cancel = Cancel
pairing-request-title = Allow this device to sign in?
pairing-request-lead = Only allow it if you have it with you and it shows this number:
pairing-allow = Allow
pairing-deny = Deny
pairing-allowed = Allowed. The other device is signing in.
pairing-used = The other device is signed in.
pairing-devices-link = Show my devices
pairing-denied = Denied. No device was signed in.
pairing-expired = This code has expired. No device was signed in.
pairing-new-code = Create a new code
pairing-confirm-title = Sign in on this device
pairing-confirm-lead = You’re about to sign in as { $name }.
pairing-confirm-hint = You’ll then be asked to allow this on the device that shows the code.
pairing-confirm-submit = Sign in here
pairing-wait-title = Compare the number
pairing-wait-lead = If your other device shows the same number, allow { $name } there.
pairing-wait-hint = This page updates by itself. If it doesn’t, refresh it.
pairing-finish-title = You’re almost in
pairing-finish-lead = Your other device has allowed it.
pairing-finish-submit = Continue as { $name }
pairing-denied-title = Not signed in
pairing-denied-lead = Your other device denied the request.
pairing-expired-title = This code has expired
pairing-expired-lead = It was already used or is too old. On a device that is signed in, go to Settings → Devices to create a new one.
pairing-password-link = Sign in with a password

## Messages and times

message-edited = edited
message-deleted = This message was deleted.
message-utc = { $date } (UTC)
time-am = { $time } AM
time-pm = { $time } PM

## Message box

composer-label = Message { $name }
composer-placeholder = Write a message…
composer-send = Send
composer-hint = Enter to send, Shift+Enter for a new line

## Errors in forms

error-phone-invalid = That doesn’t look like a phone number. Check the number and the country.
error-phone-taken = This number already has an account. Sign in instead?
error-phone-missing = Enter your phone number.
error-username-short = Usernames need at least { $limit } characters.
error-username-long = Usernames can have at most { $limit } characters.
error-username-spaces = Usernames can’t contain spaces. Use _ - or . instead.
error-username-character = Usernames can’t contain “{ $character }”. Use letters, digits, or _ - .
error-username-characters = These characters can’t be combined in a username. Use letters, digits, or _ - .
error-username-marks = A username can’t consist only of accents or vowel marks. Add a letter.
error-username-directions = This username mixes left-to-right and right-to-left scripts, or starts or ends with a symbol or digit that would move to the other side. Use a single direction.
error-username-taken = This username is taken. Try another one.
error-username-phone = This looks like a phone number. Choose a username that others may see.
error-username-missing = Choose a username.
error-password-short = Passwords need at least 8 characters.
error-password-long = Passwords can have at most 128 characters.
error-password-characters = The password contains control or invisible characters, which can’t be typed everywhere. Remove them.
error-password-common = This password is too common. Choose another one, for example a few words together.
error-password-own = Don’t use your own name or number as your password.
error-phone-country = We can’t send text messages to this country.
error-code-wrong = { $left ->
    [one] Wrong code. You have 1 try left.
   *[other] Wrong code. You have { $left } tries left.
}
error-code-expired = This code is no longer valid. Send a new one.
error-invite = This invitation link is no longer valid. Ask for a new one.
error-invite-uses = Enter a number from 1 to 1000.
error-invite-days = Enter a number from 1 to 90.
error-login = Wrong phone number or password.
error-setup-code = Wrong setup code. The server prints it when it starts.
error-content-empty = Write a message first.
error-content-too-long = Messages can have at most { $limit } characters.
error-content-invalid = This message contains characters that can’t be displayed. Remove them and try again.
error-room-name-missing = Enter a name for the room.
error-room-name-invalid = Use 1–80 visible characters on one line.
error-room-name-taken = An open room already has this name. Choose another one.
error-room-name-lobby = There’s only one Lobby. Choose another name.
error-room-topic-invisible = This topic has no visible characters. Write something, or leave it empty.
error-room-topic-invalid = This topic is too long or contains characters that can’t be displayed.
error-room-kind = Choose who can join.
error-room-confirm = That’s not the room’s name.
error-room-confirm-open = To make the room open, type its name.
error-member-unknown = There’s no one called “{ $name }” here.
error-member-not-here = This person isn’t in the room.
error-involvement = Choose what to be notified about.
error-direct-missing = Who do you want to message?
error-direct-too-many = A conversation can have at most 20 people.
error-direct-unknown = No one here has this username or number.
error-direct-oneself = You can’t message yourself.
error-direct-unreachable = This person isn’t accepting new conversations from you.
error-choice = Choose one of the options.
error-password-missing = Enter your password.
error-password-wrong = Wrong password.
error-github-state = This GitHub sign-in took too long, started in another window, or is already finished. Start again.
error-github-denied = You didn’t give GitHub permission, so nothing was changed.
error-github-code = GitHub no longer accepts this sign-in. Start again.
error-github-down = GitHub isn’t responding. Try again later, or sign in with your phone number.
error-github-banned = This account can’t sign in here.
error-github-closed = No account here is connected to this GitHub account, and registration is closed.
error-github-invite = No account here is connected to this GitHub account. To create one, you need an invitation link.
error-github-first = The first account must be created with a phone number and the setup code. You can connect GitHub afterwards.
error-github-taken = This GitHub account is already connected to another account here.
error-github-another = You’ve already connected a different GitHub account. Disconnect it first.
error-github-session = You’re no longer signed in as the person who started this, so nothing was changed.
error-github-not-yours = That’s not the GitHub account you connected.
error-github-last = You’d no longer be able to sign in. Add a phone number and a password first.
error-github-confirm = First confirm with GitHub that it’s you, or sign in with it again.
error-confirm-username = That’s not your username. Type it exactly as shown.
error-last-admin = You’re the only admin. Make someone else an admin first.
error-file-missing = Choose a file.
error-file-name = This file’s name is a path. Rename the file and try again.
error-avatar-kind = This picture can’t be used. Choose a JPEG, PNG, WebP or GIF.
error-avatar-mismatch = This file isn’t the kind of picture its name says. Save it again as JPEG or PNG.
error-avatar-pixels = This picture is too large. Resize it to 12 megapixels or less.
error-avatar-broken = This picture is incomplete or damaged. Choose another one.
error-avatar-large = Pictures can be at most { $limit } MB.
error-search-missing = Enter something to search for.

## Other errors

error-bad-request = Something was wrong with this request. Go back and try again.
error-unauthorized = Sign in first.
error-forbidden = You don’t have permission to do this.
error-cross-origin = This request came from another site, so nothing was changed.
error-not-found = This page doesn’t exist, or you don’t have access to it.
error-method = This address doesn’t support that action.
error-not-acceptable = This isn’t available in the requested format.
error-conflict = This was already sent with different text or to another room.
error-blocked = Not delivered.
error-payload-too-large = This is too large for the server.
error-unsupported-media = The server doesn’t support this type of content.
error-rate-limited = { $seconds ->
    [one] You’re going too fast. Try again in a second.
   *[other] You’re going too fast. Try again in { $seconds } seconds.
}
error-rate-limited-minutes = { $minutes ->
    [one] Too many attempts. Try again in a minute.
   *[other] Too many attempts. Try again in { $minutes } minutes.
}
error-internal = Something went wrong on our side and has been logged. Please try again.
error-upgrade-required = This address accepts only WebSocket, version 13, over HTTP/1.1.
error-timed-out = Your request took too long. Please try again.
error-too-many-sockets = You have too many windows open. Close some and try again.
error-too-many-visitors = There are too many visitors from your network right now. Try again in a few seconds.
error-unavailable = The server is busy. Try again in a moment.
error-client-id = clientId must be a UUID.
error-cursor = before, after and ver must be numbers from 0; ver can’t be combined with the others.
error-limit = limit must be a number from 1 to 100.

## Error pages

error-title-400 = That didn’t work
error-title-401 = Please sign in
error-title-403 = Not allowed
error-title-404 = Page not found
error-title-405 = Not supported
error-title-406 = Format not available
error-title-408 = Request timed out
error-title-409 = Already sent
error-title-413 = Too large
error-title-415 = Unsupported content
error-title-426 = WebSocket only
error-title-429 = Slow down
error-title-500 = Something went wrong
error-title-503 = We’ll be right back
error-unavailable-page = No messages are lost.
error-unavailable-form = Go back to find what you typed, and send it again in a moment.
error-try-again = Try again
error-home = Back to Teahouse
error-request-id = If you contact support, mention { $id }.

## Scripts: messages

js-sending = Sending…
js-waiting = Waiting to be sent
js-not-sent = Not sent.
js-not-confirmed = The server didn’t respond.
js-try-again = Try again
js-copy = Copy text
js-copied = Text copied.
js-not-copied = Couldn’t copy the text. Select and copy it yourself.
js-discard = Discard
js-edited = edited
js-deleted = This message was deleted.
js-deleted-person = deleted person
js-today = Today
js-yesterday = Yesterday
js-date-time = { $date }, { $time }
js-new = New
js-new-messages-one = {$count} new message
js-new-messages-other = {$count} new messages
js-jump-to-latest = Jump to latest
js-older = Show older messages
js-older-loading = Loading older messages…
js-older-failed = Couldn’t load older messages. Try again
js-newer = Show newer messages
js-newer-loading = Loading newer messages…
js-newer-failed = Couldn’t load newer messages. Try again
js-no-messages-since = No messages from that day or later.
js-actions = Message actions
js-copy-link = Copy link
js-link-copied = Link copied.
js-link-not-copied = Couldn’t copy the link. Here it is: {$name}
js-mark-unread = Mark as unread
js-marked-unread = Marked as unread.
js-edit = Edit
js-delete = Delete
js-delete-confirm = Delete this message?
js-cancel = Cancel
js-editing = Editing message. Esc to cancel.
js-change-failed = Your change wasn’t saved.
js-message-person = Message this person
js-message-name = Message {$name}
js-read-by = Read by {$name}
js-typing-one = {$name} is typing…
js-typing-two = {$name} are typing…
js-typing-many = Several people are typing…

## Scripts: rooms and people

js-title-unread = ({$count}) {$name}
js-title-quiet = • {$name}
js-lobby = Lobby
js-unread-one = {$count} unread message
js-unread-other = {$count} unread messages
js-mentioned = you were mentioned
js-preview = {$name}: {$date}
js-preview-own = You: {$name}
js-removed = You no longer have access to “{$name}”.
js-opened = “{$name}” is now open: everyone here can read it, including earlier messages.
js-joined = {$name} joined
js-left = {$name} left
js-online-count-one = {$count} online
js-online-count-other = {$count} online
js-people-many-one = {$count} person is online.
js-people-many-other = {$count} people are online, too many to list.
js-you = you
js-online = online
js-away = away
js-offline = offline
js-last-seen = last seen: { $date }, { $time }

## Scripts: connection

js-no-network = You’re offline. Messages you write are sent when you’re back online.
js-no-network-unsaved = You’re offline.
js-not-saved = This browser can’t save messages: anything unsent is lost when you close this tab.
js-unreachable = Can’t reach Teahouse.
js-next-try-one = Retrying in {$count} second.
js-next-try-other = Retrying in {$count} seconds.
js-trying = Retrying…
js-try-now = Retry now
js-used-elsewhere = Teahouse is open in another window.
js-use-here = Use here
js-connected = Back online.
js-new-version = A new version of Teahouse is available.
js-reload = Reload
js-later = Not now

## Scripts: unsent messages

js-room-waiting = message waiting to be sent
js-room-failed = message not sent
js-draft = Draft
js-close = Close
js-other-database = Written before the server’s data was replaced.
js-unsent-one = {$count} unsent message
js-unsent-other = {$count} unsent messages
js-unsent-title = Unsent messages
js-unsent-lead = The rooms these were written for are gone, or you no longer have access. Copy what you want to keep.
js-sign-out-title = Some messages aren’t sent
js-sign-out-lead = Signing out removes these from this browser.
js-sign-out-send = Send, then sign out
js-sign-out-discard = Discard and sign out
js-sign-out-cancel = Stay signed in
js-sign-out-offline = You’re offline. When you’re back online, these are sent and you’re signed out.
js-sign-out-unreachable = You’re still signed in because the server didn’t respond. Nothing was discarded.
js-sign-out-failed = The remaining messages can’t be sent.

## Scripts: forms

js-characters-left-one = {$count} character left
js-characters-left-other = {$count} characters left
js-characters-over-one = {$count} character too many
js-characters-over-other = {$count} characters too many
js-show-password = Show password
js-hide-password = Hide password
