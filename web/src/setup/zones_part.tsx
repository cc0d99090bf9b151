import { useState } from "preact/hooks";
import { text, word } from "../preferences";
import { CameraChoice, useCurrentCamera } from "./camera_choice";
import { table } from "./draft";
import { Faults } from "./fields";
import { type Point, sizeOf } from "./geometry";
import { type Ground, useGround } from "./ground";
import { Handle, inPercent, joined, Picture, useUnits } from "./picture";
import { ShapeName, ShapeOutline } from "./shape_drawing";
import { InMetres, ShapeForm } from "./shape_form";
import { addShape, isDrawable, LEAST_CORNERS, type Shape, type ShapeKind, setPoints, shapesOf } from "./shapes";

/** A zone or line that is being drawn. */
interface Drawing {
  kind: ShapeKind;
  points: Point[];
}

const keyOf = (shape: { kind: ShapeKind; id: string }): string => `${shape.kind}/${shape.id}`;

function Unfinished({ points }: { points: Point[] }) {
  const units = useUnits();
  return <polyline class="unfinished" points={joined(points.map(units))} />;
}

function DrawingTools({
  drawing,
  onAdd,
  onClose,
  onCancel,
}: {
  drawing: Drawing;
  onAdd: (point: Point) => void;
  onClose: () => void;
  onCancel: () => void;
}) {
  const texts = text();
  return (
    <div class="plain" role="status">
      <p>{drawing.kind === "zones" ? texts.draw_zone_hint : texts.draw_line_hint}</p>
      <div class="buttons">
        <button type="button" onClick={() => onAdd([0.5, 0.5])}>
          {texts.corner_in_middle}
        </button>
        {drawing.kind === "zones" && (
          <button type="button" class="primary" disabled={drawing.points.length < LEAST_CORNERS} onClick={onClose}>
            {texts.close_zone}
          </button>
        )}
        <button type="button" onClick={onCancel}>
          {texts.cancel}
        </button>
      </div>
    </div>
  );
}

function Handles({ shape }: { shape: Shape }) {
  if (!isDrawable(shape)) return null;
  return (
    <>
      {shape.points.map((point, index) => (
        <Handle
          key={index}
          point={point}
          label={text().corner_of(index + 1, shape.name, inPercent(point[0]), inPercent(point[1]))}
          sign={shape.kind === "lines" ? ("ab"[index] ?? "") : `${index + 1}`}
          onMove={(to) => setPoints(shape, shape.points.with(index, to))}
          onRemove={
            shape.kind === "zones" && shape.points.length > LEAST_CORNERS
              ? () =>
                  setPoints(
                    shape,
                    shape.points.filter((_, other) => other !== index),
                  )
              : undefined
          }
        />
      ))}
    </>
  );
}

function ShapeItem({
  shape,
  taken,
  ground,
  isChosen,
  onChoose,
}: {
  shape: Shape;
  taken: string[];
  ground: Ground;
  isChosen: boolean;
  onChoose: (key: string) => void;
}) {
  return (
    <li class={`shape${isChosen ? " chosen" : ""}`} data-shape={keyOf(shape)}>
      <div class="row">
        <button type="button" aria-pressed={isChosen} onClick={() => onChoose(isChosen ? "" : keyOf(shape))}>
          {word(shape.kind === "zones" ? "zone" : "line")}: {shape.name}
        </button>
      </div>
      <InMetres shape={shape} ground={ground.answer} />
      {!isChosen && <Faults path={shape.path} />}
      {isChosen && (
        <ShapeForm
          shape={shape}
          taken={taken}
          onRename={(id) => onChoose(keyOf({ kind: shape.kind, id }))}
          onDelete={() => onChoose("")}
        />
      )}
    </li>
  );
}

function ZonesOf({ camera }: { camera: { id: string; name: string } }) {
  const [chosen, setChosen] = useState("");
  const [drawing, setDrawing] = useState<Drawing | null>(null);
  const ground = useGround(camera.id);
  const texts = text();
  const path = ["cameras", camera.id];
  const ofCamera = table(path);
  const shapes = shapesOf(camera.id);
  const current = shapes.find((shape) => keyOf(shape) === chosen);
  const finish = ({ kind, points }: Drawing) => {
    setChosen(keyOf({ kind, id: addShape(camera.id, kind, points) }));
    setDrawing(null);
  };
  const add = (point: Point) => {
    if (!drawing) return;
    const grown = { ...drawing, points: [...drawing.points, point] };
    if (drawing.kind === "lines" && grown.points.length === 2) finish(grown);
    else setDrawing(grown);
  };
  const close = () => {
    if (drawing && drawing.points.length >= LEAST_CORNERS) finish(drawing);
  };
  const begin = (kind: ShapeKind) => {
    setChosen("");
    setDrawing({ kind, points: [] });
  };
  return (
    <div class="two">
      <section class="card" aria-label={texts.picture_of(camera.name)}>
        <div class="fields">
          <CameraChoice current={camera.id} />
          <button type="button" onClick={() => begin("zones")} disabled={drawing !== null}>
            {texts.new_zone}
          </button>
          <button type="button" onClick={() => begin("lines")} disabled={drawing !== null}>
            {texts.new_line}
          </button>
        </div>
        {drawing && <DrawingTools drawing={drawing} onAdd={add} onClose={close} onCancel={() => setDrawing(null)} />}
        <Picture
          key={camera.id}
          camera={camera.id}
          name={camera.name}
          size={sizeOf(ofCamera)}
          isAsking={drawing !== null}
          onPick={add}
          drawing={
            <>
              {shapes.map((shape) => (
                <ShapeOutline
                  key={keyOf(shape)}
                  shape={shape}
                  isChosen={shape === current}
                  onChoose={() => drawing === null && setChosen(keyOf(shape))}
                />
              ))}
              {drawing && <Unfinished points={drawing.points} />}
            </>
          }
        >
          {shapes.map((shape) => (
            <ShapeName key={keyOf(shape)} shape={shape} isChosen={shape === current} />
          ))}
          {current && !drawing && <Handles shape={current} />}
          {drawing?.points.map((point, index) => (
            <Handle
              key={index}
              point={point}
              label={texts.corner_of(index + 1, "", inPercent(point[0]), inPercent(point[1]))}
              sign={`${index + 1}`}
              onMove={(to) => setDrawing({ ...drawing, points: drawing.points.with(index, to) })}
              {...(index === 0 && { onPress: close })}
            />
          ))}
        </Picture>
      </section>
      <section class="card" aria-labelledby="shapes-title">
        <h2 id="shapes-title">{texts.zones_of(camera.name)}</h2>
        {shapes.length === 0 && <p class="faint">{texts.no_shapes}</p>}
        <ul class="shapes">
          {shapes.map((shape) => (
            <ShapeItem
              key={keyOf(shape)}
              shape={shape}
              taken={shapes.filter(({ kind }) => kind === shape.kind).map(({ id }) => id)}
              ground={ground}
              isChosen={shape === current}
              onChoose={setChosen}
            />
          ))}
        </ul>
        {ground.error && <p class="fault">{ground.error}</p>}
        <p class="faint">{texts.shapes_in_text}</p>
      </section>
    </div>
  );
}

/** Zones and lines, drawn on a camera's picture. */
export function ZonesPart() {
  const camera = useCurrentCamera();
  if (!camera) return <p class="none">{text().no_cameras}</p>;
  return <ZonesOf key={camera.id} camera={camera} />;
}
