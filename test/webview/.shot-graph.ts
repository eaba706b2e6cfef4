import { openPanels } from '/work/main/test/webview/panel-page.ts';
import { digitsGraph } from '/work/main/test/webview/digits.ts';
const panels = await openPanels();
const st = (id: string) => id==='ingest' ? {phase:'success',duration:2250} : id==='eda'?{phase:'skip',reasons:['up to date']} : id==='split'?{phase:'success',duration:702}: id.includes('train[')? (id.includes('400')?{phase:'success',duration:5750,reasons:['source notebooks/train.py changed']}: id.includes('500')?{phase:'failure',duration:2100,reasons:['ValueError: least populated class']}:{phase:'running',startedAt:Date.now()-7000,reasons:['source notebooks/train.py changed (1111 → bbbb)']}): {phase:'stale',reasons:['train[nr_train_images=600] will run'],stale:true};
for (const theme of ['dark','light','high-contrast'] as const) {
  const p = await panels.open('graph', { theme });
  await p.send({ type:'snapshot', title:'digits', watching:true, running:true, errors: theme==='light'?2:0, tasks: digitsGraph(st as never) });
  await p.page.waitForSelector('.node .card');
  if (theme !== 'light') { await p.page.click('[data-node="matrix:train"] .expander'); await p.page.waitForSelector('.cluster'); }
  await p.page.waitForTimeout(400);
  if (theme==='dark') { await p.page.hover('[data-node="train[nr_train_images=600]"]'); }
  await p.page.screenshot({ path: `/tmp/shots-webview/graph-${theme}.png` });
  { const a = await p.accessibility(); console.log(theme, a.length, a.slice(0,2), p.complaints.length); }
}
await panels.close();
