import type { Page, Request } from 'playwright-core';

/**
 * Watches what a page asks the network for, from now on. The function returned waits until each stray request is
 * settled and gives those that were sent: Chromium also tells of requests that the content security policy kept from
 * being made.
 */
export function watchRequests(page: Page, isStray: (url: string) => boolean): () => Promise<readonly string[]> {
  const asked: Request[] = [];
  page.on('request', (request) => {
    if (isStray(request.url())) asked.push(request);
  });
  return async () => {
    const sent: string[] = [];
    for (const request of asked) {
      await request.response();
      const error = request.failure()?.errorText;
      if (error !== 'csp') sent.push(error === undefined ? request.url() : `${request.url()}: ${error}`);
    }
    return sent;
  };
}
