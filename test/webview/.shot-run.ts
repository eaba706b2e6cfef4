import { openPanels } from './panel-page.ts';
import { digitsEvents } from './digits.ts';
import { createRunFold } from '../../src/model/run-state.ts';
const panels = await openPanels();
const fold = (fail: boolean) => { const f = createRunFold(); for (const e of digitsEvents({ fail })) f.apply(e); return f.state(); };
for (const theme of ['dark','light','high-contrast'] as const) {
  const p = await panels.open('run', { theme });
  await p.send({ type:'run', state: fold(theme==='light'), live:false, cutOutput:[] });
  await p.page.waitForSelector('.row');
  for (const tab of theme==='dark' ? ['timeline','tasks','parameters','metrics','artifacts','output','environment'] : ['timeline','tasks','artifacts']) {
    await p.page.click(`#tab-${tab}`);
    if (tab==='tasks') { await p.page.click('td button.link:has-text("images=500")'); }
    if (tab==='artifacts') { await p.page.locator('summary', { hasText: 'train.ipynb' }).first().click(); await p.page.locator('summary', { hasText: 'scores.csv' }).first().click(); }
    await p.page.waitForTimeout(300);
    await p.page.screenshot({ path: `/tmp/shots-webview/run-${tab}-${theme}.png` });
  { const a = await p.accessibility(); console.log(theme, a.length, a.slice(0,2), p.complaints.length); }
  }
}
await panels.close();
