// A request as a curl command for a POSIX shell.

export function quote(text) {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}

export function curl({ method, url, headers = {}, body }) {
  const implied = method === (body === undefined ? "GET" : "POST");
  const parts = [`curl ${implied ? "" : `-X ${method} `}${quote(url)}`];
  for (const [name, value] of Object.entries(headers)) parts.push(`-H ${quote(`${name}: ${value}`)}`);
  if (body !== undefined) parts.push(`-d ${quote(body)}`);
  return parts.join(" \\\n  ");
}

// Where the API is: beside this page, also behind a proxy that serves it below a prefix.
export function base() {
  return new URL(".", location.href).href.replace(/\/$/, "");
}
