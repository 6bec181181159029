/*
 * Build the pages: `npm run build -- --out DIR [SET...]` writes DIR/SET for each set of pages,
 * a set being a folder here with a page in it (training, signin). Without --out: $PAGES_OUT, else ./dist.
 */
import { existsSync, readdirSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { build } from "vite";

const here = dirname(fileURLToPath(import.meta.url));
const { values, positionals } = parseArgs({
	options: { out: { type: "string", default: process.env.PAGES_OUT ?? resolve(here, "dist") } },
	allowPositionals: true,
});
const sets = ["training", "signin", "console"];
const known = sets.filter(
	(name) =>
		existsSync(resolve(here, name)) && readdirSync(resolve(here, name)).some((file) => file.endsWith(".html")),
);
const wanted = positionals.length > 0 ? positionals : known;

for (const name of wanted) {
	if (!known.includes(name)) {
		console.error(`build: no set of pages is called "${name}"; there are: ${known.join(", ")}`);
		process.exit(2);
	}
	await build({
		configFile: resolve(here, "vite.config.ts"),
		mode: name,
		logLevel: "warn",
		build: { outDir: resolve(values.out, name) },
	});
	console.log(`built ${resolve(values.out, name)}`);
}
