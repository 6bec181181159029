/*
 * Words in French and English.
 *
 * A module states its messages once with defineMessages(), and a component reads them with
 * useMessages(): both languages must have the same keys, which the compiler checks. `{name}` in
 * a message is replaced. The language is the one chosen before, else the browser's.
 */
import { createContext, type ComponentChildren } from "preact";
import { useContext, useEffect, useState } from "preact/hooks";

export type Language = "fr" | "en";
export type Messages<K extends string> = Record<Language, Record<K, string>>;
export type Translate<K extends string> = (key: K, values?: Record<string, string | number>) => string;

const STORED = "language";

interface LanguageState {
	language: Language;
	choose: (language: Language) => void;
}

const LanguageContext = createContext<LanguageState>({ language: "en", choose: () => undefined });

function firstLanguage(): Language {
	let stored: string | null = null;
	try {
		stored = localStorage.getItem(STORED);
	} catch {
		/* Storage may be switched off: the choice then lasts as long as the page. */
	}
	if (stored === "fr" || stored === "en") return stored;
	return navigator.languages.find((l) => /^(fr|en)/.test(l))?.startsWith("fr") ? "fr" : "en";
}

export function LanguageProvider({ children }: { children: ComponentChildren }) {
	const [language, setLanguage] = useState<Language>(firstLanguage);
	useEffect(() => {
		document.documentElement.lang = language;
	}, [language]);
	const choose = (chosen: Language) => {
		setLanguage(chosen);
		try {
			localStorage.setItem(STORED, chosen);
		} catch {
			/* As above. */
		}
	};
	return <LanguageContext.Provider value={{ language, choose }}>{children}</LanguageContext.Provider>;
}

export function defineMessages<K extends string>(messages: Messages<K>): Messages<K> {
	return messages;
}

export function translate(text: string, values: Record<string, string | number> = {}): string {
	return text.replace(/\{(\w+)\}/g, (whole, name: string) => String(values[name] ?? whole));
}

export function useMessages<K extends string>(messages: Messages<K>): Translate<K> {
	const { language } = useContext(LanguageContext);
	return (key, values) => translate(messages[language][key], values);
}

export function useLanguage(): LanguageState {
	return useContext(LanguageContext);
}

/* Dates, times, whole numbers and euros as the language writes them. */
export function useFormat() {
	const { language } = useContext(LanguageContext);
	const locale = language === "fr" ? "fr-FR" : "en-GB";
	const date = new Intl.DateTimeFormat(locale, { dateStyle: "medium" });
	const time = new Intl.DateTimeFormat(locale, { dateStyle: "medium", timeStyle: "short" });
	const euros = new Intl.NumberFormat(locale, { style: "currency", currency: "EUR" });
	const whole = new Intl.NumberFormat(locale);
	return {
		/* A day without a time must not slip by the time zone: it is read as local noon. */
		day: (text: string) => date.format(new Date(`${text}T12:00:00`)),
		time: (text: string) => time.format(new Date(text)),
		euros: (cents: number) => euros.format(cents / 100),
		number: (value: number) => whole.format(value),
	};
}
