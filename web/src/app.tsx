import { FaultBoundary } from "./components/fault_boundary";
import { NameDialogue } from "./components/orders";
import { LostBanner, StoreBanner, TopBar } from "./components/top_bar";
import { connectionIsLost, state } from "./live";
import { text } from "./preferences";
import { type Route, route } from "./route";
import { AccountScreen } from "./screens/account";
import { AlertScreen } from "./screens/alert";
import { AlertsScreen } from "./screens/alerts";
import { AnalyticsScreen } from "./screens/analytics";
import { HealthScreen } from "./screens/health";
import { LiveScreen } from "./screens/live";
import { PlaceScreen } from "./screens/place";
import { RulesScreen } from "./screens/rules";
import { SetupScreen } from "./screens/setup";
import type { State } from "./wire";

function ScreenOf({ shown, state }: { shown: Route; state: State }) {
  switch (shown.screen) {
    case "live":
      return <LiveScreen state={state} />;
    case "alerts":
      return <AlertsScreen state={state} />;
    case "alert":
      return <AlertScreen key={shown.of} state={state} alert={shown.of} />;
    case "place":
      return <PlaceScreen key={shown.of} state={state} place={shown.of} />;
    case "analytics":
      return <AnalyticsScreen state={state} />;
    case "rules":
      return <RulesScreen state={state} />;
    case "setup":
      return <SetupScreen part={shown.of} />;
    case "health":
      return <HealthScreen state={state} />;
    case "account":
      return <AccountScreen state={state} />;
  }
}

export function App() {
  const newest = state.value;
  return (
    <>
      <TopBar />
      <LostBanner />
      <StoreBanner />
      <main id="content" tabIndex={-1} class={connectionIsLost.value ? "lost" : ""}>
        <FaultBoundary key={`${route.value.screen} ${route.value.of}`}>
          {newest ? <ScreenOf shown={route.value} state={newest} /> : <p class="none">{text().loading}</p>}
        </FaultBoundary>
      </main>
      <NameDialogue />
    </>
  );
}
