import L from "leaflet";
import "leaflet/dist/leaflet.css";
import { type ComponentChildren, render } from "preact";
import { text } from "../preferences";
import { routeTo } from "../route";
import { extent, lineNow, zoneNow } from "../site_map";
import type { SiteMap, State } from "../wire";
import { CameraPin, LineLabel, ZoneLabel } from "./map_labels";

/** The pattern that fills what is unknown; the page holds it. */
export const HATCH = "map-unknown";

/** Labels of zones lie above those of lines and cameras. */
const ZONES_ABOVE = 10_000;

interface Drawn {
  place: string;
  label: HTMLElement;
  path: L.Path | null;
}

/** A site map as Leaflet draws it: the only part of the page that knows Leaflet. */
export class DrawnMap {
  private readonly map: L.Map;
  private readonly zones: Drawn[];
  private readonly lines: Drawn[];
  private readonly cameras: Drawn[];
  private readonly bounds: L.LatLngBounds;
  private readonly size: { width: number; height: number };
  private readonly watch: ResizeObserver;
  /** Somebody has moved it: it is not put back whenever the window changes. */
  private moved = false;

  constructor(holder: HTMLElement, of: SiteMap) {
    const texts = text();
    this.size = extent(of);
    this.bounds = L.latLngBounds([0, 0], [this.size.height, this.size.width]);
    this.map = L.map(holder, {
      crs: L.CRS.Simple,
      attributionControl: false,
      zoomControl: false,
      // Whoever scrolls the page past it does not mean the map; a finger that scrolls neither.
      scrollWheelZoom: false,
      dragging: !L.Browser.mobile,
      zoomSnap: 0,
      minZoom: -10,
      maxBoundsViscosity: 1,
      fadeAnimation: false,
    });
    const zoom = { position: "bottomright", zoomInTitle: texts.zoom_in, zoomOutTitle: texts.zoom_out } as const;
    L.control.zoom(zoom).addTo(this.map);
    if (of.width_m !== null) L.control.scale({ imperial: false }).addTo(this.map);
    this.fit();
    if (of.picture) L.imageOverlay(of.picture.address, this.bounds, { className: "map-picture" }).addTo(this.map);
    this.zones = of.zones.map(({ place, outline }) => {
      const path = L.polygon(outline.map((corner) => this.at(corner)));
      this.add(path, place);
      return { place, path, label: this.label(path.getCenter(), ZONES_ABOVE) };
    });
    this.lines = of.lines.map(({ place, ends }) => {
      const path = L.polyline(ends.map((end) => this.at(end)));
      this.add(path, place);
      return { place, path, label: this.label(this.at(ends[1])) };
    });
    this.cameras = of.cameras.map(({ place, at }) => ({ place, path: null, label: this.label(this.at(at)) }));
    this.map.on("zoomend dragend", (event) => {
      if (event.type === "dragend" || this.map.getZoom() > this.map.getMinZoom() + 1e-6) this.moved = true;
    });
    this.watch = new ResizeObserver(() => {
      this.map.invalidateSize({ pan: false });
      if (!this.moved) this.fit();
    });
    this.watch.observe(holder);
  }

  private fit(): void {
    this.map.setMinZoom(-10);
    this.map.fitBounds(this.bounds, { animate: false });
    this.map.setMinZoom(this.map.getZoom());
    this.map.setMaxBounds(this.bounds);
  }

  /** From shares of the picture, from its upper left. */
  private at([x, y]: [number, number]): L.LatLng {
    return L.latLng(this.size.height * (1 - y), this.size.width * x);
  }

  private add(path: L.Path, place: string): void {
    path.addTo(this.map);
    path.on("click", () => {
      location.hash = routeTo("place", place);
    });
  }

  /** A place for a label. What is reached by keyboard is the link within it. */
  private label(at: L.LatLng, zIndexOffset = 0): HTMLElement {
    const holder = document.createElement("div");
    holder.className = "map-label-holder";
    const icon = L.divIcon({ html: holder, className: "map-anchor", iconSize: [0, 0] });
    L.marker(at, { icon, interactive: false, keyboard: false, zIndexOffset }).addTo(this.map);
    L.DomEvent.disableClickPropagation(holder);
    return holder;
  }

  /** Shows how everything stands. */
  show(state: State): void {
    for (const { place, path, label } of this.zones) {
      const now = zoneNow(state, place);
      fill(path, `map-zone ${now?.look ?? "unknown"}${now?.held ? " held" : ""}${now?.isBound ? " bound" : ""}`);
      draw(now && <ZoneLabel now={now} />, label);
    }
    for (const { place, path, label } of this.lines) {
      const line = lineNow(state, place);
      fill(path, "map-line");
      draw(line && <LineLabel place={place} line={line} />, label);
    }
    for (const { place, label } of this.cameras) {
      const camera = state.cameras.find((one) => `camera:${one.id}` === place);
      draw(camera && <CameraPin camera={camera} />, label);
    }
  }

  remove(): void {
    this.watch.disconnect();
    for (const { label } of [...this.zones, ...this.lines, ...this.cameras]) draw(null, label);
    this.map.remove();
  }
}

const draw = (what: ComponentChildren, into: HTMLElement): void => render(what, into);

/** Colours are the style sheet's, so that they follow the theme. */
function fill(path: L.Path | null, look: string): void {
  const element = path?.getElement();
  element?.setAttribute("class", `leaflet-interactive ${look}`);
  element?.setAttribute("fill", look.includes(" unknown") ? `url(#${HATCH})` : "none");
}
