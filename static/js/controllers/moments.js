import { Controller } from "./registry.js"
import { dayName, fullTime, shortTime } from "../models/times.js"

// Times that the server wrote in UTC, in the reader's zone and manner.
export default class Moments extends Controller {
  connect() {
    for (const time of this.element.querySelectorAll("time")) {
      const date = new Date(time.dateTime)
      time.textContent = `${dayName(date)}, ${shortTime(date)}`
      time.title = fullTime(date)
    }
  }
}
