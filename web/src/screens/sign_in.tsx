import { text } from "../preferences";

/** Shown instead of everything else once the service has refused to answer without a session. */
export function SignInScreen() {
  const texts = text();
  return (
    <main id="content" class="sign-in">
      <h1>crowdflow</h1>
      <h2>{texts.sign_in_needed}</h2>
      <p>{texts.sign_in_hint}</p>
      <button type="button" class="primary" onClick={() => location.reload()}>
        {texts.try_again}
      </button>
    </main>
  );
}
