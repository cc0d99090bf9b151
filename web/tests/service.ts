import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

/**
 * The program itself, as it is shipped: `crowdflow run` with the sample video as a live camera, a camera that nothing is
 * behind, and a destination that takes every message. Values that can't be brought about at will (bounds, saturation, a
 * camera that died) are looked at by tests/it/live_page.rs, over a made-up state.
 */

const ROOT = resolve(fileURLToPath(new URL(".", import.meta.url)), "../..");
const PROGRAM = process.env.CROWDFLOW_PROGRAM ?? join(ROOT, "target/debug/crowdflow");
/** By which the other system of the test says who it is. */
const TOKEN = "a-token-of-the-tests-only-0123456789";
const START_WITHIN_MS = 30_000;
/** Whether whoever uses the service logs in. */
export type Accounts = "off" | "required";

/** Added to the configuration: every zone on one map. */
export const SITE_MAP = `
[maps.campus]
name = "Campus from above"
picture = "${join(ROOT, "config/demo_map.png")}"
width_m = 38
[maps.campus.zones]
"walkway/all" = [[0.35, 0.3], [0.7, 0.2], [0.75, 0.85], [0.3, 0.8]]
"quay/edge" = [[0.05, 0.5], [0.22, 0.5], [0.22, 0.9], [0.05, 0.9]]
"campus/hall" = [[0.8, 0.1], [0.97, 0.1], [0.97, 0.4], [0.8, 0.4]]
[maps.campus.lines]
"walkway/middle" = [[0.32, 0.62], [0.73, 0.62]]
[maps.campus.cameras]
walkway = [0.3, 0.12]
quay = [0.06, 0.42]
`;

/** Added to the configuration: where on the ground the walkway's pixels are, as in config/demo.toml, and heat maps. */
export const GROUND = `
[output]
heat_maps = "heat_maps"
[cameras.walkway.calibration]
coords = "pixel"
frame_size = [768, 576]
points = [
    { image = [433, 391], ground = [-13.8, -10.7] },
    { image = [597, 333], ground = [-10.0, -11.9] },
    { image = [42, 190], ground = [-5.2, 7.9] },
    { image = [604, 145], ground = [7.3, -5.1] },
    { image = [177, 274], ground = [-10.4, -2.2] },
    { image = [339, 461], ground = [-16.6, -10.8] },
]
[cameras.walkway.zones.crossing]
name = "Crossing"
coords = "pixel"
frame_size = [768, 576]
polygon = [[200, 150], [700, 150], [700, 450], [200, 450]]
`;

const config = (port: number, webhook: string, accounts: Accounts): string => `
[server]
listen = "127.0.0.1:${port}"
accounts = "${accounts}"
[store]
file = "data/crowdflow.db"
[evidence]
folder = "evidence"
before_s = 1
after_s = 1
[destinations.duty_room.webhook]
url = "${webhook}"

[cameras.walkway]
name = "Campus walkway"
analysis_fps = 3
input_size = "256x192"
source.file = { path = "${join(ROOT, "sample/vtest.avi")}", fps = 7, repeat = true }
[cameras.walkway.zones.all]
name = "Whole walkway"
polygon = [[0, 0], [1, 0], [1, 1], [0, 1]]
area_m2 = 600
[cameras.walkway.lines.middle]
name = "Middle"
a = [0.5, 1]
b = [0.5, 0.2]
[cameras.quay]
name = "陈毅广场"
source.rtsp = { url = "rtsp://127.0.0.1:9/live" }
[cameras.quay.zones.edge]
name = "Quay edge"
polygon = [[0.1, 0.1], [0.9, 0.1], [0.9, 0.9]]

[sources.campus]
name = "Campus gates"
http.token_env = "CROWDFLOW_TEST_TOKEN"
[sources.campus.zones.hall]
name = "Main hall"
area_m2 = 400
[sources.campus.lines.gate]
name = "North gate"

[rules.anybody]
name = "Somebody is there"
zone = "walkway/all"
measure = "occupancy"
source = "a rule of the test"
levels.orange = { raise = 1, hold_s = 0, clear = 0, clear_hold_s = 3600 }
[rules.crowd]
name = "Walkway is full"
zone = "walkway/all"
measure = "occupancy"
source = "a rule of the test"
levels.red = { raise = 900, hold_s = 0, clear = 800, clear_hold_s = 0 }
[rules.quay_full]
name = "Quay is full"
zone = "quay/edge"
measure = "occupancy"
levels.yellow = { raise = 40, hold_s = 0 }

[sites.bund]
name = "The Bund"
capacity = 2000
unit = "district"
zones = ["walkway/all"]
[units.district]
name = "Huangpu district"
[plans.orange]
name = "Keep people moving"
site = "bund"
level = "orange"
[[plans.orange.steps]]
id = "patrol"
kind = "send_patrol"
text = "Send a patrol"
text_zh = "派出巡逻"
limit_s = 600
[[plans.orange.steps]]
id = "broadcast"
kind = "broadcast"
text = "Announce: keep moving"
text_zh = "广播:请勿停留"
[calendar]
time_zone = "Asia/Shanghai"
[profiles.festival]
name = "National Day"
dates = ["2026-10-01"]
[alerts]
remind_every_s = 0
escalate_after_s = { orange = 86400, red = 86400 }
`;

async function takesEverything(): Promise<Server> {
  const server = createServer((request, answer) => {
    request.resume().on("end", () => answer.end());
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return server;
}

export class Service {
  private process: ChildProcess | null = null;
  private log = "";
  address = "";
  /** By which the first admin is made; as long as there is none. */
  setupLink = "";

  private constructor(
    private readonly folder: string,
    private readonly destination: Server,
    private readonly accounts: Accounts,
    private readonly more: string,
    private readonly hasStore: boolean,
  ) {}

  /** `more` follows the configuration that all tests have; without a store nothing is kept, and nobody is told. */
  static async start(accounts: Accounts = "off", { more = "", hasStore = true } = {}): Promise<Service> {
    const folder = await mkdtemp(join(tmpdir(), "crowdflow-web-"));
    const service = new Service(folder, await takesEverything(), accounts, more, hasStore);
    await service.run();
    return service;
  }

  /** Starts the program, at the address that it had, if it had one. */
  async run(): Promise<void> {
    const { port } = this.destination.address() as AddressInfo;
    const own = this.address ? Number(new URL(this.address).port) : 0;
    const whole = config(own, `http://127.0.0.1:${port}/alerts`, this.accounts) + this.more;
    const text = this.hasStore ? whole : whole.replace(/\[store\][\s\S]*?(?=\[cameras)/, "");
    await writeFile(join(this.folder, "site.toml"), text);
    const env = { ...process.env, CROWDFLOW_TEST_TOKEN: TOKEN };
    const started = spawn(PROGRAM, ["run", "--config", "site.toml"], {
      env,
      cwd: this.folder,
      stdio: ["ignore", "pipe", "pipe"],
    });
    this.process = started;
    started.stderr.on("data", (text: Buffer) => {
      this.log += text.toString();
    });
    const failed = new Promise<never>((_, reject) => {
      started.once("error", (error) =>
        reject(new Error(`${PROGRAM}: ${error.message}: build it first, by cargo build`)),
      );
      started.once("exit", (code) => reject(new Error(`${PROGRAM} ended with ${code}:\n${this.log}`)));
      setTimeout(() => reject(new Error(`${PROGRAM} named no address:\n${this.log}`)), START_WITHIN_MS).unref();
    });
    failed.catch(() => undefined);
    const lines = createInterface({ input: started.stdout });
    const named = new Promise<string>((found) => {
      lines.on("line", (line) => {
        const address = /^page +(http:\/\/\S+?)\/?$/.exec(line)?.[1];
        if (address) found(address);
        this.setupLink = /^setup +(http:\/\/\S+)$/.exec(line)?.[1] ?? this.setupLink;
      });
    });
    this.address = await Promise.race([named, failed]);
  }

  /** Ends the program as a crash would. */
  async kill(): Promise<void> {
    const running = this.process;
    this.process = null;
    if (!running || running.exitCode !== null) return;
    const ended = once(running, "exit");
    running.kill("SIGKILL");
    await ended;
  }

  /** Ends the program as its operators do: it writes what it has. */
  async end(): Promise<void> {
    const running = this.process;
    this.process = null;
    if (!running || running.exitCode !== null) return;
    const ended = once(running, "exit");
    running.kill("SIGTERM");
    await ended;
  }

  async stop(): Promise<void> {
    await this.kill();
    this.destination.close();
    await rm(this.folder, { recursive: true, force: true });
  }

  /** Tells counts as another system does. */
  async tell(source: string, counts: object): Promise<number> {
    const headers = { Authorization: `Bearer ${TOKEN}`, "Content-Type": "application/json" };
    const body = JSON.stringify({ at: new Date().toISOString(), ...counts });
    return (await fetch(`${this.address}/api/v1/sources/${source}`, { method: "POST", headers, body })).status;
  }

  async json<T>(path: string): Promise<T> {
    return (await (await fetch(`${this.address}${path}`)).json()) as T;
  }
}
