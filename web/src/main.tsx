import { render } from "preact";
import { App } from "./app";
import { listen } from "./live";
import "./styles/base.css";
import "./styles/parts.css";
import "./styles/screens.css";
import "./styles/setup.css";
import "./styles/people.css";
import "./styles/site_map.css";

const root = document.getElementById("app");
if (root) {
  listen();
  render(<App />, root);
}
