/*
 * Requests to the own site, and refusals as problem details (RFC 9457).
 *
 * A refusal may come from the platform or from the proxy in front of it; both say what is wrong
 * and what to do in `title` and `detail`.
 */

export class Problem extends Error {
	readonly status: number;
	readonly type: string;
	readonly title: string;
	readonly detail: string;
	/* Extension members, where the answer has them: what to do now, and whom to ask. */
	readonly next: string;
	readonly support: string;
	/* A further proof of identity is asked for (RFC 9470). */
	readonly stepUp: boolean;
	/* Seconds after which to try again; 0 where nothing is said. */
	readonly retryAfter: number;

	constructor(status: number, headers: Headers, body: unknown) {
		const said = (typeof body === "object" && body !== null ? body : {}) as Record<string, unknown>;
		const text = (name: string) => (typeof said[name] === "string" ? (said[name] as string) : "");
		super(text("title") || `HTTP ${status}`);
		this.status = status;
		this.type = text("type");
		this.title = text("title");
		this.detail = text("detail");
		this.next = text("next");
		this.support = text("support");
		this.stepUp =
			status === 401 && (headers.get("WWW-Authenticate") ?? "").includes("insufficient_user_authentication");
		this.retryAfter = secondsUntil(headers.get("Retry-After"));
	}

	/* The last part of the type: "tag:training.example,2026:enrolled" -> "enrolled". */
	get kind(): string {
		return this.type.split(/[:/#]/).pop() ?? "";
	}
}

/* Nobody answered: status 0. */
export function unreachable(): Problem {
	return new Problem(0, new Headers(), null);
}

function secondsUntil(header: string | null): number {
	if (header === null) return 0;
	const seconds = /^\d+$/.test(header) ? Number(header) : (Date.parse(header) - Date.now()) / 1000;
	return Number.isFinite(seconds) && seconds > 0 ? Math.ceil(seconds) : 0;
}

async function refusal(response: Response): Promise<Problem> {
	const json = /json/.test(response.headers.get("Content-Type") ?? "");
	const body: unknown = json ? await response.json().catch(() => null) : null;
	return new Problem(response.status, response.headers, body);
}

/* The response, or a Problem thrown. */
export async function request(method: string, path: string, body?: unknown): Promise<Response> {
	const headers: Record<string, string> = { Accept: "application/json, application/problem+json" };
	if (method !== "GET") headers["Content-Type"] = "application/json";
	const response = await fetch(path, {
		method,
		headers,
		credentials: "same-origin",
		...(method === "GET" ? {} : { body: JSON.stringify(body ?? {}) }),
	}).catch(() => {
		throw unreachable();
	});
	if (!response.ok) throw await refusal(response);
	return response;
}

export async function get<T>(path: string): Promise<T> {
	return (await request("GET", path)).json() as Promise<T>;
}

export async function post<T>(path: string, body?: unknown): Promise<T> {
	return (await request("POST", path, body)).json() as Promise<T>;
}

/* Fetch a file whole and hand it to the browser under `name`; a file cut on its way is a Problem. */
export async function download(path: string, name: string): Promise<void> {
	const response = await request("GET", path);
	const blob = await response.blob().catch(() => {
		throw unreachable();
	});
	const link = document.createElement("a");
	link.href = URL.createObjectURL(blob);
	link.download = name;
	link.click();
	setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

/* The query of a path, without what is empty. */
export function query(values: Record<string, string | number | undefined>): string {
	const used = Object.entries(values).filter(([, value]) => value !== undefined && value !== "");
	const text = new URLSearchParams(used.map(([key, value]) => [key, String(value)])).toString();
	return text === "" ? "" : `?${text}`;
}
