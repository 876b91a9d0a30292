// Networks of the official code, as recorded vectors have them: imported from their parameters, they answer as it did.
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { events } from "stllr";
import { importSafetensors } from "stllr/exchange";
import t from "tap";
import { writeSafetensors } from "../dist/exchange/safetensors/write.js";

const folder = fileURLToPath(new URL("../../shared/golden", import.meta.url));
const unshared = existsSync(folder) ? false : "needs ../shared/golden, which is not there";

type Numbers = readonly (number | Numbers)[];
type Parameters = Readonly<Record<string, Numbers>>;
/** What of a file is used here; docs in its own folder. */
interface Golden {
	readonly T: number;
	readonly n_in: number;
	readonly hidden: number;
	readonly n_classes: number;
	readonly hidden_layer: { readonly leak: number; readonly threshold: number };
	readonly readout: { readonly leak: number };
	readonly params_initial: Parameters;
	readonly sequences: readonly {
		/** [step][sample][input] */
		readonly input: readonly (readonly (readonly number[])[])[];
		/** [step][sample][class] */
		readonly logits: readonly (readonly (readonly number[])[])[];
		readonly params_after: readonly Parameters[];
	}[];
}

const shapeOf = (values: Numbers): number[] => {
	const [first] = values;
	return [values.length, ...(Array.isArray(first) ? shapeOf(first) : [])];
};
const flat = (values: Numbers): number[] =>
	values.flatMap((value) => (typeof value === "number" ? [value] : flat(value)));

t.test(
	"recorded networks of the official code answer as recorded, also after it has trained them",
	{ skip: unshared },
	async (t) => {
		let [exact, all, worst] = [0, 0, 0];
		for (const name of ["net_dense_bp_adam", "net_dense_dfa_sgd", "net_rec_bp_adam"]) {
			const golden: Golden = JSON.parse(readFileSync(join(folder, `${name}.json`), "utf8"));
			const { leak, threshold } = golden.hidden_layer;
			let parameters = golden.params_initial;
			for (const { input, logits, params_after } of golden.sequences) {
				const tensors = Object.entries(parameters).map(([key, values]) => {
					return { name: key, shape: shapeOf(values), values: Float64Array.from(flat(values)) };
				});
				const { network, report } = await importSafetensors(writeSafetensors(tensors), {
					spec: {
						stepUs: 1000,
						steps: golden.T,
						layers: [
							{ type: "h.weight_rec" in parameters ? "recurrent" : "dense", units: golden.hidden, leak, threshold },
							{ type: "readout", classes: golden.n_classes, leak: golden.readout.leak },
						],
					},
				});
				t.ok(report.layers.every(({ clipped }) => clipped === 0));
				for (const [sample] of (input[0] ?? []).entries()) {
					const [times, inputs] = [[], []] as number[][];
					input.forEach((step, index) => {
						step[sample]?.forEach((spike, from) => {
							if (spike === 0) return;
							times?.push(1000 * index);
							inputs?.push(from);
						});
					});
					const { scores } = network.classify(events({ t: times ?? [], x: inputs ?? [] }), { startUs: 0 });
					const expected = Array.from(scores, (_, at) =>
						logits.reduce((sum, step) => sum + (step[sample]?.[at] ?? 0), 0),
					);
					const most = Math.max(...expected);
					const spread = most - Math.min(...expected);
					const off = Math.max(...expected.map((sum, at) => Math.abs(sum - (scores[at] ?? 0)))) / spread;
					t.equal(scores.indexOf(Math.max(...scores)), expected.indexOf(most), `${name}, sample ${sample}`);
					all += 1;
					if (off < 1e-3) exact += 1;
					worst = Math.max(worst, off);
				}
				parameters = { ...parameters, ...params_after.at(-1) };
			}
		}
		t.comment(`${exact} of ${all} exact but for rounding, ${worst.toFixed(4)} of the spread off at worst`);
		t.ok(exact >= 0.8 * all, `${exact} of ${all} recordings exact but for rounding`);
		t.ok(worst < 0.1, `${worst} of the spread off at worst`);
	},
);
