import { computed, effect, signal } from "@preact/signals";
import { checkConfig, configInForce } from "../api";
import { faultText } from "../loaded";
import type { CheckedConfig, ConfigChange, ConfigInForce, Edit, Json, JsonTable } from "../wire";
import { applied, faultsAt, isTable, valueAt, withEdit } from "./edits";

/** What is to be changed and is not in force yet; it stays while other screens are looked at. */

/** Dragging a corner asks once it rests. */
const REST_MS = 300;

export const inForce = signal<ConfigInForce | null>(null);
/** Why it could not be loaded, or not be checked. */
export const loadFault = signal("");

/** The whole text as somebody has written it; `null`: nobody has. */
const written = signal<string | null>(null);
const edits = signal<Edit[]>([]);
/** What the service said of a change, and of which. */
const answered = signal<{ of: ConfigChange; checked: CheckedConfig } | null>(null);
/** What the written text says; `null`: not known yet, or it is no TOML. */
const writtenValues = signal<JsonTable | null>(null);

/** What is proposed as the reason of this change. */
export const suggestedWhy = signal("");

export const isChanged = computed(() => written.value !== null || edits.value.length > 0);

/** How many keys are changed; `null`: the text is, as a whole. */
export const changeCount = computed(() => (written.value === null ? edits.value.length : null));

/** The change as the service takes it. */
export const change = computed<ConfigChange>(() => {
  if (written.value === null) return { edits: edits.value };
  return edits.value.length > 0 ? { text: written.value, edits: edits.value } : { text: written.value };
});

/** What the service said of the present change; `null`: nothing yet. */
export const checked = computed(() => (answered.value?.of === change.value ? answered.value.checked : null));

const baseValues = computed(() => (written.value === null ? (inForce.value?.values ?? null) : writtenValues.value));

/** What the configuration would say; `null`: it can't be read. */
export const values = computed(() => (baseValues.value ? applied(baseValues.value, edits.value) : null));

export const faults = computed(() => (isChanged.value ? (checked.value?.faults ?? []) : []));

/** The text as it would be; a moment old while the service makes it. */
export const draftText = computed(() => {
  if (written.value !== null && edits.value.length === 0) return written.value;
  const now = inForce.value?.text ?? "";
  return edits.value.length > 0 ? (answered.value?.checked.text ?? now) : now;
});

/** Whether `draftText` has all that is changed. */
export const isTextCurrent = computed(() => edits.value.length === 0 || checked.value !== null);

export function table(path: string[]): JsonTable {
  const found = valueAt(values.value ?? undefined, path);
  return isTable(found) ? found : {};
}

export const faultsOf = (path: string[]): string[] => faultsAt(faults.value, path);

export function set(path: string[], value: Json): void {
  if (baseValues.value) edits.value = withEdit(baseValues.value, edits.value, { path, value });
}

/** Another id for a table that is not in force yet. */
export function rename(path: string[], id: string): void {
  const said = table(path);
  set(path, null);
  set([...path.slice(0, -1), id], said);
}

/** Writes the whole text; what was changed key by key is part of it. */
export function write(text: string): void {
  edits.value = [];
  // Not known until the service has read the new text.
  writtenValues.value = null;
  written.value = text === inForce.value?.text ? null : text;
}

export function discard(): void {
  edits.value = [];
  written.value = null;
  suggestedWhy.value = "";
  loadFault.value = "";
}

/** Loads what is in force; what is changed and not saved is a change of that from now on. */
export async function load(stop?: AbortSignal): Promise<ConfigInForce | null> {
  try {
    const now = await configInForce(stop);
    if (now.hash !== inForce.value?.hash) answered.value = null;
    inForce.value = now;
    loadFault.value = "";
    return now;
  } catch (fault) {
    if (!stop?.aborted) loadFault.value = faultText(fault);
    return null;
  }
}

/** Being told the same again, as while a change is on its way into force, is no reason to check anew. */
const hashInForce = computed(() => inForce.value?.hash);

/** Has each change checked as soon as it rests. */
effect(() => {
  const asked = change.value;
  if (!isChanged.value || hashInForce.value === undefined) return undefined;
  const stop = new AbortController();
  const timer = setTimeout(async () => {
    try {
      const found = await checkConfig(asked, stop.signal);
      if (stop.signal.aborted) return;
      answered.value = { of: asked, checked: found };
      if (asked.text !== undefined && !asked.edits) writtenValues.value = found.values;
      loadFault.value = "";
    } catch (fault) {
      if (!stop.signal.aborted) loadFault.value = faultText(fault);
    }
  }, REST_MS);
  return () => {
    clearTimeout(timer);
    stop.abort();
  };
});

addEventListener("beforeunload", (event) => {
  if (isChanged.value) event.preventDefault();
});
