// Texts that strangers wrote, made fit to be shown, and numbers and times as they are written here.

const LONG = 400;
// Controls, marks that turn the direction of what follows, and others that cannot be seen.
const HIDDEN = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g;

// A text with its invisible marks written out, so that it cannot pose as another.
export function visible(text) {
  return text.replace(HIDDEN, (mark) => `\\u${mark.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

// The beginning of a long text, and how long it is.
export function cut(text, length = LONG) {
  if (text.length <= length) return visible(text);
  const kept = text.slice(0, length).replace(/[\ud800-\udbff]$/, "");
  return `${visible(kept)} … (${count(text.length)} characters)`;
}

export function count(number) {
  return Number(number).toLocaleString("en");
}

export function plural(number, one) {
  return `${count(number)} ${one}${Number(number) === 1 ? "" : "s"}`;
}

// The time of day, with its day if that is not today.
export function shortTime(text) {
  const time = new Date(text);
  const ofDay = time.toLocaleTimeString("en-GB");
  return time.toDateString() === new Date().toDateString() ? ofDay : `${day(time)} ${ofDay}`;
}

export function longTime(text) {
  const time = new Date(text);
  return `${day(time)} ${time.getFullYear()}, ${time.toLocaleTimeString("en-GB")}`;
}

// `collections/notes/records/milk` as `notes/milk`, `collections/notes` as `collection notes`.
export function shortPath(path) {
  const [, collection, , record] = path.split("/");
  return record ? `${collection}/${record}` : `collection ${collection}`;
}

// The same with the middle of a long id left out, such as that of one that the service has made.
export function shorterPath(path) {
  return shortPath(path).replace(/([^/]{10})[^/]{13,}([^/]{6})$/, "$1…$2");
}

function day(time) {
  return time.toLocaleDateString("en-GB", { day: "numeric", month: "short" });
}
