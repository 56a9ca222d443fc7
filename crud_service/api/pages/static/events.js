// Server-Sent Events of a reply to fetch: {event, id, data}, with data read as JSON.

export async function* events(body, heard) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  try {
    for (let part = await reader.read(); !part.done; part = await reader.read()) {
      heard();
      const blocks = (rest + part.value).split("\n\n");
      rest = blocks.pop();
      yield* blocks.map(parse).filter((each) => each.data !== undefined);
    }
  } finally {
    reader.cancel().catch(() => {});
  }
}

function parse(block) {
  const found = { event: "message", id: "" };
  for (const line of block.split("\n")) {
    const at = line.indexOf(": ");
    if (at > 0) found[line.slice(0, at)] = line.slice(at + 2);
  }
  if (found.data !== undefined) found.data = JSON.parse(found.data);
  return found;
}
