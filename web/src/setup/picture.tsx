import { type ComponentChildren, createContext } from "preact";
import { useContext, useRef, useState } from "preact/hooks";
import { text } from "../preferences";
import { Typed } from "./fields";
import { inPicture, type Point, type Size } from "./geometry";

/** The drawing's units: the picture is 100 high, and as wide as its shape makes it. */
const HEIGHT = 100;
/** Of the arrow keys: a pixel or two of a camera. */
const STEP = 0.001;
const LARGE_STEP = 0.02;
/** A number beside a handle would be out of the picture, and off a phone, from here on. */
const SIGN_LEFT_FROM = 0.85;
/** A hand that trembles drags nothing. */
const LEAST_DRAG_PX = 3;
const ZOOMS = [1, 2, 4];
const WITHOUT_PICTURE = 16 / 9;

const Aspect = createContext(1);

/** Places as the drawing's own. */
export function useUnits(): (point: Point) => Point {
  const aspect = useContext(Aspect);
  return ([x, y]) => [x * aspect * HEIGHT, y * HEIGHT];
}

export const useAspect = (): number => useContext(Aspect);

export const joined = (points: Point[]): string => points.map(([x, y]) => `${x.toFixed(3)},${y.toFixed(3)}`).join(" ");

/** A share as people read it. */
export const inPercent = (share: number): number => Math.round(share * 1000) / 10;

export const at = ([x, y]: Point) => ({ left: `${x * 100}%`, top: `${y * 100}%` });

/** Where in the picture a pointer is. */
function pointed(event: { clientX: number; clientY: number }, picture: Element): Point {
  const box = picture.getBoundingClientRect();
  return inPicture([(event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height]);
}

interface PictureProps {
  camera: string;
  name: string;
  /** Of the camera's picture, where it is known. */
  size: Size | null;
  /** The picture waits to be clicked. */
  isAsking: boolean;
  onPick: (point: Point) => void;
  /** Told of the picture's size once it is there. */
  onSize?: (size: Size) => void;
  /** SVG in the drawing's units. */
  drawing: ComponentChildren;
  /** Handles and words over it. */
  children: ComponentChildren;
}

/** A camera's newest picture, to be drawn on. */
export function Picture({ camera, name, size, isAsking, onPick, onSize, drawing, children }: PictureProps) {
  const [asked, setAsked] = useState(0);
  const [natural, setNatural] = useState<number | null>(null);
  const [isMissing, setMissing] = useState(false);
  const [zoom, setZoom] = useState(1);
  const aspect = natural ?? (size ? size[0] / size[1] : WITHOUT_PICTURE);
  const texts = text();
  const pick = (event: MouseEvent & { currentTarget: HTMLElement }) => {
    const on = event.target as Element;
    if (isAsking && !on.closest("button")) onPick(pointed(event, event.currentTarget));
  };
  return (
    <Aspect.Provider value={aspect}>
      <section
        class={`drawn-on-frame${zoom > 1 ? " zoomed" : ""}`}
        tabIndex={zoom > 1 ? 0 : undefined}
        aria-label={texts.picture_of(name)}
      >
        {/* biome-ignore lint/a11y/noStaticElementInteractions lint/a11y/useKeyWithClickEvents: buttons and number fields do the same by keyboard */}
        <div
          class={`drawn-on${isAsking ? " asking" : ""}`}
          style={{ aspectRatio: `${aspect}`, width: `${zoom * 100}%` }}
          onClick={pick}
        >
          <img
            key={`${camera} ${asked}`}
            src={`/cameras/${encodeURIComponent(camera)}/snapshot.jpg?plain=true&again=${asked}`}
            alt={texts.picture_of(name)}
            draggable={false}
            hidden={isMissing}
            onLoad={({ currentTarget: image }) => {
              setMissing(false);
              setNatural(image.naturalWidth / image.naturalHeight);
              onSize?.([image.naturalWidth, image.naturalHeight]);
            }}
            onError={() => setMissing(true)}
          />
          {isMissing && <p class="no-picture">{texts.no_picture}</p>}
          <svg viewBox={`0 0 ${aspect * HEIGHT} ${HEIGHT}`} aria-hidden="true">
            {drawing}
          </svg>
          {children}
        </div>
      </section>
      <div class="row">
        <div class="buttons">
          <button type="button" onClick={() => setZoom(ZOOMS[(ZOOMS.indexOf(zoom) + 1) % ZOOMS.length] ?? 1)}>
            {texts.zoom(zoom)}
          </button>
          <button type="button" onClick={() => setAsked((before) => before + 1)}>
            {texts.new_picture}
          </button>
        </div>
      </div>
    </Aspect.Provider>
  );
}

const ARROWS: Record<string, Point> = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
};

interface HandleProps {
  point: Point;
  label: string;
  /** Shown on it. */
  sign?: string;
  /** It is too far off to be used. */
  isOff?: boolean;
  onMove?: (to: Point) => void;
  onRemove?: (() => void) | undefined;
  onPress?: () => void;
}

/** A point that is dragged, or moved by the arrow keys. */
export function Handle({ point, label, sign, isOff = false, onMove, onRemove, onPress }: HandleProps) {
  /** Where it was taken hold of, and where it was then; a finger covers more than its middle. */
  const hold = useRef<{ x: number; y: number; from: Point } | null>(null);
  /** A press that has become a drag is no press. */
  const isDragged = useRef(false);
  const drag = (event: PointerEvent & { currentTarget: HTMLElement }) => {
    const box = event.currentTarget.parentElement?.getBoundingClientRect();
    if (!onMove || !box || !hold.current) return;
    const { x, y, from } = hold.current;
    const [right, down] = [event.clientX - x, event.clientY - y];
    if (!isDragged.current && Math.hypot(right, down) < LEAST_DRAG_PX) return;
    isDragged.current = true;
    onMove(inPicture([from[0] + right / box.width, from[1] + down / box.height]));
  };
  const press = (event: KeyboardEvent) => {
    const way = ARROWS[event.key];
    if (way && onMove) {
      event.preventDefault();
      const step = event.shiftKey ? LARGE_STEP : STEP;
      onMove(inPicture([point[0] + way[0] * step, point[1] + way[1] * step]));
    }
    if (event.key === "Delete") onRemove?.();
  };
  return (
    <button
      type="button"
      class={`handle${isOff ? " off" : ""}${point[0] > SIGN_LEFT_FROM ? " sign-left" : ""}`}
      style={at(point)}
      aria-label={label}
      onPointerDown={(event) => {
        isDragged.current = false;
        hold.current = { x: event.clientX, y: event.clientY, from: point };
        event.currentTarget.setPointerCapture(event.pointerId);
      }}
      onPointerMove={drag}
      onLostPointerCapture={() => {
        hold.current = null;
      }}
      onKeyDown={press}
      onClick={() => {
        if (!isDragged.current) onPress?.();
        isDragged.current = false;
      }}
    >
      <span>{sign}</span>
    </button>
  );
}

/** A place in the picture, as two numbers. */
export function ShareFields({ point, label, onMove }: { point: Point; label: string; onMove: (to: Point) => void }) {
  const texts = text();
  const field = (which: 0 | 1, name: string) => (
    <Typed
      isNumber
      value={`${inPercent(point[which])}`}
      attributes={{ "aria-label": `${label}, ${name}`, min: 0, max: 100 }}
      onType={(typed) => {
        const share = Number(typed) / 100;
        if (typed !== "") onMove(inPicture(which === 0 ? [share, point[1]] : [point[0], share]));
      }}
    />
  );
  return (
    <>
      <td>{field(0, texts.from_left)}</td>
      <td>{field(1, texts.from_top)}</td>
    </>
  );
}
