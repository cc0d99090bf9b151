import { AlertCard } from "../components/alert_card";
import { CameraCard } from "../components/camera_card";
import { OrderFault } from "../components/orders";
import { SiteTile, ZoneTile } from "../components/place_tile";
import { SourceCard } from "../components/source_card";
import { inOrder } from "../levels";
import { text } from "../preferences";
import type { State } from "../wire";

/** Browsers open six connections to one host: these stay open, the rest is for events, snapshots and other pages. */
const MOVING_PICTURES = 3;

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

/** The whole walkway on one page: places, alerts, cameras. */
export function LiveScreen({ state }: { state: State }) {
  const texts = text();
  return (
    <div class="live">
      <section class="places" aria-labelledby="places-title">
        <h2 id="places-title">{texts.zones}</h2>
        <ul id="places">
          {state.sites.map((site) => (
            <SiteTile key={site.id} state={state} site={site} />
          ))}
          {[...state.cameras, ...state.sources].flatMap((within) =>
            within.zones.map((zone) => (
              <ZoneTile key={`${within.id}/${zone.id}`} state={state} within={within} zone={zone} />
            )),
          )}
        </ul>
      </section>
      <Queue state={state} />
      <div class="wall">
        {state.cameras.length > 0 && (
          <section aria-labelledby="wall-title">
            <h2 id="wall-title">{texts.cameras}</h2>
            <div id="cameras">
              {state.cameras.map((camera, at) => (
                <CameraCard key={camera.id} camera={camera} moving={at < MOVING_PICTURES} />
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
