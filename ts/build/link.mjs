// Lets `npx stllr` find this clone's own command. npm links the commands of dependencies only, and runs this after `npm ci`.
import { mkdirSync, rmSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { npmTool } from "./shell.mjs";

const link = npmTool("stllr");
mkdirSync(join(link, ".."), { recursive: true });
rmSync(link, { force: true });
symlinkSync(join("..", "..", "ts", "build", "stllr.mjs"), link);
