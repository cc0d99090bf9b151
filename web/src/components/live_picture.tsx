import { useEffect, useState } from "preact/hooks";
import { connections, pageIsVisible } from "../live";
import { text } from "../preferences";

const SNAPSHOT_PAUSE_MS = 2000;

/** A camera's picture: moving, or renewed every two seconds. Nothing is asked for while nobody looks. */
export function LivePicture({ camera, name, moving }: { camera: string; name: string; moving: boolean }) {
  const [asked, setAsked] = useState(0);
  const again = () => setAsked((before) => before + 1);
  // A new connection wants a new picture.
  useEffect(again, [connections.value, pageIsVisible.value]);
  useEffect(() => {
    if (moving) return undefined;
    const timer = setInterval(again, SNAPSHOT_PAUSE_MS);
    return () => clearInterval(timer);
  }, [moving]);
  if (!pageIsVisible.value) return <img alt="" />;
  const path = moving ? "live.mjpeg" : "snapshot.jpg";
  // The number makes the browser ask anew.
  return <img src={`/cameras/${encodeURIComponent(camera)}/${path}?${asked}`} alt={text().live_picture_of(name)} />;
}
