/* Loading and doing: the states of a request, for components. */
import { useCallback, useEffect, useRef, useState } from "preact/hooks";
import { Problem, get, unreachable } from "./http";

export interface Loaded<T> {
	data: T | null;
	problem: Problem | null;
	busy: boolean;
	reload: () => void;
}

function asProblem(error: unknown): Problem {
	return error instanceof Problem ? error : unreachable();
}

/* GET `path` whenever it changes; null loads nothing. Only the latest answer counts. */
export function useGet<T>(path: string | null): Loaded<T> {
	const [state, setState] = useState<{ data: T | null; problem: Problem | null; busy: boolean }>({
		data: null,
		problem: null,
		busy: path !== null,
	});
	const [round, setRound] = useState(0);
	useEffect(() => {
		let current = true;
		if (path === null) return;
		setState((before) => ({ ...before, busy: true }));
		get<T>(path).then(
			(data) => current && setState({ data, problem: null, busy: false }),
			(error: unknown) => current && setState({ data: null, problem: asProblem(error), busy: false }),
		);
		return () => {
			current = false;
		};
	}, [path, round]);
	const reload = useCallback(() => setRound((n) => n + 1), []);
	return { ...state, reload };
}

export interface Action {
	busy: boolean;
	problem: Problem | null;
	/* Runs `work` unless one is running; true when it succeeded. */
	run: (work: () => Promise<unknown>) => Promise<boolean>;
	clear: () => void;
}

export function useAction(): Action {
	const [busy, setBusy] = useState(false);
	const [problem, setProblem] = useState<Problem | null>(null);
	const running = useRef(false);
	const run = useCallback(async (work: () => Promise<unknown>) => {
		if (running.current) return false;
		running.current = true;
		setBusy(true);
		setProblem(null);
		try {
			await work();
			return true;
		} catch (error) {
			setProblem(asProblem(error));
			return false;
		} finally {
			running.current = false;
			setBusy(false);
		}
	}, []);
	const clear = useCallback(() => setProblem(null), []);
	return { busy, problem, run, clear };
}
