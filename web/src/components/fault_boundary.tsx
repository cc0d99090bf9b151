import { Component, type ComponentChildren } from "preact";
import { text } from "../preferences";

/** A fault of this page stops the screen that has it, and says so: what stood there before must not stay as if it were true. */
export class FaultBoundary extends Component<{ children: ComponentChildren }, { fault: Error | null }> {
  override state: { fault: Error | null } = { fault: null };

  static override getDerivedStateFromError(fault: Error) {
    return { fault };
  }

  override componentDidCatch(fault: Error) {
    console.error(fault);
  }

  override render() {
    const { fault } = this.state;
    if (!fault) return this.props.children;
    return (
      <div class="lost-banner" role="alert">
        <strong>{text().screen_failed}</strong>
        <span>{fault.message}</span>
        <button type="button" onClick={() => location.reload()}>
          {text().try_again}
        </button>
      </div>
    );
  }
}
