// Reads from the API. It is found beside this page, also behind a proxy that serves both below a prefix.

export class Refusal extends Error {
  constructor(status, { message, details = [] } = {}) {
    super(message ?? `status ${status}`);
    const info = details.find((each) => each.reason) ?? {};
    this.status = status;
    this.reason = info.reason ?? "";
  }
}

export async function get(path, query = {}) {
  const reply = await fetch(address(path, query), { headers: { accept: "application/json" }, cache: "no-store" });
  if (!reply.ok) throw await refusal(reply);
  return reply.json();
}

export function address(path, query = {}) {
  const text = new URLSearchParams(query).toString();
  return text ? `${path}?${text}` : path;
}

// What an unsuccessful reply says; not all of them come from the node.
export async function refusal(reply) {
  const { error } = await reply.json().catch(() => ({}));
  return new Refusal(reply.status, error);
}
