// A process that writes: `once FOLDER`, `full FOLDER` (until the disk refuses), `many FOLDER COUNT`.
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { Store } from "stllr/store";
import { indexOf, saveOf, validate } from "./saves.mjs";

const [way, folder = ".", count = "3"] = process.argv.slice(2);
const path = join(folder, "a.stllr");
const store = new Store(path, { validate });

if (way === "many") {
	for (let index = 1; index <= Number(count); index += 1) await store.write(saveOf(index, 20_000));
	process.stdout.write(`${count} written\n`);
} else {
	let isRefused = false;
	for (let index = 1; !isRefused && index <= (way === "once" ? 1 : 3); index += 1) {
		isRefused = await store.write(saveOf(index, 400_000)).then(
			() => !process.stdout.write(`write ${index}: done\n`),
			(error) => process.stdout.write(`write ${index}: ${error.kind} ${error.systemCode}\n`),
		);
	}
	const { bytes, generation } = await store.read();
	process.stdout.write(`then ${indexOf(bytes)} ${generation}, files: ${readdirSync(folder).sort().join(" ")}\n`);
}
