import { forecastText, qualityHint, readingText } from "../format";
import { ahead, worstRule } from "../levels";
import { trendOf } from "../live";
import { placeKey } from "../places";
import { text, word } from "../preferences";
import { routeTo } from "../route";
import type { CountedZone, Reading, Site, State } from "../wire";
import { LevelMark } from "./level";

const TREND_SIGNS = { rising: "↑", falling: "↓", steady: "→" };
function Figure({
  reading,
  measure,
  unit,
  label,
}: {
  reading: Reading;
  measure: string;
  unit: string;
  label?: string;
}) {
  const hint = qualityHint(reading, measure);
  return (
    <span class="figure" title={hint || undefined}>
      {label && <span class="for-listeners">{label} </span>}
      <span class={`number${reading.value === null ? " unknown-value" : ""}`}>{readingText(reading, measure)}</span>
      <span class="unit">{unit}</span>
    </span>
  );
}

function TrendMark({ place }: { place: string }) {
  const trend = trendOf(place);
  return (
    <span class={`trend ${trend ?? ""}`}>
      {trend ? `${TREND_SIGNS[trend]} ${word(trend)}` : <span class="for-listeners">{text().trend_unknown}</span>}
    </span>
  );
}

/** A zone as it is read from afar: how many, how dense, where it is going, at which level. */
export function ZoneTile(props: { state: State; within: { id: string; name: string }; zone: CountedZone }) {
  const { state, within, zone } = props;
  const texts = text();
  const key = `zone:${within.id}/${zone.id}`;
  const rule = worstRule(state.rules, (one) => placeKey(one) === key);
  const [people, ...others] = zone.classes;
  const service = zone.measures.level_of_service;
  const coming = ahead(zone.measures);
  const reason = people && people.occupancy.value === null ? qualityHint(people.occupancy, "occupancy") : null;
  return (
    <li class={`tile edge ${rule?.level ?? "no-rule"}`} data-place={key}>
      <div class="row">
        <h3>
          <a href={routeTo("place", key)}>{zone.name}</a>
        </h3>
        {rule && <LevelMark level={rule.level} stale={rule.stale} />}
      </div>
      <p class="faint within">{within.name}</p>
      {people && (
        <div class="figures">
          <Figure
            reading={people.occupancy}
            measure="occupancy"
            unit={people.class === "person" ? texts.inside : word(people.class)}
          />
          {zone.density_per_m2 && <Figure reading={zone.density_per_m2} measure="density" unit={texts.per_m2} />}
          {service && service.value !== null && (
            <Figure reading={service} measure="level_of_service" unit={texts.service} />
          )}
        </div>
      )}
      <p class="tile-notes">
        {reason ? <strong class="warning">{reason}</strong> : <TrendMark place={key} />}
        {coming && <strong class="warning">{forecastText(coming)}</strong>}
        {others.map((one) => (
          <span key={one.class} class="other-class">
            {readingText(one.occupancy, "occupancy")} {word(one.class)}
          </span>
        ))}
      </p>
    </li>
  );
}

/** A site: how much of what it may hold is there. */
export function SiteTile({ state, site }: { state: State; site: Site }) {
  const texts = text();
  const key = `site:${site.id}`;
  const rule = worstRule(state.rules, (one) => placeKey(one) === key);
  const { share_of_capacity: share, admissible_flow: admissible } = site.measures;
  const people = site.measures.occupancy ?? site.measures.people;
  return (
    <li class={`tile edge ${rule?.level ?? "no-rule"}`} data-place={key}>
      <div class="row">
        <h3>
          <a href={routeTo("place", key)}>{site.name}</a>
        </h3>
        {rule && <LevelMark level={rule.level} stale={rule.stale} />}
      </div>
      <p class="faint within">{texts.site}</p>
      <div class="figures">
        {people && <Figure reading={people} measure="occupancy" unit={texts.inside} />}
        {share && (
          <Figure
            reading={share.value === null ? share : { ...share, value: share.value * 100 }}
            measure="occupancy"
            unit={`% ${texts.share_of_capacity}`}
          />
        )}
      </div>
      <p class="tile-notes">
        {share && share.value === null && <strong class="warning">{qualityHint(share, "share_of_capacity")}</strong>}
        {admissible && admissible.value !== null && (
          <span>{texts.may_enter(readingText(admissible, "admissible_flow"))}</span>
        )}
      </p>
    </li>
  );
}
