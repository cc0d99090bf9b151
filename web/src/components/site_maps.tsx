import { useEffect, useRef } from "preact/hooks";
import { SERVICE_LETTERS } from "../measures";
import { language, text } from "../preferences";
import { extent } from "../site_map";
import type { SiteMap, State } from "../wire";
import { DrawnMap, HATCH } from "./drawn_map";
import { LevelMark } from "./level";

/** One site map, as everything on it stands. */
function SiteMapView({ state, map }: { state: State; map: SiteMap }) {
  const holder = useRef<HTMLElement>(null);
  const drawn = useRef<DrawnMap | null>(null);
  const { width, height } = extent(map);
  const shown = JSON.stringify([map, language.value]);
  useEffect(() => {
    if (!holder.current) return;
    const made = new DrawnMap(holder.current, map);
    drawn.current = made;
    return () => {
      drawn.current = null;
      made.remove();
    };
  }, [shown]);
  useEffect(() => drawn.current?.show(state));
  return (
    <figure class="site-map" data-map={map.id}>
      <figcaption>{map.name}</figcaption>
      {!map.picture && <p class="warning">{text().map_without_picture}</p>}
      <section
        ref={holder}
        class="map-ground"
        aria-label={text().map_of(map.name)}
        style={{ aspectRatio: `${width} / ${height}` }}
      />
    </figure>
  );
}

function Legend() {
  const texts = text();
  return (
    <div class="map-legend faint">
      <LevelMark level="unknown" /> <span>{texts.map_hatched}</span>
      <span class="map-scale">
        {texts.service}
        {SERVICE_LETTERS.map((letter) => (
          <span key={letter} class={`swatch service-${letter.toLowerCase()}`}>
            {letter}
          </span>
        ))}
      </span>
      <span>{texts.map_levels_first}</span>
    </div>
  );
}

/** The site from above: zones by level and level of service, each the way to its own screen. */
export function SiteMaps({ state, maps }: { state: State; maps: SiteMap[] }) {
  return (
    <div id="site-maps">
      <svg class="for-listeners" aria-hidden="true">
        <defs>
          <pattern id={HATCH} width="10" height="10" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">
            <rect class="hatch-ground" width="10" height="10" />
            <rect class="hatch-stripe" width="3" height="10" />
          </pattern>
        </defs>
      </svg>
      {maps.map((map) => (
        <SiteMapView key={map.id} state={state} map={map} />
      ))}
      <Legend />
    </div>
  );
}
