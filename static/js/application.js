// Entry point: registers the controllers that pages name in data-controller. Pages work without scripts.
import { register, registerLater, start } from "./controllers/registry.js"
import Composer from "./controllers/composer.js"
import SignedIn from "./controllers/signed_in.js"
import Logout from "./controllers/logout.js"
import ConnectionStatus from "./controllers/connection_status.js"
import Page from "./controllers/page.js"
import Room from "./controllers/room.js"
import RoomList from "./controllers/room_list.js"
import { afterStart } from "./models/lazy.js"

register("page", Page)
register("logout", Logout)
register("signed-in", SignedIn)
register("room-list", RoomList)
register("composer", Composer)
register("room", Room)
register("connection-status", ConnectionStatus)
// Used by some pages only, so loaded when needed.
registerLater("invitations", () => import("./controllers/invitations.js"))
registerLater("relative-times", () => import("./controllers/relative_times.js"))
registerLater("pairing", () => import("./controllers/pairing.js"))
registerLater("password", () => import("./controllers/password.js"))
registerLater("phone", () => import("./controllers/phone.js"))
registerLater("avatar-upload", () => import("./controllers/avatar_upload.js"))
registerLater("room-panel", () => import("./controllers/room_panel.js"))
registerLater("unsent-messages", () => import("./controllers/unsent_messages.js"), afterStart)
start()
