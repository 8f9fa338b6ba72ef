// Starts what the page asks for by data-controller. Pages work without any of it.
import { register, start } from "./controllers/registry.js"
import Composer from "./controllers/composer.js"
import Live from "./controllers/live.js"
import Logout from "./controllers/logout.js"
import Moments from "./controllers/moments.js"
import ConnectionNotice from "./controllers/notice.js"
import Page from "./controllers/page.js"
import Pairing from "./controllers/pairing.js"
import Password from "./controllers/password.js"
import People from "./controllers/people.js"
import Phone from "./controllers/phone.js"
import Picture from "./controllers/picture.js"
import Room from "./controllers/room.js"
import Rooms from "./controllers/rooms.js"
import Unsent from "./controllers/unsent.js"

register("page", Page)
register("phone", Phone)
register("password", Password)
register("pairing", Pairing)
register("logout", Logout)
register("live", Live)
register("rooms", Rooms)
register("people", People)
register("composer", Composer)
register("room", Room)
register("moments", Moments)
register("picture", Picture)
register("notice", ConnectionNotice)
register("unsent", Unsent)
start()
