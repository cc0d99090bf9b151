import { forecastText, qualityHint, readingText } from "../format";
import { trendOf } from "../live";
import { text, word } from "../preferences";
import { routeTo } from "../route";
import type { ZoneNow } from "../site_map";
import type { Camera, Line, Reading } from "../wire";
import { LevelMark } from "./level";

const TREND_SIGNS = { rising: "↑", falling: "↓", steady: "→" };

function Value({ reading, measure, unit }: { reading: Reading; measure: string; unit: string }) {
  const isKnown = reading.value !== null;
  const hint = qualityHint(reading, measure);
  return (
    <>
      <span title={hint || undefined} class={`number${isKnown ? "" : " unknown-value"}`}>
        {readingText(reading, measure)}
      </span>
      {isKnown ? <span class="unit">{unit}</span> : <span class="for-listeners"> {hint}</span>}
    </>
  );
}

function Trend({ place }: { place: string }) {
  const trend = trendOf(place);
  if (!trend) return <span class="for-listeners">{text().trend_unknown}</span>;
  return (
    <span class={`trend ${trend}`}>
      <span aria-hidden="true">{TREND_SIGNS[trend]}</span>
      <span class="for-listeners">{word(trend)}</span>
    </span>
  );
}

/** A zone on the map in few lines: its name, how dense it is and where that is going, its level, what is to come, and why nothing is known. */
export function ZoneLabel({ now }: { now: ZoneNow }) {
  const texts = text();
  const { zone, rule, people, service, forecast, lacking } = now;
  const reason = lacking && qualityHint(lacking, rule?.measure ?? "occupancy");
  const density = zone.density_per_m2;
  return (
    <a class={`map-label edge ${now.look}`} href={routeTo("place", now.key)} data-place={now.key}>
      <span class="map-name">{zone.name}</span>
      <span class="map-figures">
        {density ? (
          <Value reading={density} measure="density" unit={texts.per_m2} />
        ) : (
          people && <Value reading={people} measure="occupancy" unit={texts.inside} />
        )}{" "}
        <Trend place={now.key} />
      </span>
      {rule && rule.level !== "calm" ? (
        <LevelMark level={rule.level} stale={rule.stale} />
      ) : (
        <span
          class="map-service"
          title={(now.isBound && service && qualityHint(service, "level_of_service")) || undefined}
        >
          {now.look === "unknown" ? (
            <LevelMark level="unknown" />
          ) : (
            <>
              {rule && word(rule.level)}{" "}
              {service && service.value !== null && `${texts.service} ${readingText(service, "level_of_service")}`}
            </>
          )}
        </span>
      )}
      {forecast && <strong class="map-note warning">{forecastText(forecast)}</strong>}
      {reason && <span class="map-note warning">{reason}</span>}
    </a>
  );
}

/** A line on the map: who goes over it, each way. */
export function LineLabel({ place, line }: { place: string; line: Line }) {
  const texts = text();
  const flow = (measure: "flow_in" | "flow_out") => {
    const reading = line.measures[measure];
    return reading && <Value reading={reading} measure={measure} unit="/min" />;
  };
  return (
    <a class="map-label map-line-label" href={routeTo("place", place)} data-place={place}>
      <span class="map-name">{line.name}</span>
      <span>
        {texts.inwards} {flow("flow_in")} · {texts.outwards} {flow("flow_out")}
      </span>
    </a>
  );
}

/** Where a camera stands, and whether anything fresh comes from it. */
export function CameraPin({ camera }: { camera: Camera }) {
  const said = camera.fresh ? word(camera.state) : text().not_fresh;
  return (
    <a
      class={`map-pin${camera.fresh ? "" : " not-fresh"}`}
      href={routeTo("place", `camera:${camera.id}`)}
      title={`${camera.name}: ${said}`}
    >
      <svg viewBox="0 0 16 16" aria-hidden="true">
        <path d="M1 4h9v8H1zM11 7l4-2.500v7L11 9z" />
      </svg>
      {!camera.fresh && <span aria-hidden="true">?</span>}
      <span class="for-listeners">
        {text().camera} {camera.name}: {said}
      </span>
    </a>
  );
}
