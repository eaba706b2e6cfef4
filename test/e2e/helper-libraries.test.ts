/** The helper takes figures and tables of the libraries that people have, and imports none of them itself. */
import assert from 'node:assert/strict';
import { symlinkSync } from 'node:fs';
import path from 'node:path';
import { it } from 'node:test';
import type { EventOf, RunEvent } from '../../src/model/run-event.ts';
import { readArtifact } from '../../src/recording/artifacts.ts';
import { repository, workspace } from './runweave.ts';

const script = `
import sys
import runweave
assert not {"matplotlib", "plotly", "PIL", "pandas", "polars", "numpy"} & set(sys.modules)

import datetime, matplotlib
matplotlib.use("agg")
import matplotlib.pyplot as plt
figure, axes = plt.subplots()
axes.plot([1, 2])
runweave.log_figure("matplotlib", figure)
runweave.log_figure("axes.svg", axes)
import plotly.graph_objects as go
bars = go.Figure(go.Bar(y=[1, 2]))
runweave.log_figure("plotly", bars)
runweave.log_figure("plotly.html", bars)
import PIL.Image
runweave.log_figure("pillow", PIL.Image.new("RGB", (2, 2)))
runweave.log_figure("pillow.jpg", PIL.Image.new("RGB", (2, 2)))

import pandas, polars
rows = [{"a": 1, "b": "x,y"}, {"a": 2.5, "b": None}]
runweave.log_table("rows", rows)
runweave.log_table("columns", {"a": [1, 2.5], "b": ["x,y", None]})
runweave.log_table("pandas", pandas.DataFrame(rows))
runweave.log_table("pandas-index.json", pandas.DataFrame({"a": [1, 2]}, index=["p", "q"]))
runweave.log_table("pandas-series", pandas.Series([1, 2], name="s"))
runweave.log_table("polars", polars.DataFrame({"a": [1.0, 2.5], "b": ["x,y", None]}))
runweave.log_table("polars-lazy", polars.LazyFrame({"a": [1]}))
runweave.log_table("dates.json", polars.DataFrame({"day": [datetime.date(2026, 1, 2)]}))
runweave.log_metric("pandas", pandas.Series([1, 2]).mean())
runweave.log_metric("polars", polars.Series([1, 2]).sum())
`;

it('takes real figures and tables', async (context) => {
  const made = workspace(context, { 'runweave.yaml': 'tasks:\n  t: {python: t.py}\n', 't.py': script });
  symlinkSync(path.join(repository, '.venv'), path.join(made.folder, '.venv'), 'junction');
  const { code, lines } = await made.run();
  assert.equal(code, 0, lines.flatMap((line) => ((line as RunEvent).type === 'output' ? [(line as EventOf<'output'>).text] : [])).join(''));
  const artifacts = lines.filter((line): line is EventOf<'artifact'> => line.type === 'artifact');
  assert.deepEqual(
    artifacts.map(({ name, mediaType }) => `${name} ${mediaType}`),
    [
      'matplotlib.png image/png',
      'axes.svg image/svg+xml',
      'plotly.plotly.json application/vnd.plotly.v1+json',
      'plotly.html text/html',
      'pillow.png image/png',
      'pillow.jpg image/jpeg',
      'rows.csv text/csv',
      'columns.csv text/csv',
      'pandas.csv text/csv',
      'pandas-index.json application/json',
      'pandas-series.csv text/csv',
      'polars.csv text/csv',
      'polars-lazy.csv text/csv',
      'dates.json application/json',
    ],
  );
  const text = async (wanted: string): Promise<string> => {
    const artifact = artifacts.find(({ name }) => name === wanted);
    assert.ok(artifact !== undefined);
    return Buffer.from((await readArtifact(path.join(made.folder, '.runweave'), artifact.digest, artifact.content)) ?? []).toString();
  };
  for (const name of ['columns.csv', 'pandas.csv', 'polars.csv']) assert.match(await text(name), /^a,b\n1(\.0)?,"x,y"\n2\.5,\n$/, name);
  assert.deepEqual(JSON.parse(await text('pandas-index.json')), [{ index: 'p', a: 1 }, { index: 'q', a: 2 }]);
  assert.deepEqual(JSON.parse(await text('dates.json')), [{ day: '2026-01-02' }]);
  assert.match(await text('plotly.plotly.json'), /"type":\s*"bar"/);
  const metrics = lines.filter((line): line is EventOf<'metric'> => line.type === 'metric');
  assert.deepEqual(metrics.map(({ name, value }) => [name, value]), [['pandas', 1.5], ['polars', 3]]);
});
