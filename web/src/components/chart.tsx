import { useEffect, useRef } from "preact/hooks";
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import { figure, measureName, percent, unitOf } from "../format";
import { language, text, theme, word } from "../preferences";
import { scaleTop, summary, withGaps } from "../series";
import type { Level, LevelThresholds, MeasureHistory } from "../wire";

const HEIGHT_PX = 190;

function colour(name: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
}

function drawThresholds(chart: uPlot, thresholds: LevelThresholds[], measure: string): void {
  const { ctx, bbox } = chart;
  ctx.save();
  ctx.font = `${12 * devicePixelRatio}px system-ui, sans-serif`;
  ctx.textBaseline = "bottom";
  ctx.textAlign = "left";
  for (const { level, raise } of thresholds) {
    const y = chart.valToPos(raise, "y", true);
    if (y < bbox.top || y > bbox.top + bbox.height) continue;
    ctx.strokeStyle = colour(`${level}-line`);
    ctx.lineWidth = 2 * devicePixelRatio;
    ctx.setLineDash([6 * devicePixelRatio, 4 * devicePixelRatio]);
    ctx.beginPath();
    ctx.moveTo(bbox.left, y);
    ctx.lineTo(bbox.left + bbox.width, y);
    ctx.stroke();
    ctx.fillStyle = colour("text");
    ctx.fillText(
      `${word(level)} ${figure(raise, measure)}`,
      bbox.left + 4 * devicePixelRatio,
      y - 2 * devicePixelRatio,
    );
  }
  ctx.restore();
}

/** Times that are marked in the picture, each with a number above it. */
export interface Mark {
  level: Level;
  from: Date;
  to: Date;
}

/** Less than this is not seen. */
const LEAST_MARK_PX = 3;

function drawMarks(chart: uPlot, marks: Mark[]): void {
  const { ctx, bbox } = chart;
  ctx.save();
  ctx.beginPath();
  ctx.rect(bbox.left, 0, bbox.width, bbox.top + bbox.height);
  ctx.clip();
  ctx.font = `600 ${12 * devicePixelRatio}px system-ui, sans-serif`;
  ctx.textBaseline = "bottom";
  ctx.textAlign = "center";
  let free_px = bbox.left;
  for (const [at, { level, from, to }] of marks.entries()) {
    const left = chart.valToPos(from.getTime() / 1000, "x", true);
    const right = chart.valToPos(to.getTime() / 1000, "x", true);
    const width = Math.max(right - left, LEAST_MARK_PX * devicePixelRatio);
    ctx.fillStyle = colour(`${level}-line`);
    ctx.globalAlpha = 0.3;
    ctx.fillRect(left, bbox.top, width, bbox.height);
    ctx.globalAlpha = 1;
    ctx.fillRect(left, bbox.top, width, 4 * devicePixelRatio);
    // Where marks are close, some go without their number.
    const number = `${at + 1}`;
    const half = ctx.measureText(number).width / 2 + 2 * devicePixelRatio;
    const middle = Math.min(Math.max(left + width / 2, bbox.left + half), bbox.left + bbox.width - half);
    if (middle - half < free_px) continue;
    free_px = middle + half;
    ctx.fillStyle = colour("text");
    ctx.fillText(number, middle, bbox.top - 1 * devicePixelRatio);
  }
  ctx.restore();
}

/** A mark of the scale: as many decimals as it has, since marks are closer than values are exact. */
function tick(value: number, measure: string): string {
  return measure === "level_of_service" ? figure(value, measure) : String(Number(value.toPrecision(6)));
}

function options(props: ChartProps, width: number): uPlot.Options {
  const { history, thresholds, from, to, marks = [] } = props;
  const axis: uPlot.Axis = {
    stroke: colour("faint"),
    grid: { stroke: colour("grid"), width: 1 },
    ticks: { stroke: colour("grid"), width: 1 },
  };
  const locale = language.value === "zh" ? "zh-CN" : "en-GB";
  const isLong = to.getTime() - from.getTime() > 26 * 3_600_000;
  const time = new Intl.DateTimeFormat(
    locale,
    isLong
      ? { day: "numeric", month: "numeric", hour: "2-digit", minute: "2-digit" }
      : { hour: "2-digit", minute: "2-digit" },
  );
  const line = colour("curve");
  return {
    width,
    height: HEIGHT_PX,
    legend: { show: false },
    cursor: { show: false },
    scales: {
      x: { time: true, range: [from.getTime() / 1000, to.getTime() / 1000] },
      y: { range: [0, props.top ?? scaleTop([history], thresholds)] },
    },
    axes: [
      {
        ...axis,
        size: 30,
        space: isLong ? 110 : 70,
        values: (_, splits) => splits.map((at) => time.format(at * 1000)),
      },
      { ...axis, size: 52, values: (_, splits) => splits.map((value) => tick(value, history.measure)) },
    ],
    series: [
      {},
      { stroke: line, width: 2, points: { show: false }, spanGaps: false },
      { stroke: "transparent", points: { show: false }, spanGaps: false },
      { stroke: "transparent", points: { show: false }, spanGaps: false },
    ],
    bands: [{ series: [3, 2], fill: colour("curve-band") }],
    hooks: {
      drawClear: [(chart) => drawMarks(chart, marks)],
      draw: [(chart) => drawThresholds(chart, thresholds, history.measure)],
    },
  };
}

interface ChartProps {
  history: MeasureHistory;
  thresholds: LevelThresholds[];
  from: Date;
  to: Date;
  /** End of the scale; without it each chart finds its own. */
  top?: number;
  marks?: Mark[];
}

/** A measure over time with its rules' thresholds; where nothing is known there is no line. */
export function Chart(props: ChartProps) {
  const place = useRef<HTMLDivElement>(null);
  const { history, from, to, top, thresholds, marks } = props;
  const lines = thresholds.map((one) => `${one.level} ${one.raise}`).join();
  const marked = marks?.map((one) => `${one.level} ${one.from.getTime()} ${one.to.getTime()}`).join();
  // Thresholds and marks are equal where their text is; colours and words differ by theme and language.
  useEffect(() => {
    const room = place.current;
    if (!room) return undefined;
    const chart = new uPlot(options(props, room.clientWidth), withGaps(history), room);
    const watch = new ResizeObserver(() => chart.setSize({ width: room.clientWidth, height: HEIGHT_PX }));
    watch.observe(room);
    return () => {
      watch.disconnect();
      chart.destroy();
    };
  }, [history, from, to, top, lines, marked, theme.value, language.value]);
  const name = measureName(history.measure);
  const texts = text();
  const figures = summary(history);
  const unit = unitOf(history.measure);
  const shown = (value: number) => `${figure(value, history.measure)}${unit}`;
  return (
    <figure class="chart">
      <figcaption>
        <strong>{name}</strong>{" "}
        {figures ? (
          <span class="faint">
            {texts.mean} {shown(figures.mean)} · {texts.greatest} {shown(figures.max)} · {texts.coverage}{" "}
            {percent(history.coverage)}
          </span>
        ) : (
          <span class="warning">{texts.nothing_known}</span>
        )}
      </figcaption>
      <div
        ref={place}
        class="plot"
        role="img"
        aria-label={`${name} ${figures ? shown(figures.max) : texts.nothing_known}`}
      />
    </figure>
  );
}
