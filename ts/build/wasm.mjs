// Rust to WebAssembly: learners (with SIMD and without) and decoders for the package, and the kernel sweeps for the tests.
import { spawnSync } from "node:child_process";
import { copyFileSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { brotliCompressSync, gzipSync } from "node:zlib";
import { step } from "./fresh.mjs";
import { silencePanics } from "./panics.mjs";
import { must, npmTool, Refusal, root, say, show } from "./shell.mjs";

const VARIANTS = [
	{ name: "simd", feature: "+simd128" },
	{ name: "scalar", feature: "-simd128" },
];

const [, SCALAR] = VARIANTS;

/** Cargo.toml has these crates compiled for size, which suits the learner: it needs little of them. */
const DECODERS_FAST = ["--config", "profile.release.package.stllr-events.opt-level=3"];

/** The package's modules, by the crate that they are made from; each with what cargo is told and the most that a build may weigh, gzipped. */
const PARTS = [
	{
		name: "learner",
		crates: ["stllr-core", "stllr-events", "stllr-wasm"],
		modules: [
			{ name: "stllr", cargo: ["--no-default-features"], variants: VARIANTS, limitGzipBytes: 60 * 1024 },
			{ name: "stllr_deep", cargo: [], variants: VARIANTS, limitGzipBytes: 104 * 1024 },
		],
	},
	{
		name: "events",
		crates: ["stllr-events", "stllr-events-wasm"],
		modules: [{ name: "stllr_events", cargo: DECODERS_FAST, variants: [SCALAR], limitGzipBytes: 80 * 1024 }],
	},
	{
		name: "encode",
		crates: ["stllr-events", "stllr-encode-wasm"],
		modules: [{ name: "stllr_encode", cargo: DECODERS_FAST, variants: [SCALAR], limitGzipBytes: 40 * 1024 }],
	},
];

// One glue serves both variants of a module, so it stands once in the package.
const glueOf = ({ name }) => [`${name}.js`, `${name}.d.ts`];
const buildsOf = ({ crates, modules }) =>
	modules.flatMap((module) => module.variants.map((variant) => ({ crate: crates.at(-1), module, variant })));

function wasmOf(module, variant) {
	return `${module.name}${variant === SCALAR && module.variants.length > 1 ? "_scalar" : ""}_bg.wasm`;
}

const SHARED_INPUTS = ["Cargo.toml", "Cargo.lock", ".cargo/config.toml", "ts/build/wasm.mjs", "ts/build/setup-wasm.sh"];

/** Builds the package's modules to dist/wasm. Returns `{ made, sizes }`. */
export async function buildModules() {
	const done = [];
	for (const part of PARTS) done.push(await buildPart(part));
	return { made: done.some(({ made }) => made), sizes: done.flatMap(({ facts }) => facts.sizes) };
}

function buildPart(part) {
	const builds = buildsOf(part);
	const files = [...part.modules.flatMap(glueOf), ...builds.map(({ module, variant }) => wasmOf(module, variant))];
	return step({
		name: part.name,
		inputs: [
			...SHARED_INPUTS,
			...part.crates.flatMap(crateInputs),
			"ts/build/panics.mjs",
			"node_modules/binaryen/package.json",
		],
		outputs: files.map((file) => `dist/wasm/${file}`),
		accept: isByWantedRoute,
		async make() {
			try {
				return await packPart(await toolchain(), part.modules, builds);
			} finally {
				for (const build of builds) rmSync(join(root, packed(build)), { recursive: true, force: true });
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
	const target = ["--target", "wasm32-unknown-unknown", "--target-dir", join(root, "target/wasm/clippy")];
	const lint = (crates, features) => {
		const named = crates.flatMap((crate) => ["-p", crate]);
		return show(clippy, ["clippy", "-q", ...named, ...features, ...target, "--", "-D", "warnings"], { env });
	};
	// The sweeps would bring the small module's crates the features that it is without.
	const statuses = [
		lint(["stllr-core", "stllr-wasm", "stllr-events-wasm", "stllr-encode-wasm", "stllr-sweeps"], []),
		lint(["stllr-core", "stllr-wasm"], ["--no-default-features"]),
	];
	return Math.max(...statuses);
}

/** One line a build: how large it is, raw and compressed. */
export function describeSizes(sizes) {
	return sizes.map(
		({ wasm, raw, gzip, limitGzipBytes, brotli }) =>
			`${wasm}: ${kB(raw)} kB, gzip ${kB(gzip)} kB of ${kB(limitGzipBytes)} kB allowed, brotli ${kB(brotli)} kB`,
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
function packed({ module, variant }) {
	return `target/wasm/packed-${module.name}-${variant.name}-${process.pid}`;
}

// Where wasm-pack leaves the module.
function packedWasm(build) {
	return `${packed(build)}/${build.module.name}_bg.wasm`;
}

async function packPart(tools, modules, builds) {
	for (const build of builds) {
		const { crate, module, variant } = build;
		const to = ["--out-name", module.name, "--out-dir", `../../${packed(build)}`];
		const kind = ["--mode", "no-install", "--target", "web", "--release", "--no-pack", "--no-gitignore"];
		const forCargo = ["--target-dir", join(root, targetDir(variant))];
		const args = ["build", `crates/${crate}`, ...kind, ...to, "--", ...module.cargo, ...forCargo];
		await must(`compiling ${wasmOf(module, variant)}`, "wasm-pack", args, {
			env: environment(tools, variant),
		});
	}
	for (const module of modules) checkSameGlue(module);
	for (const build of builds) await silencePanics(join(root, packedWasm(build)));
	await Promise.all(builds.map((build) => optimize(tools, build)));
	const sizes = builds.map(sizeOf);
	checkSizes(sizes);
	for (const module of modules) {
		const from = packed({ module, variant: module.variants[0] });
		for (const file of glueOf(module)) move(`${from}/${file}`, `dist/wasm/${file}`);
	}
	for (const build of builds) move(packedWasm(build), `dist/wasm/${wasmOf(build.module, build.variant)}`);
	return { route: tools.route, sizes };
}

function checkSameGlue(module) {
	for (const file of glueOf(module)) {
		const texts = module.variants.map((variant) => readFileSync(join(root, packed({ module, variant }), file), "utf8"));
		if (texts.some((text) => text !== texts[0]))
			throw new Refusal(`${file} differs between the SIMD and the scalar build, and the package has only one`);
	}
}

/** Runs wasm-opt with just the features of the variant: it fails where a scalar build holds a SIMD instruction. */
async function optimize(tools, build) {
	const { module, variant } = build;
	const file = join(root, packedWasm(build));
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
		// What is called once is not inlined where it is large: in the largest functions engines run out of registers, and kernels
		// there take up to twice as long.
		"--one-caller-inline-max-function-size=200",
		"--mvp-features",
		...features.map((feature) => `--enable-${feature}`),
		"--strip-producers",
		"--strip-target-features",
	];
	await must(`optimizing ${wasmOf(module, variant)}`, npmTool("wasm-opt"), [...flags, file, "-o", file], {
		env: environment(tools, variant),
	});
}

function sizeOf(build) {
	const bytes = readFileSync(join(root, packedWasm(build)));
	return {
		wasm: wasmOf(build.module, build.variant),
		limitGzipBytes: build.module.limitGzipBytes,
		raw: bytes.length,
		gzip: gzipSync(bytes, { level: 9 }).length,
		brotli: brotliCompressSync(bytes).length,
	};
}

function checkSizes(sizes) {
	for (const { wasm, gzip, limitGzipBytes } of sizes) {
		if (gzip <= limitGzipBytes) continue;
		for (const line of describeSizes(sizes)) say(line);
		throw new Refusal(`${wasm}: ${gzip} bytes gzipped; allowed: ${limitGzipBytes} bytes`);
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
