"use strict";
// The live page: shows /api/v1/events, in Chinese or English. Texts go in as text, never as HTML.

const TEXTS = {
  en: {
    other_language: "中文", log_out: "Log out", alerts: "Rules", open_alerts: "Open alerts", none_open: "No open alerts", who: "Your name", drill: "DRILL", plan: "Plan",
    acknowledge: "Acknowledge", escalate: "Tell those above", shelve: "Quiet for 15 min", unshelve: "End the quiet", started: "Start", done: "Done", skipped: "Skip",
    why_quiet: "Why? Others will read it.", who_first: "Say who you are first.", no_answer: "The service did not answer; nothing is certain.", sources: "Other systems", silent: (silent, all) => `${silent} of ${all} other systems tell nothing`, last_told: (age) => `last counts ${age} ago`, never_told: "no counts yet", told: "tells its counts", waiting: "nothing told yet", silent_source: "tells nothing",
    acknowledged_by: (who, time) => `seen by ${who}, ${time}`, quiet_until: (who, time, reason) => `quiet until ${time}: ${reason} (${who})`, escalated_at: (time) => `those above were told at ${time}`,
    nobody: "Nobody has acknowledged it.", due: (time) => `due ${time}`, late: "late", by: (who, time) => `${who}, ${time}`, not_stored: "Done, but not on the disk yet.", store_down: "The store cannot be written: alerts are not sent to anybody and wait in memory. Tell people another way.", cameras: "Cameras", history: "What happened", as_json: "as JSON", metrics: "metrics",
    calm: "calm", unknown: "unknown", blue: "Blue Ⅳ", yellow: "Yellow Ⅲ", orange: "Orange Ⅱ", red: "Red Ⅰ",
    no_rules: "No alert rules are configured.", no_alerts: "No alerts",
    zone: "Zone", line: "Line", occupancy: "Inside", density: "Density", level: "Level", inwards: "In", outwards: "Out",
    in_picture: "in the picture", measures: "more figures",
    person: "people", bicycle: "bicycles", motorcycle: "motorcycles", car: "cars", bus: "buses", truck: "trucks",
    connecting: "connecting", delivering: "live", down: "no connection", ended: "ended", failed: "given up",
    "unknown:not_started": "nothing analysed yet", "unknown:no_frames": "no fresh picture", "unknown:not_reported": "not told of lately", "unknown:mobile_camera": "moving camera",
    "unknown:not_enough": "not enough seen yet", "unknown:nothing_to_measure": "too few people to measure",
    not_fresh: "No fresh picture", last_seen: (age) => `last picture ${age} ago`, never_seen: "no picture yet",
    held: "Held from before: the camera gives no fresh value", no_value: "No fresh value: nothing is known",
    since: (time) => `since ${time}`, thresholds: "Raised from", source: "Source",
    next_try: (time) => `next attempt ${time}`,
    now: "data is live", aged: (age) => `newest data ${age} old`, blind: (blind, all) => `${blind} of ${all} cameras without fresh data`, no_data: "no data yet",
    lost: (age) => `Connection to the service lost ${age} ago. What is shown is old.`, connecting_to: "connecting…",
    starting: "starting", stopping: "stopping",
    raised: "raised to", lowered: "lowered to", cleared: "cleared", stale: "camera blind at", fresh: "fresh values again at",
    at_least: "at least: the crowd is denser than the camera can resolve",
    age: (s) => s < 90 ? `${Math.round(s)} s` : s < 5400 ? `${Math.round(s / 60)} min` : `${Math.round(s / 3600)} h`,
  },
  zh: {
    other_language: "English", log_out: "退出登录", alerts: "预警规则", open_alerts: "当前预警", none_open: "当前无预警", who: "您的姓名", drill: "演练", plan: "预案",
    acknowledge: "确认", escalate: "上报", shelve: "静默15分钟", unshelve: "结束静默", started: "开始", done: "完成", skipped: "跳过",
    why_quiet: "原因?其他人会看到。", who_first: "请先填写姓名。", no_answer: "服务未应答,结果不明。", sources: "外部系统", silent: (silent, all) => `${all} 个外部系统中 ${silent} 个无数据`, last_told: (age) => `最新数据:${age}前`, never_told: "尚无数据", told: "数据正常", waiting: "尚未收到数据", silent_source: "无数据",
    acknowledged_by: (who, time) => `${who} 已确认,${time}`, quiet_until: (who, time, reason) => `静默至 ${time}:${reason}(${who})`, escalated_at: (time) => `已于 ${time} 上报`,
    nobody: "尚无人确认。", due: (time) => `限 ${time} 前`, late: "超时", by: (who, time) => `${who},${time}`, not_stored: "已执行,尚未写入磁盘。", store_down: "存储无法写入:预警未发送,仅保存在内存中。请用其他方式通知。", cameras: "摄像机", history: "预警记录", as_json: "JSON 数据", metrics: "指标",
    calm: "正常", unknown: "未知", blue: "蓝色 Ⅳ级", yellow: "黄色 Ⅲ级", orange: "橙色 Ⅱ级", red: "红色 Ⅰ级",
    no_rules: "未配置预警规则。", no_alerts: "无预警",
    zone: "区域", line: "计数线", occupancy: "区域内", density: "密度", level: "级别", inwards: "进", outwards: "出",
    in_picture: "画面内", measures: "更多指标",
    person: "人", bicycle: "自行车", motorcycle: "摩托车", car: "轿车", bus: "公交车", truck: "卡车",
    connecting: "连接中", delivering: "实时", down: "连接中断", ended: "已结束", failed: "已停用",
    "unknown:not_started": "尚未分析", "unknown:no_frames": "无最新画面", "unknown:not_reported": "外部系统无最新数据", "unknown:mobile_camera": "移动摄像机",
    "unknown:not_enough": "观测尚不足", "unknown:nothing_to_measure": "人太少,无需测量",
    not_fresh: "无最新画面", last_seen: (age) => `最后画面:${age}前`, never_seen: "尚无画面",
    held: "沿用此前级别:摄像机无最新数据", no_value: "无最新数据,状况未知",
    since: (time) => `自 ${time} 起`, thresholds: "触发值", source: "依据",
    next_try: (time) => `下次重连 ${time}`,
    now: "数据实时", aged: (age) => `最新数据为 ${age}前`, blind: (blind, all) => `${all} 台摄像机中 ${blind} 台无最新数据`, no_data: "尚无数据",
    lost: (age) => `与服务的连接已中断 ${age},以下内容已过时。`, connecting_to: "连接中…",
    starting: "启动中", stopping: "停止中",
    raised: "升至", lowered: "降至", cleared: "解除", stale: "摄像机失明,保持", fresh: "数据恢复,级别",
    at_least: "至少:人群密度超出摄像机分辨能力",
    age: (s) => s < 90 ? `${Math.round(s)} 秒` : s < 5400 ? `${Math.round(s / 60)} 分钟` : `${Math.round(s / 3600)} 小时`,
  },
};
// A measure's name in English and Chinese, its unit, and how many decimals it is shown with.
const MEASURES = {
  occupancy: ["Inside", "区域内", "", 0],
  density: ["Density", "密度", "/m²", 2],
  voronoi_density: ["Density (Voronoi)", "密度(Voronoi)", "/m²", 2],
  local_density: ["Greatest local density", "局部最大密度", "/m²", 2],
  level_of_service: ["Level of service", "服务水平", "", 0],
  speed: ["Speed", "速度", " m/s", 2],
  speed_deficit: ["Speed against expected", "速度比(实测/预期)", "", 2],
  standing_share: ["Standing", "站立比例", "", 2],
  stop_and_go: ["Stop-and-go", "走停指数", "", 2],
  oscillation: ["Oscillation", "振荡", "", 2],
  pressure: ["Crowd pressure", "人群压力", " /s²", 3],
  turbulence: ["Turbulence", "人群湍流", "", 0],
  counter_flow: ["Counter-flow", "对冲比", "", 2],
  polar_order: ["Polar order", "方向一致度", "", 2],
  direction_entropy: ["Direction entropy", "方向熵", "", 2],
  wrong_way_share: ["Wrong way", "逆行比例", "", 2],
  mean_dwell: ["Mean stay", "平均停留", " s", 0],
  median_dwell: ["Median stay", "停留中位数", " s", 0],
  p90_dwell: ["90 % stay up to", "90% 停留不超过", " s", 0],
  longest_dwell: ["Longest stay", "最长停留", " s", 0],
  loitering: ["Loitering", "徘徊", "", 0],
  standing_groups: ["Standing groups", "驻足人群数", "", 0],
  largest_standing_group: ["Largest standing group", "最大驻足人群", "", 0],
  gathering: ["Gathering", "聚集", "", 0],
  dispersal: ["Dispersal", "四散", "", 0],
  surge: ["Rise", "人数增速", "/min", 1],
  fill_rate: ["Net fill rate", "净流入率", " /m²·min", 2],
  balance_drift: ["Flow balance drift", "流量平衡漂移", "", 0],
  count_disagreement: ["Second opinion differs by", "第二计数偏差", "", 2],
  time_to_blue: ["Time to blue", "距蓝色", " s", 0],
  time_to_yellow: ["Time to yellow", "距黄色", " s", 0],
  time_to_orange: ["Time to orange", "距橙色", " s", 0],
  time_to_red: ["Time to red", "距红色", " s", 0],
  flow_in: ["Flow in", "流入", "/min", 1],
  flow_out: ["Flow out", "流出", "/min", 1],
  specific_flow_in: ["Specific flow in", "单宽流入", " /m·s", 2],
  specific_flow_out: ["Specific flow out", "单宽流出", " /m·s", 2],
  capacity_ratio: ["Share of capacity", "通行能力占比", "", 2],
  people: ["People", "人数", "", 0],
  blind: ["Without a picture", "无画面时长", " s", 0],
  share_of_capacity: ["Share of published capacity", "承载量占比", "", 2],
  undelivered: ["Messages given up", "未送达的消息", "", 0],
  admissible_flow: ["May still enter", "可进入人数", "/min", 0],
};
const LEVELS = ["calm", "unknown", "blue", "yellow", "orange", "red"];
// Browsers open six connections to one host: these stay open, the rest is for events, snapshots and other pages.
const LIVE_PICTURES = 3;
const SNAPSHOT_PAUSE_MS = 2000;
// The service sends at least every 5 s; after this long without an event the connection is as good as lost.
const SILENT_S = 12;

const asked = new URLSearchParams(location.search).get("lang");
let stored = null;
try { stored = localStorage.getItem("language"); } catch { /* storage is switched off */ }
let language = [asked, stored, navigator.language.startsWith("zh") ? "zh" : "en"].find((name) => name in TEXTS);
let state = null;
let receivedAt = null;
const began = performance.now();
const cards = new Map();
// The lists of measures that somebody has opened; each event writes the lists anew.
const opened = new Set();

const text = (key) => TEXTS[language][key] ?? key;
const byId = (id) => document.getElementById(id);

/** An element with a class and children; texts become text nodes. */
function element(tag, className, ...children) {
  const made = document.createElement(tag);
  if (className) made.className = className;
  made.append(...children.filter((child) => child !== null && child !== undefined));
  return made;
}

const timeOf = (rfc3339) => new Date(rfc3339).toLocaleTimeString(language === "zh" ? "zh-CN" : "en-GB");
const measureName = (measure) => MEASURES[measure]?.[language === "zh" ? 1 : 0] ?? measure.replaceAll("_", " ");
const unitOf = (measure) => MEASURES[measure]?.[2] ?? "";

/** A value as people read it: a level of service is a letter. */
function figure(value, measure) {
  if (measure === "level_of_service") return "ABCDEF"[value - 1] ?? String(value);
  return value.toFixed(MEASURES[measure]?.[3] ?? (Number.isInteger(value) ? 0 : 2));
}

/** `12`, `≥ 40`, or `?` with the reason. */
function reading(body, measure, unit = unitOf(measure)) {
  if (body.value === null) {
    const unknown = element("span", "number unknown-value", "?");
    unknown.title = text(body.quality);
    return unknown;
  }
  const bound = { at_least: "≥ ", at_most: "≤ " }[body.quality] ?? "";
  const shown = element("span", "number", `${bound}${figure(body.value, measure)}${unit}`);
  if (body.quality === "at_least" && !measure.includes("time_to")) shown.title = text("at_least");
  return shown;
}

function chip(level, stale) {
  return element("span", `level ${level}${stale && level !== "unknown" ? " stale" : ""}`, text(level));
}

/** The worst rule of a zone; null where it has none. Without a zone: of all of the camera. */
function worstRule(camera, zone) {
  const own = state.rules.filter((rule) => rule.camera === camera && (zone === null || rule.zone === zone));
  return own.reduce((worst, rule) => worst === null || LEVELS.indexOf(rule.level) > LEVELS.indexOf(worst.level) ? rule : worst, null);
}

/** Where a rule looks: its zone or line, and its camera. */
function placeOf(rule) {
  if (rule.destination) return rule.destination;
  if (rule.site !== null && !rule.camera) return state.sites.find((site) => site.id === rule.site)?.name ?? rule.site;
  const camera = [...state.cameras, ...state.sources].find((camera) => camera.id === rule.camera);
  const zone = camera?.zones.find((zone) => zone.id === rule.zone);
  const line = camera?.lines.find((line) => line.id === rule.line);
  const place = zone?.name ?? line?.name ?? rule.zone ?? rule.line;
  const name = camera?.name ?? rule.camera;
  return place ? `${place} · ${name}` : name;
}

function ruleItem(rule) {
  const unit = unitOf(rule.measure);
  const item = element("li", rule.level);
  const head = element("div", "row", element("h3", "", rule.name), chip(rule.level, rule.stale));
  const value = reading(rule.reading, rule.measure);
  value.classList.add("big");
  const place = element("div", "row", element("span", "faint", `${placeOf(rule)} · ${measureName(rule.measure)}`), value);
  item.append(head, place);
  if (rule.stale) item.append(element("p", "warning", text(rule.level === "unknown" ? "no_value" : "held")));
  if (rule.since) item.append(element("p", "faint", text("since")(timeOf(rule.since))));
  const thresholds = rule.levels.map((level) => `${text(level.level)} ${rule.measure === "level_of_service" ? figure(level.raise, rule.measure) : level.raise}${unit}`).join(" · ");
  item.append(element("p", "faint", `${text("thresholds")}: ${thresholds}`));
  if (rule.source) item.append(element("p", "faint", `${text("source")}: ${rule.source}`));
  return item;
}

function renderRules() {
  const rules = [...state.rules].sort((a, b) => LEVELS.indexOf(b.level) - LEVELS.indexOf(a.level));
  byId("rules").replaceChildren(...(rules.length ? rules.map(ruleItem) : [element("li", "faint", text("no_rules"))]));
  const named = new Map(state.rules.map((rule) => [rule.id, rule.name]));
  byId("recent").replaceChildren(...state.recent_alerts.slice(0, 12).map((alert) => {
    const level = alert.to ?? "calm";
    const value = reading({ value: alert.value, quality: alert.quality }, alert.measure);
    return element("li", "", element("span", "faint number", timeOf(alert.time)), element("span", "", named.get(alert.rule) ?? alert.rule),
      element("span", "", text(alert.kind)), alert.kind === "cleared" ? null : chip(level, alert.kind === "stale"), value);
  }));
  byId("history").hidden = state.recent_alerts.length === 0;

  const worst = rules[0]?.level ?? null;
  const overall = byId("overall");
  overall.className = `level ${worst ?? ""}${rules.some((rule) => rule.level === worst && rule.stale) ? " stale" : ""}`;
  overall.textContent = worst === null ? "" : worst === "calm" ? text("no_alerts") : text(worst);
}

/** Gives an order; what is refused is said. */
async function order(path, body) {
  const who = session?.name ? undefined : byId("who").value.trim();
  byId("refused").textContent = who === "" ? text("who_first") : "";
  if (who === "") return byId("who").focus();
  try {
    const answer = await fetch(path, { method: "POST", headers: { "Content-Type": "application/json", "X-CSRF-Token": session?.csrf ?? "" }, body: JSON.stringify({ who, ...body }) });
    if (answer.status === 401) return logIn();
    const said = await answer.json();
    byId("refused").textContent = !answer.ok ? said.error.message : said.stored || !state.kept ? "" : text("not_stored");
  } catch {
    byId("refused").textContent = text("no_answer");
  }
}

function button(key, act) {
  const made = element("button", "", text(key));
  made.type = "button";
  made.addEventListener("click", act);
  return made;
}

function stepItem(act, step) {
  const late = step.due !== null && ["waiting", "started"].includes(step.state) && new Date(step.due) < new Date(state.time);
  const move = (to) => button(to, () => act({ action: "step", step: step.id, state: to }));
  const buttons = { waiting: ["started", "done", "skipped"], started: ["done", "skipped"] }[step.state] ?? [];
  const about = [step.due && buttons.length ? text("due")(timeOf(step.due)) : null, late ? text("late") : null, step.who ? text("by")(step.who, timeOf(step.at)) : null];
  const what = language === "zh" ? step.text_zh : step.text;
  return element("li", step.state, element("span", "", `${{ done: "✓ ", skipped: "– ", started: "▸ " }[step.state] ?? "○ "}${what}`),
    element("span", late ? "warning" : "faint", about.filter(Boolean).join(" · ")), element("span", "buttons", ...buttons.map(move)));
}

/** An open alert, with what can be done about it. */
function alertItem(alert) {
  const act = (body) => order(`/api/v1/alerts/${encodeURIComponent(alert.id)}/actions`, body);
  const head = element("div", "row", element("h3", "", alert.drill ? element("span", "drill", text("drill")) : null, alert.name), chip(alert.level, alert.stale));
  const value = element("span", "value");
  const item = element("li", `${alert.level} ${alert.state}`, head,
    element("div", "row", element("span", "faint", `${placeOf(alert)} · ${measureName(alert.measure)} · ${text("since")(timeOf(alert.since))}`), value));
  if (alert.stale) item.append(element("p", "warning", text("held")));
  if (alert.acknowledged) item.append(element("p", "faint", text("acknowledged_by")(alert.acknowledged.who, timeOf(alert.acknowledged.at))));
  else if (!alert.shelved) item.append(element("p", "warning", text("nobody")));
  if (alert.shelved) item.append(element("p", "warning", text("quiet_until")(alert.shelved.who, timeOf(alert.shelved.until), alert.shelved.reason)));
  if (alert.escalated) item.append(element("p", "faint", text("escalated_at")(timeOf(alert.escalated))));
  if (alert.plan) item.append(element("p", "faint", `${text("plan")}: ${alert.plan.name}`), element("ol", "steps", ...alert.plan.steps.map((step) => stepItem(act, step))));
  const shelve = () => {
    const reason = prompt(text("why_quiet"));
    if (reason) act({ action: "shelve", until: new Date(Date.now() + 15 * 60_000).toISOString(), reason });
  };
  item.append(element("div", "buttons", alert.acknowledged ? null : button("acknowledge", () => act({ action: "acknowledge" })),
    alert.escalated ? null : button("escalate", () => act({ action: "escalate" })),
    alert.shelved ? button("unshelve", () => act({ action: "unshelve" })) : button("shelve", shelve)));
  return { item, value };
}

// Made anew only where something changed but the value: a button must not go away under a finger.
let shownAlerts = null;
let shownValues = [];
function renderAlerts() {
  const key = JSON.stringify([language, state.alerts.map(({ reading, ...rest }) => rest)]);
  if (key !== shownAlerts) {
    shownAlerts = key;
    const made = state.alerts.map(alertItem);
    shownValues = made.map(({ value }) => value);
    byId("open").replaceChildren(...(made.length ? made.map(({ item }) => item) : [element("li", "faint", text("none_open"))]));
    byId("who-label").hidden = made.length === 0 || Boolean(session?.name);
  }
  state.alerts.forEach((alert, at) => {
    const value = reading(alert.reading, alert.measure);
    value.classList.add("big");
    shownValues[at].replaceChildren(value);
  });
}

/** A camera's card; its picture stays while the rest is written anew. */
function card(camera, place) {
  let made = cards.get(camera.id);
  if (made) return made;
  const image = element("img");
  const link = element("a", "picture", image);
  link.href = `/cameras/${camera.id}/live.mjpeg`;
  const cover = element("div", "cover");
  link.append(cover);
  const head = element("div", "head");
  const tables = element("div");
  const root = element("article", "camera", head, link, tables);
  root.id = `camera-${camera.id}`;
  // The picture's own shape once it is known, so that nothing jumps or is cut.
  image.addEventListener("load", () => {
    if (image.naturalWidth) link.style.aspectRatio = `${image.naturalWidth} / ${image.naturalHeight}`;
  });
  made = { root, head, image, cover, tables, live: place < LIVE_PICTURES };
  cards.set(camera.id, made);
  byId("cameras").append(root);
  startPicture(camera.id, made);
  return made;
}

function startPicture(id, made) {
  if (document.hidden) return;
  // The number makes the browser ask anew.
  const path = made.live ? "live.mjpeg" : "snapshot.jpg";
  made.image.src = `/cameras/${id}/${path}?${Math.round(performance.now())}`;
}

function stopPictures() {
  for (const made of cards.values()) made.image.removeAttribute("src");
}

function renderCamera(camera, place) {
  const made = card(camera, place);
  made.root.className = `camera${camera.fresh ? "" : " stale"}`;
  made.image.alt = camera.name;
  const counts = camera.counts.map((count) => element("span", "", reading(count, "occupancy"), ` ${text(count.class)}`));
  const inPicture = element("span", "faint", `${text("in_picture")}: `);
  counts.forEach((count, at) => inPicture.append(...(at ? [" · ", count] : [count])));
  made.head.replaceChildren(
    element("div", "row", element("h3", "", camera.name), element("span", camera.fresh ? "faint" : "warning", text(camera.state))),
    inPicture,
  );
  made.cover.hidden = camera.fresh;
  made.cover.replaceChildren(...(camera.fresh ? [] : [
    element("strong", "", text("not_fresh")),
    element("span", "", text(camera.state)),
    element("span", "seen"),
    camera.error ? element("span", "faint", camera.error) : null,
    camera.next_try ? element("span", "faint", text("next_try")(timeOf(camera.next_try))) : null,
  ].filter(Boolean)));
  const places = [...camera.zones, ...camera.lines].map((place) => measureList({ ...place, key: `${camera.id}/${place.id}` }));
  made.tables.replaceChildren(...[zoneTable(camera), lineTable(camera), ...places].filter(Boolean));
}

/** The card of another system that tells counts: it has no picture. */
function sourceCard(source) {
  const how = source.fresh ? "told" : source.state === "connecting" ? "waiting" : "silent_source";
  const seen = element("span", "faint seen");
  seen.dataset.source = source.id;
  const head = element("div", "head",
    element("div", "row", element("h3", "", source.name), element("span", source.fresh ? "faint" : "warning", text(how))), seen);
  const error = source.error ? element("p", "warning", source.error) : null;
  const places = [...source.zones, ...source.lines].map((place) => measureList({ ...place, key: `${source.id}/${place.id}` }));
  const card = element("article", `camera${source.fresh ? "" : " stale"}`, head, error, zoneTable(source), lineTable(source), ...places);
  card.id = `source-${source.id}`;
  return card;
}

function renderSources() {
  byId("sources-section").hidden = state.sources.length === 0;
  byId("sources").replaceChildren(...state.sources.map(sourceCard));
  byId("cameras-section").hidden = state.cameras.length === 0 && state.sources.length > 0;
}

function head(...keys) {
  return element("thead", "", element("tr", "", ...keys.map((key, at) => element("th", at ? "value" : "", text(key)))));
}

function zoneTable(camera) {
  if (camera.zones.length === 0) return null;
  const dense = camera.zones.some((zone) => zone.density_per_m2 !== null);
  const ruled = camera.zones.some((zone) => worstRule(camera.id, zone.id) !== null);
  const rows = camera.zones.flatMap((zone) => zone.classes.map((figures, at) => {
    const rule = at === 0 ? worstRule(camera.id, zone.id) : null;
    const only = zone.classes.length === 1 && figures.class === "person";
    const name = element("td", "", at === 0 ? zone.name : "", only ? null : element("span", "faint", ` ${text(figures.class)}`));
    if (figures.occupancy.value === null && at === 0) name.append(element("div", "faint", text(figures.occupancy.quality)));
    const value = reading(figures.occupancy, "occupancy");
    value.classList.add("big");
    const row = element("tr", "", name, element("td", "value", value));
    if (dense) {
      const density = at === 0 && zone.density_per_m2 !== null ? reading(zone.density_per_m2, "density") : "";
      row.append(element("td", "value", density));
    }
    if (ruled) row.append(element("td", "value", rule ? chip(rule.level, rule.stale) : ""));
    return row;
  }));
  const keys = ["zone", "occupancy", ...(dense ? ["density"] : []), ...(ruled ? ["level"] : [])];
  return element("table", "zones", head(...keys), element("tbody", "", ...rows));
}

/** Everything that is measured of a place and known now, folded away until somebody looks. */
function measureList(place) {
  const known = Object.entries(place.measures).filter(([name, body]) => body.value !== null && !/^(earliest|latest)_/.test(name));
  const shown = known.filter(([name]) => !["occupancy", "density"].includes(name));
  if (shown.length === 0) return null;
  const rows = shown.map(([name, body]) => element("tr", "", element("td", "", measureName(name)), element("td", "value", reading(body, name))));
  const details = element("details", "", element("summary", "faint", `${place.name} · ${text("measures")}`), element("table", "", element("tbody", "", ...rows)));
  details.open = opened.has(place.key);
  details.addEventListener("toggle", () => details.open ? opened.add(place.key) : opened.delete(place.key));
  return details;
}

function lineTable(camera) {
  if (camera.lines.length === 0) return null;
  const total = (totals, count) => `${totals.quality === "at_least" ? "≥ " : ""}${count}`;
  const rows = camera.lines.flatMap((line) => line.totals.map((totals, at) => {
    const only = line.totals.length === 1 && totals.class === "person";
    const name = element("td", "", at === 0 ? line.name : "", only ? null : element("span", "faint", ` ${text(totals.class)}`));
    return element("tr", "", name, element("td", "value number", total(totals, totals.in)), element("td", "value number", total(totals, totals.out)));
  }));
  return element("table", "lines", head("line", "inwards", "outwards"), element("tbody", "", ...rows));
}

function render() {
  document.documentElement.lang = language === "zh" ? "zh-CN" : "en";
  byId("language").textContent = text("other_language");
  for (const marked of document.querySelectorAll("[data-text]")) marked.textContent = text(marked.dataset.text);
  if (state) {
    const ids = new Set(state.cameras.map((camera) => camera.id));
    for (const [id, made] of cards) if (!ids.has(id)) { made.root.remove(); cards.delete(id); }
    state.cameras.forEach(renderCamera);
    renderSources();
    renderRules();
    renderAlerts();
    byId("store").textContent = state.store && !state.store.ok ? text("store_down") : "";
    byId("about").textContent = `crowdflow ${state.version} · ${state.model}${state.phase === "running" ? "" : ` · ${text(state.phase)}`}`;
  }
  renderAges();
}

/** Ages go on growing while nothing comes. */
function renderAges() {
  const connection = byId("connection");
  const silent = (performance.now() - (receivedAt ?? began)) / 1000;
  const lost = silent > SILENT_S;
  connection.classList.toggle("lost", lost);
  document.body.classList.toggle("lost", lost);
  if (lost) connection.textContent = text("lost")(text("age")(silent));
  else if (!state) connection.textContent = text("connecting_to");
  else {
    const all = [...state.cameras, ...state.sources];
    const ages = all.map((camera) => camera.age_s).filter((age) => age !== null);
    const newest = ages.length ? Math.min(...ages) + silent : null;
    const blind = state.cameras.filter((camera) => !camera.fresh).length;
    const mute = state.sources.filter((source) => !source.fresh).length;
    const any = blind + mute < all.length;
    const age = newest === null ? text("no_data") : any && newest < 5 ? text("now") : text("aged")(text("age")(newest));
    connection.textContent = [age, blind ? text("blind")(blind, state.cameras.length) : null, mute ? text("silent")(mute, state.sources.length) : null].filter(Boolean).join(" · ");
  }
  for (const source of state?.sources ?? []) {
    const seen = document.querySelector(`#sources .seen[data-source="${source.id}"]`);
    if (seen) seen.textContent = source.age_s === null ? text("never_told") : text("last_told")(text("age")(Math.max(0, source.age_s + silent)));
  }
  for (const camera of state?.cameras ?? []) {
    const seen = cards.get(camera.id)?.cover.querySelector(".seen");
    if (seen) seen.textContent = camera.age_s === null ? text("never_seen") : text("last_seen")(text("age")(camera.age_s + silent));
  }
}

function take(body) {
  state = body;
  receivedAt = performance.now();
  render();
}

/** Who is logged in; without accounts nobody is, and whoever gives an order says their name. */
let session = null;
const logIn = () => location.replace("/login");
async function begin() {
  try {
    const answer = await fetch("/api/v1/session");
    if (answer.status === 401) return logIn();
    if (answer.ok) session = await answer.json();
  } catch { /* the service is away: it is asked again with the events */ }
  byId("log-out").hidden = !session?.name;
  byId("log-out").title = session?.name ?? "";
  connect();
}

let events = null;
let wasLost = false;
function connect() {
  events = new EventSource("/api/v1/events");
  events.addEventListener("state", (event) => take(JSON.parse(event.data)));
  events.addEventListener("error", () => {
    wasLost = true;
    // The browser gives up for good where the answer was an error; then it is asked again here.
    if (events.readyState === EventSource.CLOSED) setTimeout(() => { if (!document.hidden) begin(); }, 3000);
  });
  events.addEventListener("open", () => {
    // The service was away, and its pictures with it.
    if (wasLost) cards.forEach((made, id) => startPicture(id, made));
    wasLost = false;
  });
}

try { byId("who").value = localStorage.getItem("who") ?? ""; } catch { /* storage is switched off */ }
byId("who").addEventListener("change", () => {
  try { localStorage.setItem("who", byId("who").value); } catch { /* storage is switched off */ }
});
byId("log-out").addEventListener("click", async () => {
  try {
    await fetch("/api/v1/session", { method: "DELETE", headers: { "X-CSRF-Token": session?.csrf ?? "" } });
    logIn();
  } catch {
    byId("refused").textContent = text("no_answer");
  }
});
byId("language").addEventListener("click", () => {
  language = language === "zh" ? "en" : "zh";
  try { localStorage.setItem("language", language); } catch { /* storage is switched off */ }
  render();
});
// A page that nobody sees holds no connections.
document.addEventListener("visibilitychange", () => {
  if (document.hidden) {
    events?.close();
    stopPictures();
  } else {
    begin();
    cards.forEach((made, id) => startPicture(id, made));
  }
});
setInterval(renderAges, 1000);
setInterval(() => cards.forEach((made, id) => { if (!made.live && made.image.complete) startPicture(id, made); }), SNAPSHOT_PAUSE_MS);
render();
if (!document.hidden) begin();
