import { useEffect } from "preact/hooks";
import { text } from "../preferences";
import { routeTo } from "../route";
import { AuditPart } from "../setup/audit_part";
import { load } from "../setup/draft";
import { UsersPart } from "../setup/users_part";
import { ZonesPart } from "../setup/zones_part";
import type { State } from "../wire";

/** The parts of the set-up, in the order in which a site is set up; each has an address of its own. */
const PARTS = ["zones", "users", "audit"] as const;
type Part = (typeof PARTS)[number];

function PartOf({ part, state }: { part: Part; state: State }) {
  switch (part) {
    case "zones":
      return <ZonesPart />;
    case "users":
      return <UsersPart state={state} />;
    case "audit":
      return <AuditPart />;
  }
}

/** What is watched and how: changed as a draft, looked at, and put in force as a whole. */
export function SetupScreen({ part, state }: { state: State; part: string }) {
  const texts = text();
  const shown = PARTS.find((one) => one === part) ?? "zones";
  useEffect(() => {
    void load();
  }, []);
  return (
    <div class="setup">
      <nav class="parts" aria-label={texts.setup_parts}>
        {PARTS.map((one) => (
          <a key={one} href={routeTo("setup", one)} aria-current={one === shown ? "page" : undefined}>
            {texts[`part_${one}`]}
          </a>
        ))}
      </nav>
      <PartOf part={shown} state={state} />
    </div>
  );
}
