/* What several of the pages use: own problem box, loading line, persons and tags. */
import { ProblemBox } from "../shared/problem";
import type { Problem } from "../shared/http";
import { useMessages, type Translate } from "../shared/i18n";
import type { Mention, QuoteState } from "./api";
import { words, type Word } from "./words";

export function useWords(): Translate<Word> {
	return useMessages(words);
}

/* Problems of this service in the page's language; all others as they come. */
export function Refusal({ problem, retry }: { problem: Problem | null; retry?: () => void }) {
	const t = useWords();
	const own = (kind: string) => {
		const key = `problem.${kind}`;
		return key in words.en ? t(key as Word) : undefined;
	};
	return <ProblemBox problem={problem} words={own} {...(retry === undefined ? {} : { retry })} />;
}

export function Loading({ busy }: { busy: boolean }) {
	const t = useWords();
	return (
		<p class="hint" role="status">
			{busy ? t("loading") : ""}
		</p>
	);
}

export function personName(person: Mention): string {
	return `${person.given_name} ${person.family_name}`;
}

export function personHref(id: string): string {
	return `#/people/${id}`;
}

export function StateTag({ state }: { state: QuoteState }) {
	const t = useWords();
	const looks: Record<QuoteState, string> = { draft: "", sent: "waits", accepted: "good", refused: "bad" };
	return <span class={`tag ${looks[state]}`}>{t(`quote.${state}`)}</span>;
}
