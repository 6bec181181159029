// Holds answers against an OpenAPI 3.1 description: status, media type, schema.
// Knows the part of JSON Schema that the description uses.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';

const types = {
  object: (value) => typeof value === 'object' && value !== null && !Array.isArray(value),
  array: Array.isArray,
  string: (value) => typeof value === 'string',
  integer: Number.isInteger,
  boolean: (value) => typeof value === 'boolean',
  null: (value) => value === null,
};
const known = new Set([
  'type',
  'enum',
  'pattern',
  'minimum',
  'maximum',
  'minLength',
  'maxLength',
  'required',
  'properties',
  'additionalProperties',
  'items',
  'anyOf',
  'description',
  'format',
  'default',
  '$ref',
]);

export class Description {
  seen = new Set();
  constructor(file) {
    this.document = JSON.parse(readFileSync(file, 'utf8'));
    this.patterns = Object.keys(this.document.paths).map((path) => [
      path,
      new RegExp(`^${path.replace(/[.]/g, '\\.').replace(/\{\w+\}/g, '[^/]+')}$`),
    ]);
  }

  resolve(part) {
    return part.$ref === undefined
      ? part
      : part.$ref
          .slice(2)
          .split('/')
          .reduce((at, key) => at[key], this.document);
  }

  /* What does not fit, as sentences. */
  misfits(schema, value, where) {
    const s = this.resolve(schema);
    const unknown = Object.keys(s).filter((key) => !known.has(key));
    if (unknown.length > 0) return [`${where}: the test does not know ${unknown}`];
    if (s.anyOf !== undefined)
      return s.anyOf.some((one) => this.misfits(one, value, where).length === 0) ? [] : [`${where}: none of anyOf`];
    const allowed = s.type === undefined ? [] : [s.type].flat();
    if (allowed.length > 0 && !allowed.some((type) => types[type](value)))
      return [`${where}: ${JSON.stringify(value)} is no ${allowed}`];
    if (s.enum !== undefined && !s.enum.includes(value)) return [`${where}: ${value} is none of ${s.enum}`];
    if (typeof value === 'string' && s.pattern !== undefined && !new RegExp(s.pattern).test(value))
      return [`${where}: ${value} does not follow ${s.pattern}`];
    if (typeof value === 'number' && (value < (s.minimum ?? -Infinity) || value > (s.maximum ?? Infinity)))
      return [`${where}: ${value} is out of bounds`];
    if (Array.isArray(value)) return value.flatMap((one, i) => this.misfits(s.items, one, `${where}[${i}]`));
    if (types.object(value) && s.properties !== undefined) return this.objectMisfits(s, value, where);
    return [];
  }

  objectMisfits(s, value, where) {
    const missing = (s.required ?? []).filter((key) => !(key in value)).map((key) => `${where}.${key}: missing`);
    const found = Object.entries(value).flatMap(([key, one]) =>
      s.properties[key] === undefined
        ? [`${where}.${key}: not described`]
        : this.misfits(s.properties[key], one, `${where}.${key}`),
    );
    return [...missing, ...found];
  }

  check(method, target, answer) {
    const path = target.split('?')[0];
    const exact =
      this.document.paths[path] !== undefined ? path : this.patterns.find(([, pattern]) => pattern.test(path))?.[0];
    const operation = this.document.paths[exact]?.[method.toLowerCase()];
    if (operation === undefined) {
      assert.ok(
        [401, 404, 405].includes(answer.status),
        `${method} ${path} is not described, and answers ${answer.status}`,
      );
      return;
    }
    const described = operation.responses[String(answer.status)];
    if (answer.status < 400) this.seen.add(operation.operationId);
    assert.ok(described !== undefined, `${operation.operationId} answers ${answer.status}, which is not described`);
    const type = answer.headers['content-type'].split(';')[0];
    const content = this.resolve(described).content[type];
    assert.ok(content !== undefined, `${operation.operationId} answers ${type}, which is not described`);
    assert.deepEqual(this.misfits(content.schema, answer.json, operation.operationId), []);
  }

  /* Operations that never succeeded in front of check(); a file that is no JSON cannot. */
  unseen() {
    const operations = Object.values(this.document.paths).flatMap((path) => Object.values(path));
    const json = operations.filter((one) =>
      Object.values(one.responses).some((r) => this.resolve(r).content?.['application/json'] !== undefined),
    );
    return json.map((one) => one.operationId).filter((id) => !this.seen.has(id));
  }
}
