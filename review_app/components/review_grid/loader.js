/**
 * What Streamlit is given as the component: it loads the grid's modules and hands every call on to them. Calls that come
 * before the modules are there wait for them in order; the cleanup runs once, at the end.
 */

/** @typedef {typeof import("./main.js")} Grid */
/** @typedef {Parameters<Grid["default"]>[0]} Component */
/** @typedef {{data: [Component["data"]], parentElement: Component["parentElement"]}} Given */
/** @typedef {{gone: boolean, module: Promise<Grid>, end?: () => void}} Mount */

/** @type {WeakMap<ShadowRoot, Mount>} */
const mounts = new WeakMap();

/** @param {Given} given */
export default function (given) {
  const component = { data: given.data[0], parentElement: given.parentElement };
  const root = component.parentElement;
  const mount = mounts.get(root) ?? load(component);
  mount.module.then(
    (grid) => {
      if (!mount.gone) mount.end = grid.default(component);
    },
    () => {},
  );
  return () => {
    mount.gone = true;
    mounts.delete(root);
    mount.end?.();
  };
}

/** @param {Component} component @returns {Mount} */
function load({ data, parentElement: root }) {
  const module = import(new URL(`${data.base}main.js`, location.origin).href);
  /** @type {Mount} */
  const mount = { gone: false, module };
  mounts.set(root, mount);
  module.catch(() => {
    const words = document.createElement("p");
    words.setAttribute("role", "alert");
    words.textContent =
      "The grid could not be loaded: no connection to the server. Answers given before are kept. " +
      "Reload the page when the server is back.";
    root.append(words);
  });
  return mount;
}
