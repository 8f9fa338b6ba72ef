// Starts what the page asks for by data-controller. Pages work without any of it.
import { register, registerLater, start } from "./controllers/registry.js"
import Composer from "./controllers/composer.js"
import Live from "./controllers/live.js"
import Logout from "./controllers/logout.js"
import ConnectionNotice from "./controllers/notice.js"
import Page from "./controllers/page.js"
import Room from "./controllers/room.js"
import Rooms from "./controllers/rooms.js"
import { afterStart } from "./models/lazy.js"

register("page", Page)
register("logout", Logout)
register("live", Live)
register("rooms", Rooms)
register("composer", Composer)
register("room", Room)
register("notice", ConnectionNotice)
// Only some pages have these: the others need not load them.
registerLater("invitations", () => import("./controllers/invitations.js"))
registerLater("moments", () => import("./controllers/moments.js"))
registerLater("pairing", () => import("./controllers/pairing.js"))
registerLater("password", () => import("./controllers/password.js"))
registerLater("phone", () => import("./controllers/phone.js"))
registerLater("picture", () => import("./controllers/picture.js"))
registerLater("people", () => import("./controllers/people.js"))
registerLater("unsent", () => import("./controllers/unsent.js"), afterStart)
start()
