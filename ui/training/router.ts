/*
 * Which page is shown: the part of the address after #. It never leaves the browser, so that no
 * identifier of a person stands in a log of addresses.
 */
import { useEffect, useState } from "preact/hooks";

export interface Route {
	/* "people", "quotes", ...; "" is the first page of the profile. */
	page: string;
	/* What follows it: an identifier. */
	id: string;
	/* The whole, as a key for what must start afresh. */
	hash: string;
	query: URLSearchParams;
}

function parse(hash: string): Route {
	const [path = "", search = ""] = hash.replace(/^#\/?/, "").split("?", 2);
	const [page = "", id = ""] = path.split("/");
	return { page, id: decodeURIComponent(id), hash, query: new URLSearchParams(search) };
}

export function useRoute(): Route {
	const [hash, setHash] = useState(location.hash);
	useEffect(() => {
		const changed = () => setHash(location.hash);
		addEventListener("hashchange", changed);
		return () => removeEventListener("hashchange", changed);
	}, []);
	return parse(hash);
}

export function go(page: string, values: Record<string, string | number> = {}) {
	const used = Object.entries(values).filter(([, value]) => value !== "");
	const search = new URLSearchParams(used.map(([key, value]) => [key, String(value)])).toString();
	location.hash = `#/${page}${search === "" ? "" : `?${search}`}`;
}
