/* What the pages share: start, frame, where to go next, refusals in words, the field for a code. */
import { render, type ComponentChildren, type Ref } from "preact";
import { Field } from "../shared/form";
import { useGet } from "../shared/hooks";
import type { Problem } from "../shared/http";
import { LanguageProvider, type Translate } from "../shared/i18n";
import { Frame } from "../shared/layout";
import "../shared/base.css";
import "./signin.css";
import { useWords, type Word } from "./words";

export const api = "/.tourniquet/api";

export interface Me {
	login: string;
	name: string;
	has_totp: boolean;
}

/* Where to go afterwards, as the address of this page says: a path of this site, else the front page. */
export function nextPath(): string {
	const next = new URLSearchParams(location.search).get("next") ?? "/";
	if (!next.startsWith("/") || /^\/[/\\]|[\u0000-\u001f\\]/.test(next)) return "/";
	return new URL(next, location.origin).origin === location.origin ? next : "/";
}

/* A page of ours that leads on to where this one would have led. */
export function withNext(page: string): string {
	const next = nextPath();
	return next === "/" ? `/.tourniquet/${page}` : `/.tourniquet/${page}?next=${encodeURIComponent(next)}`;
}

/* This page does not stay in the history: going back must not lead to a form that was answered. */
export function goOn(next: string) {
	location.replace(next);
}

function waitWords(seconds: number, t: Translate<Word>): string {
	const minutes = Math.ceil(seconds / 60);
	if (minutes <= 1) return t("wait.one");
	return minutes < 120 ? t("wait.minutes", { n: minutes }) : t("wait.hours", { n: Math.ceil(minutes / 60) });
}

/* A refusal in words; `wrong` is what "denied" means on this page. */
export function refusalWords(problem: Problem | null, wrong: Word, t: Translate<Word>): string {
	if (problem === null) return "";
	if (problem.kind === "closed") return t("closed");
	if (problem.status === 429) return problem.kind === "busy" ? t("busy") : waitWords(problem.retryAfter, t);
	if (problem.kind === "denied") return t(wrong);
	if (problem.status === 410) return t("expired");
	if (isSignedOut(problem)) return t("signedOut");
	if (problem.status === 503) return t("away");
	return problem.status === 0 ? t("unreachable") : t("other");
}

export function isSignedOut(problem: Problem | null): boolean {
	return problem !== null && (problem.kind === "not-signed-in" || problem.status === 404);
}

/* Refusals that concern what was typed, and so belong to its field. */
export function isAboutInput(problem: Problem | null): boolean {
	return problem !== null && problem.kind === "denied" && problem.status === 403;
}

export function Notice({ text, children }: { text: string; children?: ComponentChildren }) {
	if (text === "") return null;
	return (
		<div class="problem" role="alert">
			<p>{text}</p>
			{children}
		</div>
	);
}

/* The service's name, empty until it is known. */
export function useService(): string {
	return useGet<{ name: string }>(`${api}/service`).data?.name ?? "";
}

export function Page({ brand, account, children }: { brand: string; account?: string; children: ComponentChildren }) {
	return (
		<Frame brand={brand} home="/" account={account}>
			{children}
		</Frame>
	);
}

interface CodeProps {
	value: string;
	onValue: (value: string) => void;
	error: string;
	inputRef: Ref<HTMLInputElement>;
}

/* As shown in applications, with a blank in the middle: what is no digit is left out. */
export function digits(text: string): string {
	return text.replace(/\D/g, "").slice(0, 6);
}

export function CodeField({ value, onValue, error, inputRef }: CodeProps) {
	const t = useWords();
	return (
		<div class="code">
			<Field
				label={t("code")}
				hint={t("codeHint")}
				name="code"
				value={value}
				onValue={onValue}
				autoComplete="one-time-code"
				inputMode="numeric"
				maxLength={9}
				error={error}
				inputRef={inputRef}
			/>
		</div>
	);
}

export function start(page: ComponentChildren) {
	const root = document.getElementById("app");
	if (root === null) return;
	root.textContent = "";
	render(<LanguageProvider>{page}</LanguageProvider>, root);
}
