"use strict";
// Logging in (/login), and making the first admin by the link of the first start (/setup#TOKEN).

const TEXTS = {
  en: {
    other_language: "中文", name: "Name", password: "Password", login: "Log in", setup: "Make the first admin",
    rule: "At least 10 characters.", no_answer: "The service did not answer.",
    no_link: "Use the link that the service has printed at its start: it holds for an hour, and once.",
    wrong_login: "Name or password is wrong.", too_many: "Too many failed logins. Wait some minutes, then try again.",
  },
  zh: {
    other_language: "English", name: "用户名", password: "密码", login: "登录", setup: "创建首个管理员",
    rule: "至少 10 个字符。", no_answer: "服务未应答。",
    no_link: "请使用服务启动时打印的链接:一小时内有效,仅可使用一次。",
    wrong_login: "用户名或密码错误。", too_many: "登录失败次数过多,请几分钟后再试。",
  },
};

const isSetup = location.pathname === "/setup";
const token = location.hash.slice(1);
const byId = (id) => document.getElementById(id);
const asked = new URLSearchParams(location.search).get("lang");
let language = asked ?? (navigator.language.startsWith("zh") ? "zh" : "en");
try { language = asked ?? localStorage.getItem("language") ?? language; } catch { /* storage is switched off */ }
const text = (key) => TEXTS[language === "zh" ? "zh" : "en"][key];

function render() {
  document.documentElement.lang = language === "zh" ? "zh-CN" : "en";
  byId("language").textContent = text("other_language");
  for (const marked of document.querySelectorAll("[data-text]")) marked.textContent = text(marked.dataset.text);
  byId("title").textContent = byId("go").textContent = text(isSetup ? "setup" : "login");
  byId("rule").textContent = isSetup ? text("rule") : "";
  if (isSetup && !token) byId("refused").textContent = text("no_link");
}

async function send(path, body) {
  const answer = await fetch(path, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });
  if (answer.ok) return null;
  const { code, message } = (await answer.json()).error;
  return TEXTS.en[code] ? text(code) : message;
}

async function go() {
  const [name, password] = [byId("name").value.trim(), byId("password").value];
  byId("refused").textContent = "";
  byId("go").disabled = true;
  try {
    const refused = (isSetup && await send("/api/v1/setup", { token, name, password })) || await send("/api/v1/session", { name, password });
    byId("refused").textContent = refused ?? "";
    // Back to the screen that led here; the first start's link has its token there.
    if (!refused) location.replace(isSetup ? "/" : `/${location.hash}`);
  } catch {
    byId("refused").textContent = text("no_answer");
  }
  byId("go").disabled = false;
}

byId("password").autocomplete = isSetup ? "new-password" : "current-password";
byId("form").addEventListener("submit", (event) => { event.preventDefault(); go(); });
byId("language").addEventListener("click", () => {
  language = language === "zh" ? "en" : "zh";
  try { localStorage.setItem("language", language); } catch { /* storage is switched off */ }
  render();
});
render();
byId("name").focus();
