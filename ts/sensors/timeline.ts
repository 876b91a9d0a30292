// Times as a network wants them: one clock that never goes back, whatever sensors, hosts and cables do.
//
// Three things are put right here, and told: events that come late, sensors whose clock begins anew, and silence, in which time
// goes on all the same if it is to.

import { type Events, MAX_TIME_US } from "../events/chunk.js";

/** How times are treated. */
export interface TimelineOptions {
	/** `"sensor"`: the sensor's own times; `"arrival"`: us since the source was opened, as a part came. */
	readonly time: "sensor" | "arrival";
	/** `"events"`: time is that of the events; `"wall"`: it goes on in silence too. */
	readonly clock: "events" | "wall";
	/** An event before the latest one, or in a time that is over: left out, or given the latest time. */
	readonly late: "drop" | "move";
	/** A clock that goes back by more, or on by more than has passed here, has begun anew. */
	readonly jumpUs: number;
	/** With `clock: "wall"`: how late events may come without being late. */
	readonly latencyUs: number;
}

/** Events on the one clock. */
export interface Placed {
	readonly events: Events;
	readonly late: number;
	readonly moved: number;
	/** By how much the clock was shifted anew, where it was. */
	readonly shiftUs: number | undefined;
}

/** The clock of one source. */
export class Timeline {
	readonly #options: TimelineOptions;
	/** What is added to the sensor's times. */
	#shiftUs = 0;
	/** The earliest time that an event may still have. */
	#floorUs = 0;
	/** When the latest event came, and what time it had. */
	#latest: { readonly arrivalUs: number; readonly us: number } | undefined;
	/** How far the one clock is ahead of the arrivals', by the events that came fastest. */
	#aheadUs: number | undefined;
	#isNew = false;

	constructor(options: TimelineOptions) {
		this.#options = options;
		if (options.time === "arrival") this.#aheadUs = 0;
	}

	/** A new connection: the sensor may have begun anew, so that any step back is one of its clock. */
	restart(): void {
		this.#isNew = this.#latest !== undefined;
	}

	/** Takes copies of events that came just now. */
	place({ t, x, y, p }: Events, arrivalUs: number): Placed {
		const count = t.length;
		const made = { t: new Float64Array(count), x: x.slice(), y: y.slice(), p: p.slice() };
		let [kept, late, moved] = [0, 0, 0];
		const shiftUs = count > 0 && this.#options.time === "sensor" ? this.#shifted(t[0] as number, arrivalUs) : undefined;
		const isArrival = this.#options.time === "arrival";
		const shift = this.#shiftUs;
		let floor = this.#floorUs;
		for (let index = 0; index < count; index += 1) {
			let us = isArrival ? arrivalUs : (t[index] as number) + shift;
			if (!(us >= floor && us <= MAX_TIME_US)) {
				if (this.#options.late === "drop" || !(us <= MAX_TIME_US)) {
					late += 1;
					continue;
				}
				moved += 1;
				us = floor;
			}
			floor = us;
			made.t[kept] = us;
			if (kept !== index) {
				made.x[kept] = made.x[index] as number;
				made.y[kept] = made.y[index] as number;
				made.p[kept] = made.p[index] as number;
			}
			kept += 1;
		}
		this.#floorUs = floor;
		if (kept > 0) this.#follow(floor, arrivalUs);
		const events =
			kept === count
				? made
				: { t: made.t.slice(0, kept), x: made.x.slice(0, kept), y: made.y.slice(0, kept), p: made.p.slice(0, kept) };
		return { events, late, moved, shiftUs };
	}

	/**
	 * How far time has come by the wall's clock: no event before it will be given any more. `undefined` where it goes by the
	 * events, or nothing has been heard of the sensor's clock yet.
	 */
	tick(nowUs: number): number | undefined {
		if (this.#options.clock === "events" || this.#aheadUs === undefined) return undefined;
		const us = Math.floor(nowUs + this.#aheadUs - this.#options.latencyUs);
		if (us <= this.#floorUs || us > MAX_TIME_US) return undefined;
		this.#floorUs = us;
		return us;
	}

	/** Has the sensor's clock begun anew with an event at `t`? Then it goes on from where it should be by now. */
	#shifted(t: number, arrivalUs: number): number | undefined {
		const latest = this.#latest;
		const isNew = this.#isNew;
		this.#isNew = false;
		if (latest === undefined) return undefined;
		const us = t + this.#shiftUs;
		const expected = latest.us + Math.max(0, Math.round(arrivalUs - latest.arrivalUs));
		const isBack = us < latest.us - (isNew ? 0 : this.#options.jumpUs);
		const isAhead = us > expected + this.#options.jumpUs;
		if (!isBack && !isAhead) return undefined;
		const shiftUs = Math.max(expected, this.#floorUs) - t;
		if (shiftUs === this.#shiftUs) return undefined;
		this.#shiftUs = shiftUs;
		if (this.#aheadUs !== undefined) this.#aheadUs = expected - arrivalUs;
		return shiftUs;
	}

	#follow(us: number, arrivalUs: number): void {
		this.#latest = { arrivalUs, us };
		if (this.#options.time === "arrival") return;
		const ahead = us - arrivalUs;
		const before = this.#aheadUs;
		// The fastest way here counts; two clocks that drift apart are followed slowly.
		this.#aheadUs = before === undefined || ahead > before ? ahead : before - (before - ahead) / 64;
	}
}
