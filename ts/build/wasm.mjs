// Rust to WebAssembly: the learner for the package, with SIMD and without, and the kernel sweeps for the tests.
import { spawnSync } from "node:child_process";
import { copyFileSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { brotliCompressSync, gzipSync } from "node:zlib";
import { step } from "./fresh.mjs";
import { must, npmTool, Refusal, root, say, show } from "./shell.mjs";

/** The most that the learner may weigh, gzipped. */
const LIMIT_GZIP_BYTES = 60 * 1024;

const VARIANTS = [
	{ name: "simd", feature: "+simd128", wasm: "stllr_bg.wasm" },
	{ name: "scalar", feature: "-simd128", wasm: "stllr_scalar_bg.wasm" },
];
// One glue serves both, so it stands once in the package.
const GLUE = ["stllr.js", "stllr.d.ts"];
const SHARED_INPUTS = ["Cargo.toml", "Cargo.lock", ".cargo/config.toml", "ts/build/wasm.mjs", "ts/build/setup-wasm.sh"];

/** Builds the learner to dist/wasm. Returns `{ made, facts: { sizes } }`. */
export function buildLearner() {
	return step({
		name: "learner",
		inputs: [
			...SHARED_INPUTS,
			...["stllr-core", "stllr-events", "stllr-wasm"].flatMap(crateInputs),
			"node_modules/binaryen/package.json",
		],
		outputs: [...GLUE, ...VARIANTS.map(({ wasm }) => wasm)].map((file) => `dist/wasm/${file}`),
		accept: isByWantedRoute,
		async make() {
			try {
				return await packLearner(await toolchain());
			} finally {
				for (const variant of VARIANTS) rmSync(join(root, packed(variant)), { recursive: true, force: true });
			}
		},
	});
}

/** Builds the sweeps, a plain module that only tests load, to target/sweeps/{simd,scalar}.wasm. */
export function buildSweeps() {
	return step({
		name: "sweeps",
		inputs: [...SHARED_INPUTS, ...["stllr-core", "stllr-sweeps"].flatMap(crateInputs)],
		outputs: VARIANTS.map(({ name }) => `target/sweeps/${name}.wasm`),
		accept: isByWantedRoute,
		async make() {
			const tools = await toolchain();
			for (const variant of VARIANTS) {
				const into = targetDir(variant);
				const args = ["build", "--release", "--lib", "-p", "stllr-sweeps", "--target", "wasm32-unknown-unknown"];
				await must(`compiling the kernel sweeps, ${variant.name}`, "cargo", [...args, "--target-dir", into], {
					env: environment(tools, variant),
				});
				const built = `${into}/wasm32-unknown-unknown/release/stllr_sweeps.wasm`;
				copyFileSync(join(root, built), join(root, `${into}/${process.pid}.wasm`));
				move(`${into}/${process.pid}.wasm`, `target/sweeps/${variant.name}.wasm`);
			}
			return { route: tools.route };
		},
	});
}

/** Runs clippy over what is compiled to WebAssembly; its warnings are errors. Returns its exit code. */
export async function lintWasm() {
	const tools = await toolchain();
	const [simd] = VARIANTS;
	const env = environment(tools, simd);
	let clippy = "cargo";
	if (tools.route === "debian") {
		// rustup's clippy cannot read a std that Debian's rustc built, and Debian's own must be told where that std is.
		clippy = "/usr/bin/cargo-clippy";
		env.SYSROOT = join(tools.path.split(":")[0], "..");
		if (!existsSync(clippy)) {
			say("clippy for wasm32 is skipped: it needs apt-get install rust-web-clippy");
			return 0;
		}
	}
	const crates = ["stllr-core", "stllr-wasm", "stllr-sweeps"].flatMap((crate) => ["-p", crate]);
	const target = ["--target", "wasm32-unknown-unknown", "--target-dir", join(root, "target/wasm/clippy")];
	return show(clippy, ["clippy", "-q", ...crates, ...target, "--", "-D", "warnings"], { env });
}

/** One line a build: how large it is, raw and compressed. */
export function describeSizes(sizes) {
	return sizes.map(
		({ wasm, raw, gzip, brotli }) =>
			`${wasm}: ${kB(raw)} kB, gzip ${kB(gzip)} kB of ${kB(LIMIT_GZIP_BYTES)} kB allowed, brotli ${kB(brotli)} kB`,
	);
}

let toolchainOnce;

/** Sets the machine up where it is not. Returns how the target was come by, and the folders that go before PATH. */
function toolchain() {
	toolchainOnce ??= (() => {
		// It says itself what it does, so its stderr is ours.
		const done = spawnSync("bash", ["ts/build/setup-wasm.sh"], {
			cwd: root,
			stdio: ["ignore", "pipe", 2],
			encoding: "utf8",
		});
		if (done.error) throw new Refusal(`bash cannot be run: ${done.error.message}`);
		if (done.status !== 0) throw new Refusal(""); // it has said why
		const line = done.stdout.trim();
		const space = line.indexOf(" ");
		return { route: line.slice(0, space), path: line.slice(space + 1) };
	})();
	return toolchainOnce;
}

// A build by any route is good, unless the user names one.
function isByWantedRoute({ route }) {
	return [undefined, "auto", route].includes(process.env.WASM_ROUTE);
}

function environment(tools, { feature }) {
	const env = { ...process.env, PATH: `${tools.path}:${join(root, "node_modules/.bin")}:${process.env.PATH}` };
	for (const name of ["RUSTFLAGS", "CARGO_BUILD_TARGET", "CARGO_TARGET_DIR", "RUSTC"]) delete env[name];
	// Stated whole, so that the user's own flags change nothing, and with no path of this machine in a panic's text.
	const flags = [
		`-Ctarget-feature=${feature}`,
		`--remap-path-prefix=${homedir()}=~`,
		`--remap-path-prefix=${root}=stllr`,
	];
	env.CARGO_ENCODED_RUSTFLAGS = flags.join("\x1f");
	return env;
}

function crateInputs(crate) {
	return [`crates/${crate}/Cargo.toml`, `crates/${crate}/src`];
}

function targetDir({ name }) {
	return `target/wasm/${name}`;
}

// Each build has its own: two at once must not write into one another's files.
function packed({ name }) {
	return `target/wasm/packed-${name}-${process.pid}`;
}

async function packLearner(tools) {
	for (const variant of VARIANTS) {
		const to = ["--out-name", "stllr", "--out-dir", `../../${packed(variant)}`];
		const kind = ["--mode", "no-install", "--target", "web", "--release", "--no-pack", "--no-gitignore"];
		const forCargo = ["--target-dir", join(root, targetDir(variant))];
		const args = ["build", "crates/stllr-wasm", ...kind, ...to, "--", ...forCargo];
		await must(`compiling the learner to WebAssembly, ${variant.name}`, "wasm-pack", args, {
			env: environment(tools, variant),
		});
	}
	checkSameGlue();
	await Promise.all(VARIANTS.map((variant) => optimize(tools, variant)));
	const sizes = VARIANTS.map(sizeOf);
	checkSizes(sizes);
	for (const file of GLUE) move(`${packed(VARIANTS[0])}/${file}`, `dist/wasm/${file}`);
	for (const variant of VARIANTS) move(`${packed(variant)}/stllr_bg.wasm`, `dist/wasm/${variant.wasm}`);
	return { route: tools.route, sizes };
}

function checkSameGlue() {
	for (const file of GLUE) {
		const [first, second] = VARIANTS.map((variant) => readFileSync(join(root, packed(variant), file), "utf8"));
		if (first !== second)
			throw new Refusal(`${file} differs between the SIMD and the scalar build, and the package has only one`);
	}
}

/** Runs wasm-opt with just the features of the variant: it fails where a scalar build holds a SIMD instruction. */
async function optimize(tools, variant) {
	const file = join(root, packed(variant), "stllr_bg.wasm");
	const features = [
		"bulk-memory",
		"bulk-memory-opt",
		"nontrapping-float-to-int",
		"sign-ext",
		"mutable-globals",
		"reference-types",
		"multivalue",
	];
	if (variant.name === "simd") features.push("simd");
	const flags = [
		"-O3",
		"--mvp-features",
		...features.map((feature) => `--enable-${feature}`),
		"--strip-producers",
		"--strip-target-features",
	];
	await must(`optimizing the learner, ${variant.name}`, npmTool("wasm-opt"), [...flags, file, "-o", file], {
		env: environment(tools, variant),
	});
}

function sizeOf(variant) {
	const bytes = readFileSync(join(root, packed(variant), "stllr_bg.wasm"));
	return {
		wasm: variant.wasm,
		raw: bytes.length,
		gzip: gzipSync(bytes, { level: 9 }).length,
		brotli: brotliCompressSync(bytes).length,
	};
}

function checkSizes(sizes) {
	for (const { wasm, gzip } of sizes) {
		if (gzip <= LIMIT_GZIP_BYTES) continue;
		for (const line of describeSizes(sizes)) say(line);
		throw new Refusal(`${wasm}: ${gzip} bytes gzipped; allowed: ${LIMIT_GZIP_BYTES} bytes`);
	}
}

// By a rename: no reader meets half a file.
function move(from, to) {
	mkdirSync(join(root, to, ".."), { recursive: true });
	renameSync(join(root, from), join(root, to));
}

function kB(bytes) {
	return (bytes / 1024).toFixed(1);
}
