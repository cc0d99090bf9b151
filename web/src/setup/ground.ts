import { useEffect, useState } from "preact/hooks";
import { groundOf } from "../api";
import { faultText } from "../loaded";
import type { GroundAnswer } from "../wire";
import { change, inForce } from "./draft";

const REST_MS = 300;

export interface Ground {
  answer: GroundAnswer | null;
  error: string;
}

/** What the camera's picture would become, once the change rests; what was said before stays until then. */
export function useGround(camera: string): Ground {
  const [ground, setGround] = useState<Ground>({ answer: null, error: "" });
  const asked = change.value;
  const hash = inForce.value?.hash;
  useEffect(() => {
    const stop = new AbortController();
    const timer = setTimeout(async () => {
      try {
        const answer = await groundOf(camera, asked, stop.signal);
        if (!stop.signal.aborted) setGround({ answer, error: "" });
      } catch (fault) {
        if (!stop.signal.aborted) setGround({ answer: null, error: faultText(fault) });
      }
    }, REST_MS);
    return () => {
      clearTimeout(timer);
      stop.abort();
    };
  }, [camera, asked, hash]);
  return ground.answer && ground.answer.camera !== camera ? { answer: null, error: "" } : ground;
}
