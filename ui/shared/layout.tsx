/*
 * The frame of every page: skip link, banner, navigation, main, status line.
 *
 * Landmarks and headings follow RGAA 4 (9.2, 12.6, 12.7): one main, one h1, a first link that
 * leads to the content. After a change of page the h1 takes the focus, so that screen readers
 * and keyboards start there.
 */
import type { ComponentChildren } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { defineMessages, useLanguage, useMessages, type Language } from "./i18n";

const messages = defineMessages({
	en: { skip: "Skip to content", language: "Language", navigation: "Main menu" },
	fr: { skip: "Aller au contenu", language: "Langue", navigation: "Menu principal" },
});

const languages: Record<Language, string> = { fr: "Français", en: "English" };

function LanguageSwitch() {
	const t = useMessages(messages);
	const { language, choose } = useLanguage();
	return (
		<div class="languages" role="group" aria-label={t("language")}>
			{(Object.keys(languages) as Language[]).map((one) => (
				<button type="button" lang={one} aria-pressed={one === language} onClick={() => choose(one)}>
					{languages[one]}
				</button>
			))}
		</div>
	);
}

export interface NavigationLink {
	href: string;
	label: string;
	current: boolean;
}

interface FrameProps {
	brand: string;
	home: string;
	links?: NavigationLink[];
	/* Who is signed in, and ways out; at the end of the banner. */
	account?: ComponentChildren;
	footer?: ComponentChildren;
	children: ComponentChildren;
}

function skipToContent(event: Event) {
	event.preventDefault();
	document.getElementById("content")?.focus();
}

export function Frame({ brand, home, links = [], account, footer, children }: FrameProps) {
	const t = useMessages(messages);
	return (
		<>
			<a class="skip" href="#content" onClick={skipToContent}>
				{t("skip")}
			</a>
			<header class="banner">
				<div class="inner">
					<a class="brand" href={home}>
						{brand}
					</a>
					<div class="account">{account}</div>
					<LanguageSwitch />
				</div>
				{links.length > 0 && (
					<nav aria-label={t("navigation")}>
						<ul class="inner">
							{links.map((link) => (
								<li>
									<a href={link.href} aria-current={link.current ? "page" : undefined}>
										{link.label}
									</a>
								</li>
							))}
						</ul>
					</nav>
				)}
			</header>
			<main id="content" class="inner" tabIndex={-1}>
				{children}
			</main>
			{footer !== undefined && (
				<footer>
					<div class="inner">{footer}</div>
				</footer>
			)}
		</>
	);
}

/* The one h1 of a page; sets the window's title and takes the focus when `title` appears. */
export function Heading({ title, brand, focus = true }: { title: string; brand: string; focus?: boolean }) {
	const heading = useRef<HTMLHeadingElement>(null);
	useEffect(() => {
		document.title = `${title} - ${brand}`;
	}, [title, brand]);
	useEffect(() => {
		if (focus) heading.current?.focus({ preventScroll: false });
	}, [focus]);
	return (
		<h1 ref={heading} tabIndex={-1}>
			{title}
		</h1>
	);
}

/* What has just happened; read out without moving the focus. Keep it mounted. */
export function Status({ text }: { text: string }) {
	return (
		<p class={text === "" ? "status quiet" : "status"} role="status">
			{text}
		</p>
	);
}
