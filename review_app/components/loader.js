/**
 * What Streamlit is given as the grid and as the map: it loads the modules and hands every call on to them. Calls that come
 * before the modules are there wait for them in order; the cleanup runs once, at the end.
 */

/** @typedef {{base: string, module: string}} Data where the modules are, with a slash at the end; which comes first */
/** @typedef {{data: Data, parentElement: ShadowRoot, setStateValue: (name: string, value: unknown) => void}} Component */
/** @typedef {Omit<Component, "data"> & {data: [Data]}} Given */
/** @typedef {{default: (component: Component) => () => void}} Module */
/** @typedef {{gone: boolean, module: Promise<Module>, end?: () => void}} Mount */

/** @type {WeakMap<ShadowRoot, Mount>} */
const mounts = new WeakMap();

/** @param {Given} given */
export default function (given) {
  const component = { data: given.data[0], parentElement: given.parentElement, setStateValue: given.setStateValue };
  const root = component.parentElement;
  const mount = mounts.get(root) ?? load(component);
  mount.module.then(
    (module) => {
      if (!mount.gone) mount.end = module.default(component);
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
  const module = import(new URL(data.base + data.module, location.origin).href);
  /** @type {Mount} */
  const mount = { gone: false, module };
  mounts.set(root, mount);
  module.catch(() => {
    const words = document.createElement("p");
    words.setAttribute("role", "alert");
    words.textContent =
      "This part of the page could not be loaded: no connection to the server. Answers given before are kept. " +
      "Reload the page when the server is back.";
    root.append(words);
  });
  return mount;
}
