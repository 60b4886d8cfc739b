/** Times, lengths of time and sizes as a person reads them, in the same words as the shell. */
import { language, t } from "./words.js";

const two = (n) => String(n).padStart(2, "0");

/** `2026-11-20` here, not in Greenwich. */
export function day(timestamp) {
  const at = new Date(timestamp);
  return `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`;
}

/** `14:05` today, else the date and time. */
export function moment(timestamp) {
  const at = new Date(timestamp);
  const clock = `${two(at.getHours())}:${two(at.getMinutes())}`;
  return day(timestamp) === day(Date.now()) ? clock : `${day(timestamp)} ${clock}`;
}

/** How long until then: `in 23 h`; or that it is past. */
export function left(timestamp) {
  const seconds = (Date.parse(timestamp) - Date.now()) / 1000;
  return seconds <= 0 ? t("time_past") : t("time_in", { span: span(seconds + 30) });
}

/** A length of time in its two largest units at most. */
export function span(seconds) {
  const whole = Math.floor(seconds);
  if (whole < 60) return `${seconds < 10 ? decimal(seconds, 1) : whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min`;
  if (whole < 172800) {
    const hours = Math.floor(whole / 3600);
    const minutes = Math.floor((whole % 3600) / 60);
    return minutes && hours < 10 ? `${hours} h ${minutes} min` : `${hours} h`;
  }
  return `${Math.floor(whole / 86400)} d`;
}

/** Bytes in the largest fitting unit. */
export function size(bytes) {
  let amount = bytes;
  for (const unit of ["B", "kB", "MB"]) {
    if (amount < 1000) return `${Math.round(amount)} ${unit}`;
    amount /= 1000;
  }
  return `${decimal(amount, 1)} GB`;
}

/** A number with so many places, as the language writes it. */
export function decimal(value, places) {
  const format = { minimumFractionDigits: places, maximumFractionDigits: places };
  return value.toLocaleString(language === "pt" ? "pt-BR" : "en", format);
}
