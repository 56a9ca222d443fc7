// JSON Schema for people: a type in few words, and a table of properties.

import { h, inline } from "./dom.js";

// A pattern with escapes is for machines; the description says the same in words.
const LIMITS = {
  pattern: (value) => (value.includes("\\") ? [] : ["matches ", h("code", {}, value)]),
  maxLength: (value) => [`at most ${value.toLocaleString("en")} characters`],
  maxItems: (value) => [`at most ${value.toLocaleString("en")} entries`],
  minimum: (value) => [`at least ${value}`],
  default: (value) => [`${value} by default`],
};

export function referenceName(schema) {
  return schema?.$ref?.split("/").pop();
}

// The type as nodes: `array of Record`, `string (date-time) or null`.
export function typeOf(schema) {
  const name = referenceName(schema);
  if (name) return [h("a", { href: `#schema-${name}` }, name)];
  if (schema.const !== undefined) return [h("code", {}, JSON.stringify(schema.const))];
  if (schema.anyOf) return join(schema.anyOf.map(typeOf));
  const types = [schema.type ?? "any value"].flat();
  return join(types.map((type) => {
    if (type === "array") return ["array of ", ...typeOf(schema.items ?? {})];
    return [schema.format && type !== "null" ? `${type} (${schema.format})` : type];
  }));
}

function join(alternatives) {
  return alternatives.flatMap((nodes, index) => (index ? [" or ", ...nodes] : nodes));
}

export function limitsOf(schema) {
  const found = Object.entries(LIMITS).filter(([name]) => schema[name] !== undefined)
    .map(([name, words]) => words(schema[name])).filter((words) => words.length);
  const nodes = found.flatMap((words, index) => [index ? "; " : "", ...words]);
  if (schema.items && !schema.items.$ref) {
    const inner = limitsOf(schema.items);
    if (inner.length) nodes.push(nodes.length ? "; each " : "each ", ...inner);
  }
  return nodes;
}

// One row a property or parameter: name, type, what it means.
export function fieldTable(caption, fields) {
  const rows = fields.map(({ name, schema, description, note }) => {
    const limits = limitsOf(schema);
    return h("tr", {},
      h("th", { scope: "row" }, h("code", {}, name), note ? h("span", { class: "note" }, note) : ""),
      h("td", { class: "type" }, typeOf(schema)),
      h("td", {}, inline(description), limits.length ? h("span", { class: "limits" }, limits) : ""));
  });
  const head = h("tr", {}, ...["Name", "Type", "Meaning"].map((title) => h("th", { scope: "col" }, title)));
  return h("div", { class: "scroll" },
    h("table", {}, h("caption", {}, caption), h("thead", {}, head), h("tbody", {}, rows)));
}

export function properties(schema) {
  return Object.entries(schema.properties ?? {}).map(([name, property]) => ({
    name,
    schema: property,
    description: property.description,
    note: property.readOnly ? "read-only" : undefined,
  }));
}
