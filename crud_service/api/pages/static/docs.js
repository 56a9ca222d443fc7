// Renders /openapi.json: a table of contents, the operations by service, and the schemas.

import { h, inline, prose } from "./dom.js";
import { fieldTable, properties, referenceName, typeOf } from "./schema.js";
import { tryForm } from "./try.js";

const content = document.getElementById("content");
const contents = document.getElementById("contents");

start();

async function start() {
  try {
    const reply = await fetch("openapi.json");
    if (!reply.ok) throw new Error(`status ${reply.status}`);
    render(await reply.json());
  } catch (error) {
    document.getElementById("state").textContent = `The documentation could not be loaded: ${error.message}`;
  }
}

function render(spec) {
  const groups = spec.tags.map((tag) => ({ tag, operations: operationsOf(spec, tag.name) }));
  document.title = `${spec.info.title} ${spec.info.version}`;
  contents.append(...groups.map(({ tag, operations }) =>
    menu(tag.name, operations.map(({ id, method }) => ({ href: `#${id}`, text: id, method })))));
  contents.append(menu("Schemas", Object.keys(spec.components.schemas).map((name) =>
    ({ href: `#schema-${name}`, text: name }))));
  content.replaceChildren(
    h("header", {}, h("h1", {}, spec.info.title, h("span", { class: "version" }, spec.info.version)),
      prose(spec.info.description),
      h("p", {}, h("a", { href: "openapi.json" }, "openapi.json"), " · ",
        h("a", { href: "proto.binpb" }, "proto.binpb"))),
    ...groups.map(({ tag, operations }) => group(spec, tag, operations)),
    h("section", { id: "schemas" }, h("h2", {}, "Schemas"),
      Object.entries(spec.components.schemas).map(([name, schema]) => schemaArticle(name, schema))));
  markCurrent();
  // The target of the address did not exist when the browser looked for it.
  if (location.hash) document.getElementById(decodeURIComponent(location.hash.slice(1)))?.scrollIntoView();
}

function operationsOf(spec, tag) {
  return Object.entries(spec.paths).flatMap(([path, item]) =>
    Object.entries(item)
      .filter(([, operation]) => operation.tags.includes(tag))
      .map(([method, operation]) => ({
        id: operation.operationId,
        method: method.toUpperCase(),
        path,
        operation,
        parameters: (operation.parameters ?? []).map((each) => resolve(spec, each)),
        ...bodyOf(operation),
      })));
}

// The body as its first media type has it; of a stream, `schema` is that of one item.
function bodyOf(operation) {
  const [mediaType, media] = Object.entries(operation.requestBody?.content ?? {})[0] ?? [];
  return media ? { mediaType, example: media.example, schema: media["x-itemSchema"] ?? media.schema } : {};
}

function resolve(spec, node) {
  if (!node.$ref) return node;
  return node.$ref.slice(2).split("/").reduce((found, key) => found[key], spec);
}

function menu(title, links) {
  return h("details", { open: title !== "Schemas" }, h("summary", {}, title),
    h("ul", {}, links.map(({ href, text, method }) =>
      h("li", {}, h("a", { href }, method ? verb(method) : "", text)))));
}

function verb(method) {
  return h("span", { class: `verb ${method.toLowerCase()}` }, method);
}

function group(spec, tag, operations) {
  return h("section", { id: `tag-${tag.name}` }, h("h2", {}, tag.name), prose(tag.description),
    operations.map((each) => article(spec, each)));
}

function article(spec, each) {
  const { id, method, path, operation, parameters, schema: body } = each;
  const { sample, form } = tryForm(each);
  return h("article", { id, "aria-labelledby": `${id}-title` },
    h("h3", { id: `${id}-title` }, h("a", { href: `#${id}`, class: "anchor" }, id)),
    h("p", { class: "route" }, verb(method), h("code", {}, path)),
    h("p", { class: "summary" }, inline(`${operation.summary}.`)),
    prose(operation.description),
    parameters.length ? fieldTable("Parameters", parameters.map((parameter) => ({
      name: parameter.name, schema: parameter.schema, description: parameter.description,
      note: parameter.required ? `${parameter.in}, required` : parameter.in,
    }))) : "",
    body ? h("p", {}, "Body: ", typeOf(body)) : "",
    responses(spec, operation),
    sample,
    h("details", { class: "try" }, h("summary", {}, "Try it"), form));
}

function responses(spec, operation) {
  const rows = Object.entries(operation.responses).map(([status, response]) => {
    const { description, content: media = {} } = resolve(spec, response);
    const [first] = Object.values(media);
    const schema = first?.["x-itemSchema"] ?? first?.schema;
    const type = schema && referenceName(schema) ? [" ", ...typeOf(schema)] : [];
    return h("tr", {}, h("th", { scope: "row" }, h("code", {}, status)), h("td", {}, inline(description), type));
  });
  return h("details", { class: "responses" },
    h("summary", {}, "Responses ", h("small", {}, Object.keys(operation.responses).join(", "))),
    h("div", { class: "scroll" }, h("table", {}, h("tbody", {}, rows))));
}

function schemaArticle(name, schema) {
  const id = `schema-${name}`;
  return h("article", { id, "aria-labelledby": `${id}-title` },
    h("h3", { id: `${id}-title` }, h("a", { href: `#${id}`, class: "anchor" }, name)),
    prose(schema.description), fieldTable("Properties", properties(schema)));
}

// Marks in the contents what is being read.
function markCurrent() {
  const links = new Map([...contents.querySelectorAll("a[href^='#']")].map((link) => [link.hash.slice(1), link]));
  const observer = new IntersectionObserver((entries) => {
    for (const { isIntersecting, target } of entries) {
      if (!isIntersecting) continue;
      contents.querySelector("[aria-current]")?.removeAttribute("aria-current");
      links.get(target.id)?.setAttribute("aria-current", "true");
    }
  }, { rootMargin: "0px 0px -80% 0px" });
  content.querySelectorAll("article").forEach((each) => observer.observe(each));
}
