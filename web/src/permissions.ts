import { session } from "./api";
import { ROLES, type Role } from "./wire";

/** What whoever is logged in may do. The service decides; here it is only what is offered. */

/** Whether they have this role or one above it; nobody has, as long as it is not known who they are. */
export function may(least: Role): boolean {
  const known = session.value;
  return known !== null && ROLES.indexOf(known.role) >= ROLES.indexOf(least);
}

/** The same for what is about all sites. */
export function mayEverywhere(least: Role): boolean {
  return may(least) && session.value?.scope === "all";
}
