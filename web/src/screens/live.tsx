import { siteMaps } from "../api";
import { AlertCard } from "../components/alert_card";
import { CameraCard } from "../components/camera_card";
import { OrderFault } from "../components/orders";
import { SiteTile, ZoneTile } from "../components/place_tile";
import { SiteMaps } from "../components/site_maps";
import { SourceCard } from "../components/source_card";
import { inOrder } from "../levels";
import { connections } from "../live";
import { useLoaded } from "../loaded";
import { chooseZonesAs, text, zonesAs } from "../preferences";
import { mappedZones } from "../site_map";
import type { State } from "../wire";

function unknownPlaces(state: State): number {
  const zones = [...state.cameras, ...state.sources].flatMap((within) => within.zones);
  return zones.filter((zone) => zone.classes[0]?.occupancy.value === null).length;
}

function Queue({ state }: { state: State }) {
  const texts = text();
  const alerts = inOrder(state.alerts);
  const unknown = unknownPlaces(state);
  return (
    <section class="queue" aria-labelledby="queue-title">
      <h2 id="queue-title">
        {texts.open_alerts} <span class="count">{alerts.length}</span>
      </h2>
      <OrderFault />
      {!state.kept && <p class="faint">{texts.not_kept}</p>}
      <ul id="open">
        {alerts.map((alert) => (
          <AlertCard key={alert.id} state={state} alert={alert} />
        ))}
      </ul>
      {alerts.length === 0 && <p class="none">{texts.none_open}</p>}
      {unknown > 0 && <p class="warning">{texts.unknown_places(unknown)}</p>}
    </section>
  );
}

/** Every place: on the site maps those that are on one, the others as tiles. */
function Places({ state }: { state: State }) {
  const texts = text();
  // A service that was away may have come back with other maps.
  const loaded = useLoaded(`maps ${connections.value}`, siteMaps);
  const maps = loaded.value?.maps ?? [];
  const shown = zonesAs.value === "map" ? maps : [];
  const onMaps = mappedZones(shown);
  const zones = [...state.cameras, ...state.sources].flatMap((within) =>
    within.zones.filter((zone) => !onMaps.has(`zone:${within.id}/${zone.id}`)).map((zone) => ({ within, zone })),
  );
  return (
    <section class="places" aria-labelledby="places-title">
      <div class="row">
        <h2 id="places-title">{texts.zones}</h2>
        {maps.length > 0 && (
          <button
            type="button"
            id="zones-as"
            aria-pressed={zonesAs.value === "tiles"}
            onClick={() => chooseZonesAs(zonesAs.value === "map" ? "tiles" : "map")}
          >
            {texts.as_tiles}
          </button>
        )}
      </div>
      {loaded.error && <p class="fault">{`${texts.maps_failed} ${loaded.error}`}</p>}
      {shown.length > 0 && <SiteMaps state={state} maps={shown} />}
      <ul id="places">
        {state.sites.map((site) => (
          <SiteTile key={site.id} state={state} site={site} />
        ))}
        {zones.map(({ within, zone }) => (
          <ZoneTile key={`${within.id}/${zone.id}`} state={state} within={within} zone={zone} />
        ))}
      </ul>
    </section>
  );
}

/** The whole walkway on one page: places, alerts, cameras. */
export function LiveScreen({ state }: { state: State }) {
  const texts = text();
  return (
    <div class="live">
      <Places state={state} />
      <Queue state={state} />
      <div class="wall">
        {state.cameras.length > 0 && (
          <section aria-labelledby="wall-title">
            <h2 id="wall-title">{texts.cameras}</h2>
            <div id="cameras">
              {state.cameras.map((camera) => (
                <CameraCard key={camera.id} camera={camera} />
              ))}
            </div>
          </section>
        )}
        {state.sources.length > 0 && (
          <section aria-labelledby="sources-title">
            <h2 id="sources-title">{texts.sources}</h2>
            <div id="sources">
              {state.sources.map((source) => (
                <SourceCard key={source.id} source={source} />
              ))}
            </div>
          </section>
        )}
      </div>
    </div>
  );
}
