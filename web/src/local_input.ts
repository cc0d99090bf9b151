/** As `<input type="datetime-local">` wants it: in the viewer's own time zone, to the minute. */
export function localInput(at: Date): string {
  const two = (number: number): string => String(number).padStart(2, "0");
  const date = `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`;
  return `${date}T${two(at.getHours())}:${two(at.getMinutes())}`;
}
