// The licences of what is bundled: most of them ask that their text goes along with every copy.
import fs from 'node:fs';
import path from 'node:path';

/** Folders of the packages that have a part in what was built. */
function packageFolders(metafiles) {
  const folders = new Set();
  for (const { outputs } of metafiles) {
    for (const { inputs } of Object.values(outputs)) {
      for (const [input, { bytesInOutput }] of Object.entries(inputs)) {
        const folder = /^.*node_modules\/(?:@[^/]+\/)?[^/]+(?=\/)/.exec(input)?.[0];
        if (folder !== undefined && bytesInOutput > 0) folders.add(folder);
      }
    }
  }
  return [...folders];
}

function noticeOf(folder) {
  const { name, version, license, author } = JSON.parse(fs.readFileSync(path.join(folder, 'package.json'), 'utf8'));
  const files = fs.readdirSync(folder).filter((file) => /^(licen[cs]e|copying|notice)([.-].*)?$/i.test(file)).sort();
  const holder = typeof author === 'string' ? author : author?.name;
  // A few packages name their licence and leave the text out.
  const texts = files.length > 0 ? files.map((file) => fs.readFileSync(path.join(folder, file), 'utf8').trim()) : [`Licence: ${license ?? 'not named'}${holder === undefined ? '' : `, by ${holder}`}`];
  return { name, version, text: [`${name} ${version} (${license ?? 'see below'})`, ...texts].join('\n\n') };
}

/** All notices as one text, by the names of the packages. */
export function thirdPartyNotices(metafiles) {
  const notices = new Map(packageFolders(metafiles).map(noticeOf).map((notice) => [`${notice.name} ${notice.version}`, notice.text]));
  const line = `\n\n${'-'.repeat(80)}\n\n`;
  return `Runweave is made with the packages below, parts of which are in its programs.${line}${[...notices].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, text]) => text).join(line)}\n`;
}
