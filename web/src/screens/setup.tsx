import { useEffect } from "preact/hooks";
import { session } from "../api";
import { may, mayEverywhere } from "../permissions";
import { text, word } from "../preferences";
import { routeTo } from "../route";
import { AuditPart } from "../setup/audit_part";
import { CalibrationPart } from "../setup/calibration_part";
import { CamerasPart } from "../setup/cameras_part";
import { inForce, load, loadFault, values } from "../setup/draft";
import { PlansPart } from "../setup/plans_part";
import { RulesPart } from "../setup/rules_part";
import { SaveBar } from "../setup/save_bar";
import { SitesPart, UnitsPart } from "../setup/sites_part";
import { TextPart } from "../setup/text_part";
import { UsersPart } from "../setup/users_part";
import { VersionsPart } from "../setup/versions_part";
import { ZonesPart } from "../setup/zones_part";

interface Part {
  /** Also the end of its address; `part_` and it is the text of its name. */
  id: string;
  Part: () => preact.ComponentChildren;
  /** It shows what the text says, so that there is nothing to show where that can't be read. */
  needsValues: boolean;
  /** It is for admins. */
  forAdmins?: boolean;
}

/** The parts of the set-up, in the order in which a site is set up. */
const PARTS: Part[] = [
  { id: "cameras", Part: CamerasPart, needsValues: true },
  { id: "zones", Part: ZonesPart, needsValues: true },
  { id: "calibration", Part: CalibrationPart, needsValues: true },
  { id: "rules", Part: RulesPart, needsValues: true },
  { id: "sites", Part: SitesPart, needsValues: true },
  { id: "units", Part: UnitsPart, needsValues: true },
  { id: "plans", Part: PlansPart, needsValues: true },
  { id: "users", Part: UsersPart, needsValues: false, forAdmins: true },
  { id: "audit", Part: AuditPart, needsValues: false, forAdmins: true },
  { id: "text", Part: TextPart, needsValues: false },
  { id: "versions", Part: VersionsPart, needsValues: false },
];

function Shown({ part }: { part: Part }) {
  if (inForce.value === null) return <p class="none">{loadFault.value ? "" : text().loading}</p>;
  if (part.needsValues && values.value === null) return <p class="fault">{text().setup_unreadable}</p>;
  return <part.Part />;
}

/** What is watched and how: changed as a draft, looked at, and put in force as a whole. */
export function SetupScreen({ part }: { part: string }) {
  const texts = text();
  const isAllowed = mayEverywhere("planner");
  useEffect(() => {
    if (isAllowed) void load();
  }, [isAllowed]);
  if (!isAllowed) return <p class="none">{session.value ? texts.setup_for_planners : texts.loading}</p>;
  const offered = PARTS.filter(({ forAdmins }) => !forAdmins || may("admin"));
  const shown = offered.find((one) => one.id === part) ?? offered[0];
  return (
    <div class="setup">
      <nav class="parts" aria-label={texts.setup_parts}>
        {offered.map(({ id }) => (
          <a key={id} href={routeTo("setup", id)} aria-current={id === shown?.id ? "page" : undefined}>
            {word(`part_${id}`)}
          </a>
        ))}
      </nav>
      {loadFault.value && (
        <p class="fault" role="alert">
          {texts.failed_to_load} {loadFault.value}
        </p>
      )}
      {inForce.value?.changeable === false && <p class="warning">{texts.setup_not_changeable}</p>}
      {shown && <Shown part={shown} />}
      <SaveBar />
    </div>
  );
}
