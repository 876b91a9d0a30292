// What happens to a source, in a line each.

import { grouped } from "../learning/report.js";
import type { SourceStatus } from "../sensors/node.js";

/** A status in words. */
export function told(status: SourceStatus): string {
	const when = `${(status.us / 1e6).toFixed(1)} s: `;
	switch (status.type) {
		case "connected":
			return `${when}connected${status.address === undefined ? "" : `, listening at ${status.address}`}`;
		case "reconnecting":
			return `${when}${status.reason}; trying again in ${Math.round(status.delayMs)} ms (attempt ${status.attempt})`;
		case "silent":
			return `${when}nothing has come for ${(status.lastedUs / 1e6).toFixed(1)} s`;
		case "gap": {
			const lost = status.lost === undefined ? "" : `: ${grouped(status.lost)} messages lost`;
			const lasted = status.lastedUs > 0 ? ` of ${(status.lastedUs / 1e6).toFixed(1)} s` : "";
			return `${when}a gap${lasted} (${status.why})${lost}`;
		}
		case "dropped":
			return `${when}${grouped(status.events)} events dropped: ${status.why === "late" ? "they came late" : "the queue was full"}`;
		case "unread":
			return `${when}${grouped(status.messages)} messages dropped before they were read`;
		case "fault":
			return `${when}${grouped(status.records)} faulty records left out`;
		case "clock":
			return `${when}the sensor's clock began anew; its times are shifted by ${grouped(status.shiftUs)} us`;
		case "closed":
			return `${when}closed: ${status.reason}`;
	}
}

/** Notes each status of a source as it comes, up to the source's end. */
export async function noteAll(of: AsyncIterable<SourceStatus>, note: (line: string) => void): Promise<void> {
	for await (const status of of) note(told(status));
}
