// Sound as loudness over time in bands as wide as the ear's: the mel spectrogram, in decibels.

/** How to take a spectrogram. */
export interface MelOptions {
	/** Samples in a second. */
	readonly rate: number;
	/** Samples of a window, and from one window to the next. */
	readonly window: number;
	readonly hop: number;
	/** Points of the Fourier transform: a power of two, no less than `window`. */
	readonly points: number;
	readonly bands: number;
	/** Where the lowest band begins and the highest ends, in Hz. */
	readonly lowHz: number;
	readonly highHz: number;
	/** What is quieter counts as so loud, in dB. */
	readonly floorDb: number;
	/** Windows after these are left out. */
	readonly mostFrames: number;
}

/** Makes spectrograms. */
export class MelSpectrogram {
	readonly #options: MelOptions;
	readonly #filters: readonly Filter[];
	readonly #hann: Float64Array;
	readonly #fourier: Fourier;

	constructor(options: MelOptions) {
		const { window, points } = options;
		this.#options = options;
		this.#filters = melFilters(options);
		this.#hann = Float64Array.from({ length: window }, (_, k) => 0.5 - 0.5 * Math.cos((2 * Math.PI * k) / window));
		this.#fourier = new Fourier(points);
	}

	/**
	 * Loudness in dB by frame and band, where the loudest sample is 1.
	 *
	 * It is 10 log10(sum over bins of weight |rfft(hann window of the samples)|^2 + 1e-6), no less than the floor; there are
	 * 1 + floor((n - window) / hop) frames, without padding.
	 */
	of(samples: ArrayLike<number>): Float64Array[] {
		const { window, hop, points, floorDb, mostFrames } = this.#options;
		let peak = 0;
		for (let at = 0; at < samples.length; at += 1) peak = Math.max(peak, Math.abs(samples[at] as number));
		const scale = peak === 0 ? 0 : 1 / peak;
		const count = Math.max(0, Math.min(mostFrames, 1 + Math.floor((samples.length - window) / hop)));
		const [re, im] = [new Float64Array(points), new Float64Array(points)];
		return Array.from({ length: count }, (_, frame) => {
			re.fill(0);
			im.fill(0);
			for (let k = 0; k < window; k += 1) {
				re[k] = (samples[frame * hop + k] as number) * scale * (this.#hann[k] as number);
			}
			this.#fourier.transform(re, im);
			return Float64Array.from(this.#filters, (filter) =>
				Math.max(floorDb, 10 * Math.log10(energyIn(filter, re, im) + 1e-6)),
			);
		});
	}
}

function energyIn({ first, weights }: Filter, re: Float64Array, im: Float64Array): number {
	let energy = 0;
	for (let at = 0; at < weights.length; at += 1) {
		const [x, y] = [re[first + at] as number, im[first + at] as number];
		energy += (weights[at] as number) * (x * x + y * y);
	}
	return energy;
}

/** A band: weights of the bins from `first` on. */
interface Filter {
	readonly first: number;
	readonly weights: Float64Array;
}

/**
 * The bands: triangles whose corners lie at equal distances in 2595 log10(1 + f / 700), over the bins of the transform; the
 * weights of a band sum to 1.
 */
export function melFilters({ rate, points, bands, lowHz, highHz }: MelOptions): Filter[] {
	const mel = (hz: number) => 2595 * Math.log10(1 + hz / 700);
	const hz = (mels: number) => 700 * (10 ** (mels / 2595) - 1);
	const [low, high] = [mel(lowHz), mel(highHz)];
	const corner = (index: number) => hz(low + ((high - low) * index) / (bands + 1));
	return Array.from({ length: bands }, (_, band) => {
		const [left, middle, right] = [corner(band), corner(band + 1), corner(band + 2)];
		const bin = rate / points;
		const first = Math.ceil(left / bin);
		const last = Math.min(points / 2, Math.floor(right / bin));
		const weights = Float64Array.from({ length: Math.max(0, last - first + 1) }, (_, at) => {
			const f = (first + at) * bin;
			return Math.max(0, Math.min((f - left) / (middle - left), (right - f) / (right - middle)));
		});
		const total = weights.reduce((sum, weight) => sum + weight, 0);
		// A band narrower than a bin may have none.
		return { first, weights: total === 0 ? weights : weights.map((weight) => weight / total) };
	});
}

/** The discrete Fourier transform of `points` complex numbers, a power of two, in place. */
export class Fourier {
	readonly #cos: Float64Array;
	readonly #sin: Float64Array;

	constructor(points: number) {
		const turn = (2 * Math.PI) / points;
		this.#cos = Float64Array.from({ length: points / 2 }, (_, k) => Math.cos(turn * k));
		this.#sin = Float64Array.from({ length: points / 2 }, (_, k) => -Math.sin(turn * k));
	}

	/** x_j becomes the sum over k of x_k exp(-2 pi i j k / n). */
	transform(re: Float64Array, im: Float64Array): void {
		mirror(re, im);
		const points = re.length;
		for (let half = 1; half < points; half *= 2) {
			const stride = points / (2 * half);
			for (let k = 0; k < half; k += 1) {
				const [c, s] = [this.#cos[k * stride] as number, this.#sin[k * stride] as number];
				for (let a = k; a < points; a += 2 * half) {
					const b = a + half;
					const p = (re[b] as number) * c - (im[b] as number) * s;
					const q = (re[b] as number) * s + (im[b] as number) * c;
					re[b] = (re[a] as number) - p;
					im[b] = (im[a] as number) - q;
					re[a] = (re[a] as number) + p;
					im[a] = (im[a] as number) + q;
				}
			}
		}
	}
}

/** Puts each number where the bits of its place, read backwards, say. */
function mirror(re: Float64Array, im: Float64Array): void {
	for (let at = 1, mirrored = 0; at < re.length; at += 1) {
		let bit = re.length >> 1;
		for (; mirrored & bit; bit >>= 1) mirrored ^= bit;
		mirrored ^= bit;
		if (at >= mirrored) continue;
		for (const part of [re, im]) {
			const kept = part[at] as number;
			part[at] = part[mirrored] as number;
			part[mirrored] = kept;
		}
	}
}
