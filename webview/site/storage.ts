/** What a browser keeps for a page, where it keeps anything: a person may have switched that off. */
const prefix = `runweave:${location.pathname}:`;

export interface Memory {
  readonly get: (name: string) => unknown;
  readonly set: (name: string, value: unknown) => void;
}

function memory(storage: () => Storage): Memory {
  return {
    get: (name) => {
      try {
        const text = storage().getItem(prefix + name);
        return text === null ? undefined : (JSON.parse(text) as unknown);
      } catch {
        return undefined;
      }
    },
    set: (name, value) => {
      try {
        storage().setItem(prefix + name, JSON.stringify(value));
      } catch {
        // Then it is not kept.
      }
    },
  };
}

/** Until the tab is closed. */
export const ofTab = memory(() => sessionStorage);
/** For this site, in this browser. */
export const ofBrowser = memory(() => localStorage);
