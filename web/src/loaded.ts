import { useEffect, useState } from "preact/hooks";
import { NoAnswer } from "./patience";
import { text } from "./preferences";

export interface Loaded<T> {
  value: T | null;
  /** Why there is none, or why it is not the newest. */
  error: string | null;
}

export function faultText(fault: unknown): string {
  if (fault instanceof NoAnswer) return fault.mayBeDone ? text().may_be_done : text().no_answer;
  return fault instanceof Error ? fault.message : String(fault);
}

/** Loads something, and again whenever `key` changes or `every_ms` have passed; what was loaded stays meanwhile. */
export function useLoaded<T>(key: string, load: (stop: AbortSignal) => Promise<T>, every_ms?: number): Loaded<T> {
  const [loaded, setLoaded] = useState<Loaded<T> & { key: string }>({ key, value: null, error: null });
  // `load` is a new function each time; `key` says when it differs.
  useEffect(() => {
    const stop = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const go = async () => {
      try {
        const value = await load(stop.signal);
        if (!stop.signal.aborted) setLoaded({ key, value, error: null });
      } catch (fault) {
        if (!stop.signal.aborted)
          setLoaded((before) => ({ key, value: before.key === key ? before.value : null, error: faultText(fault) }));
      }
      if (every_ms && !stop.signal.aborted) timer = setTimeout(go, every_ms);
    };
    void go();
    return () => {
      stop.abort();
      clearTimeout(timer);
    };
  }, [key, every_ms]);
  return loaded;
}

export interface Doing {
  /** Why it was not done; empty: it was, or nothing has been tried. */
  fault: string;
  isUnderWay: boolean;
  /** `true`: it is done. */
  run: (what: () => Promise<void>) => Promise<boolean>;
}

/** Does one thing at a time, and keeps why it could not be done. */
export function useDoing(): Doing {
  const [fault, setFault] = useState("");
  const [isUnderWay, setUnderWay] = useState(false);
  const run = async (what: () => Promise<void>): Promise<boolean> => {
    setUnderWay(true);
    setFault("");
    try {
      await what();
      return true;
    } catch (failed) {
      setFault(faultText(failed));
      return false;
    } finally {
      setUnderWay(false);
    }
  };
  return { fault, isUnderWay, run };
}
