import { useEffect, useRef, useState } from "preact/hooks";
import { tryCamera } from "../api";
import { faultText } from "../loaded";
import { text } from "../preferences";
import type { ConfigChange, TriedCamera } from "../wire";
import { change } from "./draft";

/** A JPEG that came within an answer; a canvas, as the page loads pictures from its own addresses only. */
function Preview({ base64, label }: { base64: string; label: string }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  useEffect(() => {
    const bytes = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
    let isGone = false;
    void createImageBitmap(new Blob([bytes], { type: "image/jpeg" })).then((picture) => {
      const on = canvas.current;
      if (isGone || !on) return;
      on.width = picture.width;
      on.height = picture.height;
      on.getContext("2d")?.drawImage(picture, 0, 0);
    });
    return () => {
      isGone = true;
    };
  }, [base64]);
  return <canvas ref={canvas} class="preview" role="img" aria-label={label} />;
}

function Answer({ answer, name }: { answer: TriedCamera; name: string }) {
  const texts = text();
  if (!answer.ok)
    return (
      <p class="fault" role="alert">
        ✕ {texts.no_camera_picture} {answer.fault}
      </p>
    );
  const [width, height] = answer.frame_size ?? [0, 0];
  const rates = [
    answer.measured_fps !== null && texts.measured_rate(answer.measured_fps.toFixed(1)),
    answer.given_fps !== null && texts.given_rate(`${answer.given_fps}`),
  ];
  return (
    <div class="plain">
      <p class="good" role="status">
        ✓ {texts.gives_pictures}: {[`${width} × ${height} px`, ...rates].filter(Boolean).join(" · ")}
      </p>
      {answer.picture && <Preview base64={answer.picture} label={texts.picture_of(name)} />}
      {answer.coarse && <p class="faint">{texts.coarse_hint}</p>}
    </div>
  );
}

/** Opens the camera as the draft has it, before it is saved. */
export function CameraTrial({ camera, name }: { camera: string; name: string }) {
  const texts = text();
  const [isTrying, setTrying] = useState(false);
  const [tried, setTried] = useState<{ of: ConfigChange; answer: TriedCamera | null; fault: string } | null>(null);
  const current = tried?.of === change.value ? tried : null;
  const go = async () => {
    const of = change.value;
    setTrying(true);
    setTried(null);
    try {
      setTried({ of, answer: await tryCamera(camera, of), fault: "" });
    } catch (error) {
      setTried({ of, answer: null, fault: faultText(error) });
    }
    setTrying(false);
  };
  return (
    <div class="plain" data-trial={camera}>
      <div class="buttons">
        <button type="button" disabled={isTrying} onClick={() => void go()}>
          {texts.try_camera}
        </button>
        {isTrying && <span role="status">{texts.trying_camera}</span>}
      </div>
      {current?.answer && <Answer answer={current.answer} name={name} />}
      {current?.fault && (
        <ul class="faults" role="alert">
          {current.fault.split("\n").map((line) => (
            <li key={line} class="fault">
              {line}
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}
