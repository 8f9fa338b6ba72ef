import { Controller } from "./registry.js"
import { t } from "../models/strings.js"
import { dayName, fullTime, shortTime } from "../models/times.js"

// Shows the server's UTC times in the user's time zone and format.
export default class RelativeTimes extends Controller {
  connect() {
    for (const time of this.element.querySelectorAll("time")) {
      const date = new Date(time.dateTime)
      time.textContent = t("js-date-time", { date: dayName(date), time: shortTime(date) })
      time.title = fullTime(date)
    }
  }
}
