import { useEffect, useRef, useState } from "preact/hooks";
import { heatMap, heatMapPath } from "../api";
import { dateTimeText, percent } from "../format";
import { colourOf, topOf } from "../heat_colours";
import { meanDensities } from "../heat_density";
import { useLoaded } from "../loaded";
import type { Period } from "../periods";
import { text } from "../preferences";
import type { Camera, HeatMap } from "../wire";

const WIDTH_PX = 960;

function draw(canvas: HTMLCanvasElement, map: HeatMap, top: number): void {
  const pen = canvas.getContext("2d");
  if (!pen) return;
  pen.clearRect(0, 0, canvas.width, canvas.height);
  pen.globalAlpha = 0.72;
  for (const [at, density_per_m2] of meanDensities(map).entries()) {
    const outline = map.cells[at]?.outline;
    if (!outline) continue;
    pen.fillStyle = colourOf(density_per_m2 / top);
    pen.beginPath();
    for (const [x, y] of outline) pen.lineTo(x * canvas.width, y * canvas.height);
    pen.closePath();
    pen.fill();
  }
}

/** Cells on the ground in their colours, over the camera's picture of now. */
function HeatPicture({ camera, map, top }: { camera: Camera; map: HeatMap; top: number }) {
  const texts = text();
  const canvas = useRef<HTMLCanvasElement>(null);
  const [height, setHeight] = useState((WIDTH_PX * 3) / 4);
  useEffect(() => {
    if (canvas.current) draw(canvas.current, map, top);
  }, [map, top, height]);
  return (
    <div class="heat-picture" style={{ aspectRatio: `${WIDTH_PX} / ${height}` }}>
      {camera.fresh && (
        <img
          src={`/cameras/${encodeURIComponent(camera.id)}/snapshot.jpg?plain=true`}
          alt=""
          onLoad={({ currentTarget: { naturalWidth, naturalHeight } }) => {
            if (naturalWidth > 0) setHeight(Math.round((WIDTH_PX * naturalHeight) / naturalWidth));
          }}
        />
      )}
      <canvas
        ref={canvas}
        width={WIDTH_PX}
        height={height}
        role="img"
        aria-label={texts.heat_map_of(camera.name, map.cells.length)}
      />
    </div>
  );
}

function Legend({ top }: { top: number }) {
  const texts = text();
  return (
    <p class="heat-legend">
      <span>0</span>
      <span class="heat-scale" aria-hidden="true" />
      <span>{texts.heat_scale(top)}</span>
    </p>
  );
}

/** Where people were in periods, side by side on one scale. */
export function HeatMaps({ camera, periods }: { camera: Camera; periods: Period[] }) {
  const texts = text();
  const key = periods.flatMap((one) => [one.from.toISOString(), one.to.toISOString()]).join(" ");
  const loaded = useLoaded(`heat ${camera.id} ${key}`, (stop) =>
    Promise.all(periods.map((period) => heatMap(camera.id, period, stop))),
  );
  const maps = loaded.value ?? [];
  const top = topOf(maps.flatMap(meanDensities));
  return (
    <section class="card" id="heat-maps">
      <h2>
        {texts.heat_map} · {camera.name}
      </h2>
      <p class="faint">{texts.heat_map_hint}</p>
      {loaded.error && <p class="fault">{loaded.error}</p>}
      <div class={maps.length > 1 ? "side-by-side" : ""}>
        {maps.map((map, at) => {
          const period = periods[at];
          return (
            <figure key={at === 0 ? "first" : "second"} class="heat-map">
              <figcaption>
                {dateTimeText(map.from)} – {dateTimeText(map.to)} · {texts.coverage} {percent(map.coverage)}
              </figcaption>
              {map.cell_m === null || map.observed_s <= 0 ? (
                <p class="none">{texts.nothing_known}</p>
              ) : (
                <>
                  <HeatPicture camera={camera} map={map} top={top} />
                  <Legend top={top} />
                </>
              )}
              {map.passed_over > 0 && <p class="warning">{texts.heat_passed_over(map.passed_over)}</p>}
              {period && (
                <a class="button" href={heatMapPath(camera.id, period, "csv")} download>
                  {texts.download}
                </a>
              )}
            </figure>
          );
        })}
      </div>
    </section>
  );
}
