import { logOut, session } from "../api";
import { age } from "../format";
import { overall, worst } from "../levels";
import { connectionIsLost, lastKnown, silent_s, state } from "../live";
import { faultText } from "../loaded";
import { mayEverywhere } from "../permissions";
import { chooseLanguage, chooseTheme, language, text, theme, who, word } from "../preferences";
import { route, routeTo, type Screen } from "../route";
import type { State } from "../wire";
import { LevelMark } from "./level";
import { askName, orderFault } from "./orders";

const SCREENS: Screen[] = ["live", "alerts", "analytics", "rules", "setup", "health"];

const isOffered = (screen: Screen): boolean => screen !== "setup" || mayEverywhere("planner");

function dataAge(newest: State): string {
  const texts = text();
  const all = [...newest.cameras, ...newest.sources];
  const ages = all.map((one) => one.age_s).filter((one) => one !== null);
  const blind = newest.cameras.filter((camera) => !camera.fresh).length;
  const silent = newest.sources.filter((source) => !source.fresh).length;
  const age_s = ages.length > 0 ? Math.min(...ages) + silent_s.value : null;
  const isLive = age_s !== null && age_s < 5 && blind + silent < all.length;
  const said = age_s === null ? texts.no_data : isLive ? texts.data_live : texts.newest_data(age(age_s));
  const parts = [
    said,
    blind > 0 && texts.blind_cameras(blind, newest.cameras.length),
    silent > 0 && texts.silent_sources(silent, newest.sources.length),
  ];
  return parts.filter(Boolean).join(" · ");
}

/** How far what is shown may be believed. */
function Connection() {
  const newest = state.value;
  if (connectionIsLost.value)
    return (
      <p id="connection" class="lost">
        {text().connection_lost}
      </p>
    );
  if (!newest) return <p id="connection">{text().connecting_to_service}</p>;
  const blind = [...newest.cameras, ...newest.sources].some((one) => !one.fresh);
  const phase = newest.phase === "running" ? "" : ` · ${word(newest.phase)}`;
  return <p id="connection" class={blind ? "partly" : ""}>{`${dataAge(newest)}${phase}`}</p>;
}

function Overall() {
  const newest = state.value;
  const lost = connectionIsLost.value;
  const level = newest ? overall(newest.rules, newest.alerts) : null;
  return (
    <p id="overall" role="status">
      <span class="for-listeners">{text().worst_level}: </span>
      {lost ? <LevelMark level="unknown" large /> : level && <LevelMark level={level} large />}
    </p>
  );
}

/** Fills the width while the connection is lost, so that nobody takes what is below it for now. */
export function LostBanner() {
  if (!connectionIsLost.value) return null;
  const last = lastKnown.value;
  const level = last && worst(last.alerts.map((alert) => alert.level));
  return (
    <div class="lost-banner" role="alert">
      <strong>{text().connection_lost}</strong>
      <span aria-live="off">{text().lost_for(age(silent_s.value))}</span>
      {level && <span>{text().last_known(word(level))}</span>}
    </div>
  );
}

/** Nobody is told of anything while the store can't be written: whoever sees this page has to tell them. */
export function StoreBanner() {
  if (!state.value?.store || state.value.store.ok || connectionIsLost.value) return null;
  return (
    <div class="lost-banner" id="store-down" role="alert">
      <strong>{text().store_cannot_write}</strong>
      <span>{text().tell_another_way}</span>
    </div>
  );
}

/** Who is logged in, or, where there are no accounts, who gives orders here. */
function Viewer() {
  const texts = text();
  const known = session.value;
  if (!known) return null;
  if (!known.name)
    return (
      <button type="button" id="who" onClick={() => void askName()}>
        {who.value || texts.who_are_you}
      </button>
    );
  const leave = () =>
    logOut().catch((fault: unknown) => {
      orderFault.value = faultText(fault);
    });
  return (
    <>
      <a
        id="user"
        title={texts.account}
        href={routeTo("account")}
        aria-current={route.value.screen === "account" ? "page" : undefined}
      >
        {known.name} <span class="faint">{word(`role_${known.role}`)}</span>
      </a>
      <button type="button" id="log-out" title={known.name} onClick={() => void leave()}>
        {texts.log_out}
      </button>
    </>
  );
}

export function TopBar() {
  const texts = text();
  const otherTheme = theme.value === "dark" ? "light" : "dark";
  const shown = route.value.screen;
  const current = shown === "place" ? "live" : shown === "alert" ? "alerts" : shown;
  return (
    <header class="top">
      <button type="button" class="skip" onClick={() => document.getElementById("content")?.focus()}>
        {texts.skip_to_content}
      </button>
      <h1>crowdflow</h1>
      <Overall />
      <Connection />
      <nav aria-label={texts.main_navigation}>
        {SCREENS.filter(isOffered).map((screen) => (
          <a key={screen} href={routeTo(screen)} aria-current={current === screen ? "page" : undefined}>
            {word(screen)}
          </a>
        ))}
      </nav>
      <div class="choices">
        <Viewer />
        <button
          type="button"
          id="theme"
          onClick={() => chooseTheme(otherTheme)}
          aria-label={texts.switch_theme(word(otherTheme))}
        >
          {word(otherTheme)}
        </button>
        <button
          type="button"
          id="language"
          lang={language.value === "zh" ? "en" : "zh-CN"}
          onClick={() => chooseLanguage(language.value === "zh" ? "en" : "zh")}
        >
          {texts.other_language}
        </button>
      </div>
    </header>
  );
}
