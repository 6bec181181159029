/*
 * One build per set of pages; the mode names the set. Every *.html in its folder is a page.
 * Nothing is put inline: the pages' content security policy would refuse it.
 */
import { readdirSync } from "node:fs";
import { resolve } from "node:path";
import { defineConfig } from "vite";

/* Where each set is served. */
const bases: Record<string, string> = {
	training: "/",
	signin: "/.tourniquet/",
};

export default defineConfig(({ mode }) => {
	const root = resolve(__dirname, mode);
	return {
		root,
		base: bases[mode] ?? "/",
		esbuild: { jsx: "automatic", jsxImportSource: "preact" },
		build: {
			target: "es2020",
			emptyOutDir: true,
			assetsInlineLimit: 0,
			modulePreload: { polyfill: false },
			rollupOptions: {
				input: readdirSync(root)
					.filter((name) => name.endsWith(".html"))
					.map((name) => resolve(root, name)),
			},
		},
	};
});
