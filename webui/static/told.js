/** What the events of a flow tell beyond its value: text as it streams, outputs, looks, notices. */

/** @typedef {{outputs: string[], looks: Object[], notices: Array<{message: string, session?: string}>, step: string, text: string}} Told */

/** @returns {Told} of a flow of which nothing is known yet */
export function nothingTold() {
  return { outputs: [], looks: [], notices: [], step: "", text: "", seq: 0 };
}

/** The longest output that is kept of one command: the end of it. */
const LONGEST = 200000;

/** Takes one event in. @param {Told} told @returns {boolean} whether it was new */
export function tell(told, event) {
  if (event.seq <= told.seq) return false;
  told.seq = event.seq;
  const { data } = event;
  switch (event.kind) {
    case "step":
      if (data.name === "looked") told.looks.push(data);
      else if (data.status === "running") told.step = data.name;
      break;
    case "text":
      told.text = (data.reset ? "" : told.text) + data.text;
      break;
    case "command":
      if (data.status === "running") told.outputs[data.n] = "";
      break;
    case "output":
      told.outputs[data.n] = ((told.outputs[data.n] ?? "") + data.text).slice(-LONGEST);
      break;
    case "notice":
      told.notices.push(data);
      break;
    default:
      break;
  }
  return true;
}
