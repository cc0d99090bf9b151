import { useEffect, useRef, useState } from "preact/hooks";
import { connections, pageIsVisible } from "../live";
import { awaitTurn } from "../moving_pictures";
import { text } from "../preferences";

const SNAPSHOT_PAUSE_MS = 2000;

/** Whether a picture moves: only few do at a time. */
function useTurn(): boolean {
  const [isMoving, setMoving] = useState(false);
  const isSeen = pageIsVisible.value;
  useEffect(() => {
    if (!isSeen) return undefined;
    const giveBack = awaitTurn(() => setMoving(true));
    return () => {
      setMoving(false);
      giveBack();
    };
  }, [isSeen]);
  return isSeen && isMoving;
}

/** A camera's picture: moving while it is its turn, else renewed every two seconds. Nothing is asked for while nobody looks. */
export function LivePicture({ camera, name }: { camera: string; name: string }) {
  const image = useRef<HTMLImageElement>(null);
  const [asked, setAsked] = useState(0);
  const isMoving = useTurn();
  const again = () => setAsked((before) => before + 1);
  // A new connection wants a new picture.
  useEffect(again, [connections.value, pageIsVisible.value]);
  useEffect(() => {
    if (isMoving) return undefined;
    const timer = setInterval(again, SNAPSHOT_PAUSE_MS);
    return () => clearInterval(timer);
  }, [isMoving]);
  useEffect(() => {
    const shown = image.current;
    // A picture that is taken off the page may hold its connection until the browser tidies up.
    return () => shown?.removeAttribute("src");
  }, []);
  if (!pageIsVisible.value) return <img ref={image} alt="" />;
  const path = isMoving ? "live.mjpeg" : "snapshot.jpg";
  // The number makes the browser ask anew.
  return (
    <img
      ref={image}
      src={`/cameras/${encodeURIComponent(camera)}/${path}?${asked}`}
      alt={text().live_picture_of(name)}
    />
  );
}
