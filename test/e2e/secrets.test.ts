/** Secrets never reach what Runweave writes or prints, whatever a task does with them: looked for byte by byte. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { describe, it } from 'node:test';
import { exampleWorkspace } from './runweave.ts';

const listed = 'listed"se/cret+ü';
const found = `ghp_${'Zq8'.repeat(12)}`;
const password = 'p%40ss-in-url';
const key = `-----BEGIN PRIVATE KEY-----\n${['a', 'b', 'c'].map((name) => `${name.repeat(20)}MIIEvQIBADANBgkqhkiG9w0BAQEFAAS`).join('\n')}\n-----END PRIVATE KEY-----`;
const number = '48213377912345';
const environment = { MY_PIN: listed, MY_NUMBER: number, CI_TOKEN: found, DATABASE_URL: `postgresql://me:${password}@db.example.org/x`, DEPLOY_KEY: key };

const script = `
import base64, json, os, pickle, sys, time, urllib.parse, warnings
import runweave
listed, found, key = os.environ["MY_PIN"], os.environ["CI_TOKEN"], os.environ["DEPLOY_KEY"]
password = os.environ["DATABASE_URL"].split(":")[2].split("@")[0]
for secret in (listed, found, password, key):
    print("plain", secret, "and", repr(secret), json.dumps(secret), urllib.parse.quote(secret), urllib.parse.quote_plus(secret))
    for before in ("", "x", "xy"):
        print(base64.b64encode((before + secret + " more").encode()).decode(), base64.urlsafe_b64encode((before + secret).encode()).decode())
    for at in (5, len(secret) // 2):
        for stream in (sys.stdout, sys.stderr):
            stream.write(secret[:at]); stream.flush(); time.sleep(0.15)
            stream.write(secret[at:] + "\\n"); stream.flush()
    for character in secret:
        print(character, end="", flush=True)
    print()
    runweave.log_param("param " + secret, {"deep": [secret]})
    runweave.set_tag("tag", secret)
    runweave.log_metric("metric " + secret, 1.0)
    runweave.log_text("note " + secret + ".txt", "text " + secret)
    runweave.log_text("large.txt", "x" * 100000 + secret + "y" * 100000)
    runweave.log_artifact(pickle.dumps({"secret": secret, "bytes": b"\\0"}), name="model.pkl")
    runweave.returns(**{"value": secret})
number = int(os.environ["MY_NUMBER"])
runweave.log_metric("number", number)
runweave.log_metric("also", -number, step=3)
runweave.log_param("number", {"deep": [number, float(number), 1]})
runweave.returns(number=number)
with open(os.environ["RUNWEAVE_LOG"], "a") as log:
    log.write("not understood " + found + "\\n")
print("x" * 70000 + found, flush=True)
raise ValueError("could not log in with " + found + " and " + listed) from RuntimeError(password)
`;

function filesUnder(folder: string): readonly string[] {
  return readdirSync(folder, { recursive: true })
    .map((name) => path.join(folder, String(name)))
    .filter((file) => statSync(file).isFile());
}

/** Every form in which a secret must not be found, as bytes. */
function forms(secret: string): readonly Buffer[] {
  const inBase64 = [0, 1, 2].map((before) => Buffer.from('x'.repeat(before) + secret).toString('base64').slice(4, Math.floor(((before + Buffer.byteLength(secret)) * 8) / 6)));
  const texts = [secret, JSON.stringify(secret).slice(1, -1), encodeURIComponent(secret), ...inBase64, ...secret.split('\n').filter((line) => !line.startsWith('-----'))];
  return texts.map((text) => Buffer.from(text));
}

describe('secrets', () => {
  it('are in no file under .runweave and in nothing that is printed', async (context) => {
    const place = exampleWorkspace(context, 'digits');
    place.write('runweave.yaml', 'name: s\nsecrets: [MY_PIN, MY_NUMBER]\non_failure: continue\ntasks:\n  leak: {python: leak.py}\n  cells: {notebook: leak_cells.py}\n  gives: {shell: \'echo "return n=$MY_NUMBER" >> "$RUNWEAVE_LOG"; export RUNWEAVE_TRACK_n=$MY_NUMBER\', checks: ["returns.n == 1"]}\n  gets: {shell: \'cat "$RUNWEAVE_PARAMS"; echo "metric given=$(wc -c < "$RUNWEAVE_PARAMS")" >> "$RUNWEAVE_LOG"\', params: {n: "${tasks.returning.returns.n}"}}\n  returning: {shell: \'printf "return n=%s\\n" "$MY_NUMBER" >> "$RUNWEAVE_LOG"\'}\n  like: {shell: \'printf "param %s\\n" "run=20261121T000000Z-$CI_TOKEN" "time=12345678$MY_NUMBER" >> "$RUNWEAVE_LOG"\'}\n  say: {shell: \'echo "$MY_PIN"; echo "$CI_TOKEN" | base64 >&2; printf "tag t=%s\\n" "$CI_TOKEN" >> "$RUNWEAVE_LOG"; exit 1\'}\n');
    place.write('leak.py', script);
    place.write('leak_cells.py', '# %%\nimport os\nprint(os.environ["CI_TOKEN"], os.environ["MY_PIN"])\nos.environ["DEPLOY_KEY"]\n# %%\nraise ValueError(os.environ["CI_TOKEN"])\n');
    Object.assign(process.env, environment);
    context.after(() => {
      for (const name of Object.keys(environment)) Reflect.deleteProperty(process.env, name);
    });
    const json = place.start('run', '--json');
    const ended = await json.ended;
    const plain = await place.runweave('run', '--force');
    const shown = await place.runweave('show', 'latest');
    const logs = await place.runweave('logs', 'latest/leak');
    assert.equal(plain.code, 1);
    const printed = [ended, plain, shown, logs].flatMap(({ stdout, stderr }) => [stdout, stderr]).map((text) => Buffer.from(text));
    const files = filesUnder(path.join(place.folder, '.runweave'));
    assert.ok(files.some((file) => file.endsWith('.otlp.jsonl')) && files.some((file) => file.includes('objects')));
    for (const secret of [listed, found, password, decodeURIComponent(password), key, number]) {
      for (const form of forms(secret)) {
        for (const file of files) assert.ok(!readFileSync(file).includes(form), `${form.toString()} is in ${path.relative(place.folder, file)}`);
        for (const text of printed) assert.ok(!text.includes(form), `${form.toString()} was printed: ${text.subarray(Math.max(0, text.indexOf(form) - 200), text.indexOf(form) + 100).toString()}`);
      }
    }
    assert.match(shown.stdout, /number/);
    assert.match((await place.runweave('logs', 'latest/gets')).stdout, /^\{"n":"\*\*\*"\}/);
    assert.match(logs.stdout, /plain \*\*\* and/);
    assert.match(logs.stdout + logs.stderr, /artifact model\.pkl could not be recorded: it is not text, and the value of a secret is in it/);
  });
});
